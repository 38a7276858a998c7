import type { Migration } from './migration.ts';

/**
 * Native histograms, one row a sample in the order of `samples`; the payload is described in store/histogram-payload.ts. A
 * granule has fewer rows than usual, because a row is some hundred bytes.
 */
const settings =
  'SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, index_granularity = 1024';

export const histograms: Migration = {
  number: 7,
  title: 'native histograms',
  statements: [
    `CREATE TABLE histograms (
      id UInt64,
      time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
      payload String CODEC(ZSTD(3))
    ) ENGINE = MergeTree PARTITION BY toYYYYMMDD(time)
    ORDER BY (toStartOfHour(time), id, time) ${settings}`,
  ],
};

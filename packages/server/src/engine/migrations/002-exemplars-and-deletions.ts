import type { Migration } from './migration.ts';

/**
 * Exemplars, and which deletions of series were carried out. An exemplar that comes again, as scrapes bring them, is the
 * same row and is merged into one. A deletion's token is that of its batch and place: a batch that is sent again after a
 * crash must not delete what came behind the deletion (docs/architecture.md).
 */
const settings = 'SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1';

export const exemplarsAndDeletions: Migration = {
  number: 2,
  title: 'exemplars and deletions',
  statements: [
    `CREATE TABLE exemplars (
      id UInt64,
      time DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
      value Float64 CODEC(ZSTD(1)),
      labels Array(Tuple(String, String)) CODEC(ZSTD(1))
    ) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMMDD(time)
    ORDER BY (id, time, value, labels) ${settings}`,
    `CREATE TABLE deletions (
      token String,
      carried_out DateTime64(3, 'UTC') DEFAULT now64(3),
      selectors String,
      start Int64,
      end Int64
    ) ENGINE = ReplacingMergeTree ORDER BY token ${settings}`,
  ],
};

import type { Migration } from './migration.ts';

/**
 * What is derived from the samples of hours that are over. `derived_hours` is the ledger (store/derived/derived-hours.ts);
 * `derivations` names what was derived. `packed_samples`: the samples of a series in an hour in one row
 * (store/derived/pack.ts), `first` and `last` in milliseconds of the hour. `hour` is in Unix hours.
 *
 * Granules are small, so that one series is read without a thousand others; parts keep each column in a file of its own,
 * because in one file every granule of a column would be compressed by itself.
 */
export const packedHours: Migration = {
  number: 5,
  title: 'packed hours',
  statements: [
    `CREATE TABLE derived_hours (
      hour UInt32,
      version UInt64,
      generation UInt64,
      derivations String
    ) ENGINE = ReplacingMergeTree(version) ORDER BY hour SETTINGS fsync_after_insert = 1`,
    `CREATE TABLE packed_samples (
      hour UInt32 CODEC(Delta(4), ZSTD(1)),
      id UInt64 CODEC(Delta(8), ZSTD(1)),
      generation UInt64 CODEC(Delta(8), ZSTD(1)),
      count UInt32 CODEC(ZSTD(1)),
      first UInt32 CODEC(ZSTD(1)),
      last UInt32 CODEC(ZSTD(1)),
      data String CODEC(ZSTD(1))
    ) ENGINE = ReplacingMergeTree(generation) PARTITION BY toYYYYMMDD(toDateTime(hour * 3600, 'UTC'))
    ORDER BY (hour, id)
    SETTINGS index_granularity = 128, min_bytes_for_wide_part = 0, non_replicated_deduplication_window = 1000,
             fsync_after_insert = 1`,
  ],
};

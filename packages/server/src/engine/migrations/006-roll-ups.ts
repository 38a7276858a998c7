import type { Migration } from './migration.ts';

/**
 * Roll-ups of samples to 5 minutes and to 1 hour, made of the samples of one Unix hour (`hour`) at a time, so that a bucket
 * `(end - width, end]` whose last moment is that of the next hour has a row of each hour (store/rollup/rollup-table.ts).
 * `end` is in Unix seconds, `first_age` and `last_age` are milliseconds before it.
 *
 * The rows of a series in a day lie next to each other: what is read is many hours of some series. Least and greatest values
 * of counters are 0 here, since they are those of other columns; those of gauges do not follow one from the other.
 */
const table = (name: string): string =>
  `CREATE TABLE ${name} (
    id UInt64 CODEC(Delta(8), ZSTD(1)),
    hour UInt32 CODEC(Delta(4), ZSTD(1)),
    generation UInt64 CODEC(Delta(8), ZSTD(1)),
    end UInt32 CODEC(Delta(4), ZSTD(1)),
    first_age UInt32 CODEC(ZSTD(1)),
    last_age UInt32 CODEC(ZSTD(1)),
    first Float64 CODEC(Delta(8), ZSTD(1)),
    last Float64 CODEC(Delta(8), ZSTD(1)),
    count UInt32 CODEC(ZSTD(1)),
    changes UInt32 CODEC(ZSTD(1)),
    min Float64 CODEC(ZSTD(1)),
    max Float64 CODEC(ZSTD(1)),
    sum Float64 CODEC(Delta(8), ZSTD(1)),
    compensation Float64 CODEC(ZSTD(1)),
    flags UInt8 CODEC(ZSTD(1))
  ) ENGINE = MergeTree PARTITION BY toYYYYMMDD(toDateTime(hour * 3600, 'UTC'))
  ORDER BY (id, hour, end)
  SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1`;

export const rollUps: Migration = {
  number: 6,
  title: 'roll-ups',
  statements: [table('rollups_5m'), table('rollups_1h')],
};

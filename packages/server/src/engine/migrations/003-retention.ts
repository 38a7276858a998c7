import type { Migration } from './migration.ts';

/**
 * What retention remembers. `retention_days`: for a day of a table, the rules (`policy`) whose samples were deleted from
 * it, up to which block of the partition: a higher block came later and is looked at again. `retention_ids`: the series
 * of one sweep's deletions, which a mutation reads again when it goes on after a crash. `series_gone`: series that had no
 * sample when they were `marked`; they are taken out at the next start.
 */
const settings = 'SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1';

export const retention: Migration = {
  number: 3,
  title: 'retention by rules',
  statements: [
    `CREATE TABLE retention_days (
      table LowCardinality(String),
      day UInt32,
      policy String,
      block Int64,
      samples UInt64,
      carried_out DateTime64(3, 'UTC')
    ) ENGINE = ReplacingMergeTree(carried_out) ORDER BY (table, day) ${settings}`,
    `CREATE TABLE retention_ids (
      sweep LowCardinality(String),
      rule UInt32,
      id UInt64
    ) ENGINE = MergeTree ORDER BY (sweep, rule, id) ${settings}`,
    `CREATE TABLE series_gone (
      id UInt64,
      marked DateTime64(3, 'UTC')
    ) ENGINE = ReplacingMergeTree ORDER BY id ${settings}`,
  ],
};

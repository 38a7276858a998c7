import type { Migration } from './migration.ts';

/**
 * Less on the disk (docs/decisions/010-sample-layout.md). Blocks that are compressed at once are four times as large, so that
 * more repeats in them. What is `Default` is ZSTD(3), and, when all of a part is older than two days, the denser ZSTD(9):
 * such a part is written once more and then hardly ever again. Merges rewrite what is there.
 *
 * In roll-ups `last` and `sum` are mostly what is left beyond another column (store/rollup/rollup-table.ts): small numbers,
 * whose differences are no smaller. Rows of a day are one large file a column rather than a file of all of them.
 */
const settings = (table: string): string => `ALTER TABLE nightshift.${table} MODIFY SETTING
  default_compression_codec = 'ZSTD(3)', min_compress_block_size = 262144, max_compress_block_size = 1048576`;

/** TTLs are written into new parts only, since a rewrite of all there is must not begin at once. */
const denserLater = (table: string, time: string): string =>
  `ALTER TABLE nightshift.${table} MODIFY TTL ${time} + INTERVAL 2 DAY RECOMPRESS CODEC(ZSTD(9))
  SETTINGS materialize_ttl_after_modify = 0`;

const rollUps = (table: string): string[] => [
  settings(table),
  `ALTER TABLE nightshift.${table} MODIFY SETTING min_bytes_for_wide_part = 1000000`,
  `ALTER TABLE nightshift.${table}
    MODIFY COLUMN id UInt64 CODEC(Delta(8), Default),
    MODIFY COLUMN hour UInt32 CODEC(Delta(4), Default),
    MODIFY COLUMN generation UInt64 CODEC(Delta(8), Default),
    MODIFY COLUMN end UInt32 CODEC(Delta(4), Default),
    MODIFY COLUMN first_age UInt32 CODEC(Default),
    MODIFY COLUMN last_age UInt32 CODEC(Default),
    MODIFY COLUMN first Float64 CODEC(Delta(8), Default),
    MODIFY COLUMN last Float64 CODEC(Default),
    MODIFY COLUMN count UInt32 CODEC(Default),
    MODIFY COLUMN changes UInt32 CODEC(Default),
    MODIFY COLUMN min Float64 CODEC(Default),
    MODIFY COLUMN max Float64 CODEC(Default),
    MODIFY COLUMN sum Float64 CODEC(Default),
    MODIFY COLUMN compensation Float64 CODEC(Default),
    MODIFY COLUMN flags UInt8 CODEC(Default)`,
  denserLater(table, "toDateTime(hour * 3600, 'UTC')"),
];

export const denserColumns: Migration = {
  number: 8,
  title: 'denser columns',
  statements: [
    settings('samples'),
    `ALTER TABLE nightshift.samples
      MODIFY COLUMN id UInt64 CODEC(ZSTD(1)),
      MODIFY COLUMN time DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
      MODIFY COLUMN value Float64 CODEC(Delta(8), Default)`,
    denserLater('samples', 'toDateTime(time)'),
    `ALTER TABLE nightshift.packed_samples
      MODIFY COLUMN id UInt64 CODEC(Delta(8), ZSTD(3)),
      MODIFY COLUMN data String CODEC(ZSTD(3))`,
    ...rollUps('rollups_5m'),
    ...rollUps('rollups_1h'),
    `ALTER TABLE nightshift.series
      MODIFY COLUMN id UInt64 CODEC(ZSTD(1)),
      MODIFY COLUMN labels Map(String, String) CODEC(ZSTD(3)),
      MODIFY COLUMN first_seen DateTime64(3, 'UTC') CODEC(ZSTD(1))`,
  ],
};

import type { Migration } from './migration.ts';

/** The values of samples as differences: a quarter of the bytes (docs/decisions/010-sample-layout.md). Merges rewrite what is there. */
export const sampleCodec: Migration = {
  number: 4,
  title: 'samples as differences',
  statements: ['ALTER TABLE nightshift.samples MODIFY COLUMN value Float64 CODEC(Delta(8), ZSTD(1))'],
};

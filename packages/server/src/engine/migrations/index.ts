import { telemetry } from './001-telemetry.ts';
import { exemplarsAndDeletions } from './002-exemplars-and-deletions.ts';
import { retention } from './003-retention.ts';
import { sampleCodec } from './004-sample-codec.ts';
import { packedHours } from './005-packed-hours.ts';
import { rollUps } from './006-roll-ups.ts';
import { histograms } from './007-histograms.ts';
import { denserColumns } from './008-denser-columns.ts';
import type { Migration } from './migration.ts';

/** All migrations in order; a new one is a new file and a line here. */
export const migrations: readonly Migration[] = [
  telemetry,
  exemplarsAndDeletions,
  retention,
  sampleCodec,
  packedHours,
  rollUps,
  histograms,
  denserColumns,
];

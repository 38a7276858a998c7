import { telemetry } from './001-telemetry.ts';
import type { Migration } from './migration.ts';

/** All migrations in order; a new one is a new file and a line here. */
export const migrations: readonly Migration[] = [telemetry];

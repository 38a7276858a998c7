import { createHash } from 'node:crypto';
import { NightshiftError } from '../errors/catalogue.ts';
import type { Engine } from './engine.ts';
import type { Migration } from './migrations/migration.ts';

export const checksumOf = ({ statements }: Migration): string =>
  createHash('sha256').update(statements.join(';\n')).digest('hex');

const refuse = (reason: string): NightshiftError => new NightshiftError('ENGINE_START', { reason });

/** `CREATE TABLE x` becomes `CREATE TABLE IF NOT EXISTS nightshift.x`: a crash between two statements must not block the next start. */
const qualified = (statement: string): string =>
  statement.replace(/^CREATE TABLE (?!IF NOT)(\w+)/, 'CREATE TABLE IF NOT EXISTS nightshift.$1');

interface Applied {
  number: number;
  title: string;
  checksum: string;
}

function checkApplied(applied: readonly Applied[], migrations: readonly Migration[]): void {
  for (const { number, title, checksum } of applied) {
    const known = migrations.find((migration) => migration.number === number);
    if (!known) {
      throw refuse(
        `the data was written by a newer Nightshift (migration ${number}, "${title}", is unknown here); use that version`,
      );
    }
    if (checksumOf(known) !== checksum) {
      throw refuse(
        `migration ${number}, "${title}", was changed after it was applied (checksum ${checksum.slice(0, 12)}…)`,
      );
    }
  }
}

/**
 * Brings the schema in the database `nightshift` up to date. Throws ENGINE_START when an applied migration is unknown
 * or was changed since. Applying is idempotent: a crash in the middle is made good by the next start.
 */
export async function migrate(engine: Engine, migrations: readonly Migration[]): Promise<void> {
  await engine.command('CREATE DATABASE IF NOT EXISTS nightshift');
  await engine.command(`CREATE TABLE IF NOT EXISTS nightshift.schema_migrations (
    number UInt32, title String, checksum String, applied DateTime64(3, 'UTC') DEFAULT now64(3)
  ) ENGINE = ReplacingMergeTree ORDER BY number SETTINGS fsync_after_insert = 1`);
  const applied = await engine.query<Applied>(
    'SELECT number, title, checksum FROM nightshift.schema_migrations FINAL ORDER BY number',
  );
  checkApplied(applied, migrations);
  const done = new Set(applied.map(({ number }) => number));
  for (const migration of migrations.filter(({ number }) => !done.has(number))) {
    for (const statement of migration.statements) await engine.command(qualified(statement));
    await engine.command(
      'INSERT INTO nightshift.schema_migrations (number, title, checksum) VALUES ({number:UInt32}, {title:String}, {checksum:String})',
      { number: migration.number, title: migration.title, checksum: checksumOf(migration) },
    );
  }
}

/** Milliseconds that a signal is kept; 0 keeps it for ever. */
export interface Retention {
  readonly traces: number;
  readonly logs: number;
}

/** Metrics are kept by rules (store/retention.ts): their tables have no TTL, and lose one that they once had. */
const timeColumns: readonly (readonly [signal: keyof Retention | null, table: string, column: string])[] = [
  [null, 'samples', 'time'],
  [null, 'exemplars', 'time'],
  ['traces', 'spans', 'start'],
  ['logs', 'logs', 'time'],
];

/** Sets each table's TTL where it is not yet as asked. Old parts are dropped by the engine's merges, not at once. */
export async function applyRetention(engine: Engine, retention: Retention): Promise<void> {
  for (const [signal, table, column] of timeColumns) {
    const seconds = signal === null ? 0 : Math.ceil(retention[signal] / 1000);
    const [row] = await engine.query<{ ddl: string }>(
      "SELECT create_table_query AS ddl FROM system.tables WHERE database = 'nightshift' AND name = {table:String}",
      { table },
    );
    const current = /\bTTL toDateTime\(\w+\) \+ toIntervalSecond\((\d+)\)/.exec(row?.ddl ?? '')?.[1];
    if (seconds === 0) {
      if (current !== undefined) await engine.command(`ALTER TABLE nightshift.${table} REMOVE TTL`);
    } else if (current !== String(seconds)) {
      await engine.command(
        `ALTER TABLE nightshift.${table} MODIFY TTL toDateTime(${column}) + toIntervalSecond(${seconds}) SETTINGS materialize_ttl_after_modify = 0`,
      );
    }
  }
}

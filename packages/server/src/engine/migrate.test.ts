import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../test/engine-launcher.ts';
import { type Engine, startEngine } from './engine.ts';
import type { EngineLauncher } from './engine-child.ts';
import { applyRetention, migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';

let launcher: EngineLauncher;
let dir: string;
let engine: Engine;

beforeAll(async () => {
  launcher = await engineLauncher();
  dir = mkdtempSync(join(tmpdir(), 'nightshift-migrate-'));
  engine = await startEngine({ dir, launcher, memoryBytes: 400_000_000, log: { info() {}, warn() {} } });
});
afterAll(async () => {
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
  rmSync(dirname(launcher.args.at(-1) as string), { recursive: true, force: true });
});

const tables = async () =>
  (
    await engine.query<{ name: string }>("SELECT name FROM system.tables WHERE database = 'nightshift' ORDER BY name")
  ).map((t) => t.name);

describe('the schema', () => {
  it('is made at the first start and left alone at the next', async () => {
    await migrate(engine, migrations);
    await migrate(engine, migrations);
    expect(await tables()).toEqual([
      ...['deletions', 'derived_hours', 'exemplars', 'histograms', 'logs', 'metadata', 'packed_samples'],
      ...['retention_days', 'retention_ids', 'rollups_1h', 'rollups_5m', 'samples', 'schema_migrations', 'series'],
      ...['series_gone', 'spans'],
    ]);
  });

  it('grows by a new number, also when the last start died in the middle of it', async () => {
    const next: Migration = {
      number: migrations.length + 1,
      title: 'extra',
      statements: ['CREATE TABLE extra (x UInt8) ENGINE = MergeTree ORDER BY x'],
    };
    await engine.command('CREATE TABLE nightshift.extra (x UInt8) ENGINE = MergeTree ORDER BY x');
    await migrate(engine, [...migrations, next]);
    await expect(migrate(engine, migrations)).rejects.toThrow(/newer Nightshift \(migration \d+, "extra"/);
    await engine.command(
      "ALTER TABLE nightshift.schema_migrations DELETE WHERE title = 'extra' SETTINGS mutations_sync = 1",
    );
  });

  it('refuses to start on a migration that was edited after it was applied', async () => {
    const edited = migrations.map((m) => ({ ...m, statements: [...m.statements, 'SELECT 1'] }));
    await expect(migrate(engine, edited)).rejects.toThrow(/migration 1, "telemetry", was changed/);
  });

  it('takes a retention for logs and spans, changes it, and takes that of samples away', async () => {
    const ttl = async (table: string) =>
      /TTL [^\n]*?toIntervalSecond\(\d+\)/.exec(
        (
          await engine.query<{ d: string }>(
            `SELECT create_table_query AS d FROM system.tables WHERE name = '${table}' AND database = 'nightshift'`,
          )
        )[0]?.d ?? '',
      )?.[0] ?? '';
    // As an older version left it.
    await engine.command('ALTER TABLE nightshift.samples MODIFY TTL toDateTime(time) + toIntervalSecond(2592000)');
    await applyRetention(engine, { traces: 7 * 86_400_000, logs: 0 });
    expect(await ttl('samples')).toBe('');
    expect(await ttl('exemplars')).toBe('');
    expect(await ttl('spans')).toMatch(/604800/);
    expect(await ttl('logs')).toBe('');
    await applyRetention(engine, { traces: 86_400_000, logs: 86_400_000 });
    expect(await ttl('logs')).toMatch(/86400/);
    expect(await ttl('spans')).toMatch(/86400/);
  });
});

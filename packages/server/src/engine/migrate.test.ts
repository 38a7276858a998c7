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

  it('keeps samples and roll-ups that were written under other codecs, which merges then change', async () => {
    const older = await startEngine({
      dir: join(dir, 'older'),
      launcher,
      memoryBytes: 400_000_000,
      log: { info() {}, warn() {} },
    });
    try {
      await migrate(
        older,
        migrations.filter(({ number }) => number < 8),
      );
      // Days ago and now, since parts of both ages are compressed differently.
      const insert = (from: number) =>
        older.command(`INSERT INTO nightshift.samples SELECT ${from} + number % 7,
          now64(3) - toIntervalDay(30 * (number % 2)) + toIntervalSecond(number), sin(number) FROM numbers(20000)`);
      const rollUps = (from: number) =>
        older.command(`INSERT INTO nightshift.rollups_5m (id, hour, generation, end, first, last, count, sum)
          SELECT ${from} + number % 7, 490000, 1, 1764000000 + 300 * number, number, number + 0.1, 2, 7 FROM numbers(20000)`);
      await insert(1);
      await rollUps(1);
      const sums = async () => [
        ...(await older.query(
          `SELECT count(), sum(cityHash64(id, time, value)) FROM nightshift.samples WHERE id < 10`,
        )),
        ...(await older.query(`SELECT count(), sum(cityHash64(*)) FROM nightshift.rollups_5m WHERE id < 10`)),
      ];
      const before = await sums();
      await migrate(older, migrations);
      expect(await sums()).toEqual(before);
      await insert(10);
      await rollUps(10);
      const bytes = async () =>
        Number(
          (
            await older.query<{ bytes: string }>(
              `SELECT sum(data_compressed_bytes) AS bytes FROM system.parts
               WHERE database = 'nightshift' AND table = 'samples' AND active`,
            )
          )[0]?.bytes,
        );
      const unmerged = await bytes();
      for (const table of ['samples', 'rollups_5m']) await older.command(`OPTIMIZE TABLE nightshift.${table} FINAL`);
      expect(await sums()).toEqual(before);
      expect(await bytes()).toBeLessThan(unmerged);
      const [codecs] = await older.query<{ codecs: string[] }>(
        `SELECT arraySort(groupUniqArray(default_compression_codec)) AS codecs FROM system.parts
         WHERE database = 'nightshift' AND table = 'samples' AND active`,
      );
      expect(codecs).toEqual({ codecs: ['ZSTD(3)', 'ZSTD(9)'] });
    } finally {
      await older.close();
    }
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

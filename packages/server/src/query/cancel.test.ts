import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../test/engine-launcher.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import type { EngineLauncher } from '../engine/engine-child.ts';
import { migrate } from '../engine/migrate.ts';
import { migrations } from '../engine/migrations/index.ts';
import { openJournal } from '../spool/journal.ts';
import { type NightshiftStore, openStore } from '../store/open.ts';
import { createMetricQueries, type QuerySettings } from './promql.ts';

/** 100 series with 40,000 samples each, a second apart, all of them in the engine only. */
const series = 100;
const samples = 40_000;
const start = Date.UTC(2026, 5, 1);
const end = start + samples * 1000;

let launcher: EngineLauncher;
let dir: string;
let engine: Engine;
let store: NightshiftStore;
let close: () => Promise<void>;

beforeAll(async () => {
  launcher = await engineLauncher();
  dir = mkdtempSync(join(tmpdir(), 'nightshift-cancel-'));
  const log = { info() {}, warn() {}, error() {} };
  engine = await startEngine({ dir, launcher, memoryBytes: 400_000_000, log });
  await migrate(engine, migrations);
  await engine.command(
    `INSERT INTO nightshift.series SELECT number, 'x', map('__name__', 'x', 'i', toString(number)), now() FROM numbers(${series})`,
  );
  await engine.command(
    `INSERT INTO nightshift.samples SELECT number % ${series},
     fromUnixTimestamp64Milli(toInt64(${start} + intDiv(number, ${series}) * 1000), 'UTC'), number FROM numbers(${series * samples})`,
  );
  const journal = await openJournal({ dir: join(dir, 'spool') });
  const now = () => end + 86_400_000;
  store = await openStore({ engine, journal, rejectedDir: join(dir, 'rejected'), now, log });
  close = async () => {
    await store.close();
    await journal.close();
    await engine.close();
  };
}, 60_000);
afterAll(async () => {
  await close();
  rmSync(dir, { recursive: true, force: true });
  rmSync(dirname(launcher.args.at(-1) ?? ''), { recursive: true, force: true });
});

const running = async (): Promise<number> => {
  const own = "query LIKE '%FROM nightshift.samples%' AND query NOT LIKE '%system.processes%'";
  return (await engine.query(`SELECT query_id FROM system.processes WHERE ${own}`)).length;
};

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (const last = Date.now() + 5000; Date.now() < last; await sleep(5)) if (await condition()) return;
  throw new Error(`not within 5 s: ${what}`);
}

const queries = (own: Partial<QuerySettings> = {}) =>
  createMetricQueries(store.metrics, { timeoutMs: 60_000, maxSamples: 1e9, lookbackMs: 300_000, ...own });
const all = { start, end, step: 60_000 };

describe('a query that reads from the engine', () => {
  it('stops there when its client goes away', async () => {
    const controller = new AbortController();
    const outcome = queries()
      .range('sum(rate(x[5m]))', all, { signal: controller.signal })
      .then(
        () => 'answered',
        ({ code }) => code as string,
      );
    await until(async () => (await running()) > 0, 'the engine works on it');
    controller.abort();
    expect(await outcome).toBe('QUERY_CANCELED');
    await until(async () => (await running()) === 0, 'the engine gave it up');
  });

  it('stops there when its time is over', async () => {
    await expect(queries({ timeoutMs: 30 }).range('sum(rate(x[5m]))', all)).rejects.toMatchObject({ status: 422 });
    await until(async () => (await running()) === 0, 'the engine gave it up');
  });

  it('stops there when it has loaded too much', async () => {
    const asked = queries({ maxBytes: 1024 ** 2 }).range('sum(rate(x[5m]))', all);
    await expect(asked).rejects.toMatchObject({
      code: 'QUERY_LIMIT',
      message: expect.stringContaining('query.maxBytes'),
    });
    await until(async () => (await running()) === 0, 'the engine gave it up');
  });

  it('is refused where the engine has not the memory for it, with the key', async () => {
    const greedy = { select: async () => engine.query<never>('SELECT groupArray(number) FROM numbers(1000000000)') };
    const settings = { timeoutMs: 60_000, maxSamples: 1e9, lookbackMs: 300_000 };
    await expect(createMetricQueries(greedy, settings).instant('x', end)).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('raise engine.memoryBytes'),
    });
  });

  it('is answered when it may take its time', async () => {
    const result = await queries().range('count(x)', { ...all, step: 10_000_000 });
    expect(result.resultType === 'matrix' && result.series[0]?.values[1]).toBe(series);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeWriteRequest } from '@nightshift/wire';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { engineLauncher } from '../../../test/engine-launcher.ts';
import { decodeRecord } from '../../collect/decode.ts';
import { type Engine, startEngine } from '../../engine/engine.ts';
import type { EngineLauncher } from '../../engine/engine-child.ts';
import { migrate } from '../../engine/migrate.ts';
import { migrations } from '../../engine/migrations/index.ts';
import { type Journal, openJournal } from '../../spool/journal.ts';
import { type NightshiftStore, openStore } from '../open.ts';
import { DAY_MS } from '../retention-policy.ts';
import { DerivedHours } from './derived-hours.ts';
import { Deriver } from './deriver.ts';
import { HOUR_MS, hourOf } from './hours.ts';
import { QuietHours } from './quiet-hours.ts';

const NOW = Date.UTC(2026, 5, 20, 12);
const HOUR = NOW - 6 * HOUR_MS;
const OLD = HOUR - 3 * DAY_MS;

let launcher: EngineLauncher;
let dir: string;
let engine: Engine;
let journal: Journal;
let store: NightshiftStore;
const log = { info() {}, warn: vi.fn(), error: vi.fn() };

beforeAll(async () => {
  launcher = await engineLauncher();
}, 60_000);
afterAll(() => rmSync(dirname(launcher.args.at(-1) ?? ''), { recursive: true, force: true }));
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'nightshift-deriver-'));
  engine = await startEngine({ dir: join(dir, 'engine'), launcher, memoryBytes: 400_000_000, log });
  await migrate(engine, migrations);
  await open();
}, 60_000);
afterEach(async () => {
  await shut();
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
});

async function open(): Promise<void> {
  journal = await openJournal({ dir: join(dir, 'spool') });
  store = await openStore({
    ...{ engine, journal, rejectedDir: join(dir, 'rejected'), flushEveryMs: 10, log, now: () => NOW },
    derived: { quietMs: 0, everyMs: 10 },
    // What is older is not in the head after a start.
    head: { windowMs: HOUR_MS },
  });
}

async function shut(): Promise<void> {
  await store.close();
  await journal.close();
}

async function write(name: string, samples: readonly { timestamp: number; value: number }[]): Promise<void> {
  const body = encodeWriteRequest([{ labels: new Map([['__name__', name]]), samples }]);
  const record = { kind: 'remote-write', format: 'protobuf', receivedAt: NOW, body } as const;
  await store.admit(record, decodeRecord(record));
  await store.flush();
}

/** Packed samples by Unix milliseconds of their hour, ascending, of which only the current generations count. */
async function packed(): Promise<Record<number, number>> {
  const rows = await engine.query<{ hour: number; n: string }>(
    `SELECT hour, sum(count) AS n FROM nightshift.packed_samples WHERE (hour, generation) IN (
       SELECT hour, argMax(generation, version) FROM nightshift.derived_hours GROUP BY hour
     ) GROUP BY hour ORDER BY hour`,
  );
  return Object.fromEntries(rows.map(({ hour, n }) => [hour * HOUR_MS, Number(n)]));
}

async function until(expected: Record<number, number>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(20)) {
    if (JSON.stringify(await packed()) === JSON.stringify(expected)) return;
  }
  expect(await packed()).toEqual(expected);
}

async function select(name: string): Promise<[time: number, value: number][]> {
  const matchers = [{ name: '__name__', op: '=' as const, value: name }];
  const asked = { matchers, start: OLD, end: NOW, step: 0, func: '', range: 0, grouping: [], by: false };
  return (await store.metrics.select(asked)).flatMap(({ timestamps, values }) =>
    Array.from(timestamps, (time, i): [number, number] => [time, values[i]!]),
  );
}

describe('hours that are over', () => {
  it('are derived from while a newer one cannot be', async () => {
    await write('a', [
      { timestamp: OLD, value: 1 },
      { timestamp: HOUR, value: 2 },
    ]);
    await shut();
    const hours = await DerivedHours.load({ engine, names: ['picky'] });
    const picky = {
      name: 'picky',
      tables: [],
      build: async (hour: number) => {
        if (hour === hourOf(HOUR)) throw new Error('too much');
      },
    };
    const quiet = new QuietHours(0, () => NOW);
    const deriver = new Deriver({ engine, hours, quiet, derivations: [picky], everyMs: 10, now: () => NOW, log });
    await vi.waitFor(() => expect(hours.sorted()).toEqual([hourOf(OLD)]), 10_000);
    await vi.waitFor(() => expect(deriver.lastError).toBe('too much'), 10_000);
    await deriver.close();
    await open();
  });

  it('are packed, again when a sample came late, and give what is there at any time', async () => {
    await write('a', [
      { timestamp: OLD, value: 1 },
      { timestamp: HOUR, value: 2 },
    ]);
    await until({ [OLD]: 1, [HOUR]: 1 });
    await shut();
    await open();
    await write('a', [{ timestamp: HOUR + 5, value: 3 }]);
    const all = [
      [OLD, 1],
      [HOUR, 2],
      [HOUR + 5, 3],
    ];
    expect(await select('a')).toEqual(all);
    await until({ [OLD]: 1, [HOUR]: 2 });
    expect(await select('a')).toEqual(all);
    await store.deleteSeries({
      selectors: [[{ name: '__name__', op: '=', value: 'a' }]],
      start: HOUR,
      end: HOUR,
    });
    expect(await select('a')).toEqual([all[0], all[2]]);
    await until({ [OLD]: 1, [HOUR]: 1 });
    expect(await select('a')).toEqual([all[0], all[2]]);
    expect(log.error).not.toHaveBeenCalled();
  }, 90_000);

  it('go with their day when it is no longer kept', async () => {
    await write('a', [
      { timestamp: OLD, value: 1 },
      { timestamp: HOUR, value: 2 },
    ]);
    await until({ [OLD]: 1, [HOUR]: 1 });
    await shut();
    await open();
    await store.retention.change({ rules: [], defaultMs: DAY_MS });
    await store.retention.sweep();
    expect(await select('a')).toEqual([[HOUR, 2]]);
    const left = await engine.query<{ table: string; day: string }>(
      `SELECT DISTINCT table, partition_id AS day FROM system.parts WHERE database = 'nightshift' AND active
       AND table IN ('samples', 'packed_samples') ORDER BY table`,
    );
    expect(left).toEqual([
      { table: 'packed_samples', day: '20260620' },
      { table: 'samples', day: '20260620' },
    ]);
    expect(await packed()).toEqual({ [HOUR]: 1 });
  }, 90_000);
});

describe('an hour', () => {
  it('is quiet when it is over and was left alone, and has to be so for longer each time it was packed in vain', () => {
    let now = 10 * HOUR_MS;
    const hours = new QuietHours(60_000, () => now);
    expect(hours.isQuiet(9)).toBe(false);
    now += 60_000;
    expect(hours.isQuiet(9)).toBe(true);
    hours.note(new Set([9]), []);
    expect(hours.isQuiet(9)).toBe(false);
    expect(hours.isQuiet(8)).toBe(true);
    now += 60_000;
    expect(hours.isQuiet(9)).toBe(true);
    hours.note(new Set([9]), [9]);
    now += 60_000;
    expect(hours.isQuiet(9)).toBe(false);
    now += 60_000;
    expect(hours.isQuiet(9)).toBe(true);
    for (let i = 0; i < 20; i++) hours.note(new Set([9]), [9]);
    now += 64 * 60_000;
    expect(hours.isQuiet(9)).toBe(true);
  });
});

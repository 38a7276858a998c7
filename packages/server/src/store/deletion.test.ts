import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Matcher } from '@nightshift/promql';
import { encodeWriteRequest } from '@nightshift/wire';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../test/engine-launcher.ts';
import { decodeRecord } from '../collect/decode.ts';
import { encodeSeriesDeletion, type SeriesDeletion } from '../collect/series-deletion.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import type { EngineLauncher } from '../engine/engine-child.ts';
import { migrate } from '../engine/migrate.ts';
import { migrations } from '../engine/migrations/index.ts';
import { type Journal, type JournalRecord, openJournal } from '../spool/journal.ts';
import { type NightshiftStore, openStore, type StoreOptions } from './open.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const HOUR = 3_600_000;
/** Far before the head's window of two hours. */
const OLD = NOW - 30 * HOUR;
const log = { info() {}, warn() {}, error() {} };
const always = { start: -8.64e15, end: 8.64e15 };
let launcher: EngineLauncher;
let engineDir: string;
let dir: string;
let engine: Engine;
let journal: Journal;
let store: NightshiftStore;

beforeAll(async () => {
  launcher = await engineLauncher();
  engineDir = mkdtempSync(join(tmpdir(), 'nightshift-deletion-engine-'));
  engine = await startEngine({ dir: engineDir, launcher, memoryBytes: 4e8, log });
  await migrate(engine, migrations);
}, 60_000);
afterAll(async () => {
  await engine.close();
  rmSync(engineDir, { recursive: true, force: true });
  rmSync(dirname(launcher.args.at(-1) as string), { recursive: true, force: true });
});
beforeEach(async () => {
  for (const table of ['series', 'samples', 'exemplars', 'deletions']) {
    await engine.command(`TRUNCATE TABLE nightshift.${table}`);
  }
  dir = mkdtempSync(join(tmpdir(), 'nightshift-deletion-'));
  journal = await openJournal({ dir: join(dir, 'spool') });
  store = await open();
});
afterEach(async () => {
  await store.close();
  await journal.close();
  rmSync(dir, { recursive: true, force: true });
});

const open = (options: Partial<StoreOptions> = {}): Promise<NightshiftStore> =>
  openStore({ flushEveryMs: 20, ...options, engine, journal, rejectedDir: join(dir, 'rejected'), now: () => NOW, log });

const named = (name: string): Matcher[] => [{ name: '__name__', op: '=', value: name }];

function written(labels: Record<string, string>, times: readonly number[]): JournalRecord {
  const sorted = new Map(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  const samples = times.map((timestamp) => ({ timestamp, value: 1 }));
  const exemplars = times.map((timestamp) => ({
    labels: new Map([['trace_id', `${timestamp}`]]),
    value: 2,
    timestamp,
  }));
  const body = encodeWriteRequest([{ labels: sorted, samples, exemplars }]);
  return { kind: 'remote-write', format: 'protobuf', receivedAt: NOW, body };
}
const deleting = (deletion: SeriesDeletion): JournalRecord => ({
  kind: 'series-deletion',
  format: 'json',
  receivedAt: NOW,
  body: encodeSeriesDeletion(deletion),
});
const write = (labels: Record<string, string>, times: readonly number[]): Promise<void> => {
  const record = written(labels, times);
  return store.admit(record, decodeRecord(record));
};

async function times(matchers: readonly Matcher[]): Promise<Record<string, number[]>> {
  const request = { matchers, start: 0, end: 8.64e15, step: 0, func: '', range: 0, grouping: [], by: false };
  const found = await store.metrics.select(request);
  return Object.fromEntries(
    found.map(({ labels, timestamps }) => [labels.get('job') ?? '', [...timestamps].sort((a, b) => a - b)]),
  );
}
const exemplarTimes = async (matchers: readonly Matcher[]): Promise<number[]> =>
  (await store.exemplars([matchers], always)).flatMap(({ exemplars }) => exemplars.map(({ timestamp }) => timestamp));
const rowsIn = async (table: string): Promise<number> =>
  Number((await engine.query<{ n: string }>(`SELECT count() AS n FROM nightshift.${table}`))[0]?.n);

it('deletes a range of the chosen series, from the head and from the engine', async () => {
  const all = [OLD, OLD + 1000, OLD + 2000, NOW - 2000, NOW - 1000, NOW];
  await write({ __name__: 'a', job: 'x' }, all);
  await write({ __name__: 'a', job: 'y' }, all);
  await write({ __name__: 'b', job: 'x' }, all);
  const chosen = [...named('a'), { name: 'job', op: '=~', value: 'x|z' } as const];
  await store.deleteSeries({ selectors: [chosen, named('none')], start: OLD + 1000, end: NOW - 1000 });
  const left = [OLD, NOW];
  expect(await times(named('a'))).toEqual({ x: left, y: all });
  expect(await times(named('b'))).toEqual({ x: all });
  expect(await exemplarTimes(chosen)).toEqual(left);
  expect(await rowsIn('samples')).toBe(14);
  await store.close();
  store = await open();
  expect(await times(named('a'))).toEqual({ x: left, y: all });
});

it('leaves no trace of a series without samples in /series and /labels', async () => {
  await write({ __name__: 'gone', job: 'x', only: 'here' }, [OLD, NOW]);
  await write({ __name__: 'stays', job: 'x' }, [OLD, NOW]);
  await store.deleteSeries({ selectors: [named('gone')], ...always });
  const names = async () => [
    (await store.metrics.series([], always, 10)).map((labels) => labels.get('__name__')),
    await store.metrics.labelNames([], always, 10),
    await store.metrics.labelValues('__name__', [], always, 10),
  ];
  const expected = [['stays'], ['__name__', 'job'], ['stays']];
  expect(await names()).toEqual(expected);
  await store.close();
  store = await open();
  expect(await names()).toEqual(expected);
  await write({ __name__: 'gone', job: 'again' }, [NOW]);
  expect(await times(named('gone'))).toEqual({ again: [NOW] });
});

it('keeps what comes later into the same range, old or new', async () => {
  await write({ __name__: 'a', job: 'x' }, [OLD, NOW - 1000]);
  const deletion = store.deleteSeries({ selectors: [named('a')], ...always });
  await write({ __name__: 'a', job: 'x' }, [OLD + 1, NOW]);
  await deletion;
  await write({ __name__: 'a', job: 'x' }, [OLD + 2]);
  await store.flush();
  expect(await times(named('a'))).toEqual({ x: [OLD + 1, OLD + 2, NOW] });
});

describe('a batch that is sent to the engine again', () => {
  /** Opens the store with these in its journal, as one batch; `killed`: it was moved, but the journal could not note that. */
  async function openWith(records: readonly JournalRecord[], killed: () => Promise<unknown>): Promise<() => number> {
    await store.close();
    await journal.close();
    journal = await openJournal({ dir: join(dir, 'spool') });
    for (const record of records) await journal.append(record);
    const { commit } = journal;
    let attempts = 0;
    journal.commit = async (batch) => {
      if (++attempts < 3) {
        await killed();
        throw new Error('killed');
      }
      await commit(batch);
    };
    store = await open();
    return () => attempts;
  }

  it('keeps what came behind a deletion', async () => {
    const attempts = await openWith(
      [
        written({ __name__: 'a', job: 'x' }, [OLD, NOW - 1000]),
        deleting({ selectors: [named('a')], ...always }),
        written({ __name__: 'a', job: 'x' }, [OLD + 1, NOW]),
        deleting({ selectors: [named('a')], start: NOW, end: NOW }),
        written({ __name__: 'a', job: 'x' }, [OLD + 2]),
      ],
      async () => {},
    );
    expect(await times(named('a'))).toMatchObject({ x: expect.arrayContaining([OLD + 1, OLD + 2]) });
    await store.flush();
    expect(attempts()).toBe(3);
    expect(await times(named('a'))).toEqual({ x: [OLD + 1, OLD + 2] });
    expect(await rowsIn('samples')).toBe(2);
    expect(await rowsIn('deletions')).toBe(2);
  });

  it('does not bring back what it deleted, though the engine has forgotten that it had it', async () => {
    const attempts = await openWith(
      [
        written({ __name__: 'a', job: 'x' }, [OLD]),
        deleting({ selectors: [named('a')], ...always }),
        written({ __name__: 'a', job: 'x' }, [OLD + 1]),
      ],
      // As when its cleaning comes to parts without a row: the tokens go with them.
      () => engine.command("ALTER TABLE nightshift.samples DROP PARTITION ID '20260531'"),
    );
    await store.flush();
    expect(attempts()).toBe(3);
    expect(await times(named('a'))).toEqual({ x: [OLD + 1] });
    expect(await rowsIn('samples')).toBe(1);
  });
});

it('frees the disk of what was deleted when asked to', async () => {
  await write(
    { __name__: 'a', job: 'x' },
    Array.from({ length: 1000 }, (_, i) => OLD + i),
  );
  await store.deleteSeries({ selectors: [named('a')], start: OLD, end: OLD + 899 });
  const onDisk = async () =>
    Number(
      (
        await engine.query<{ n: string }>(
          "SELECT sum(rows) AS n FROM system.parts WHERE database = 'nightshift' AND table = 'samples' AND active",
        )
      )[0]?.n,
    );
  expect(await rowsIn('samples')).toBe(100);
  await store.freeDeleted();
  expect([await rowsIn('samples'), await onDisk()]).toEqual([100, 100]);
});

it('refuses a pattern that is not RE2 with nothing recorded', async () => {
  await write({ __name__: 'a', job: 'x' }, [NOW]);
  const selectors = [[{ name: 'job', op: '=~', value: '(' } as const]];
  await expect(store.deleteSeries({ selectors, ...always })).rejects.toThrow(/\(/);
  await store.flush();
  expect(await times(named('a'))).toEqual({ x: [NOW] });
});

describe('a deletion that the engine cannot carry out', () => {
  /** Somebody's mutation of the day of `OLD` that fails every time: what is asked for behind it has to wait for it. */
  const obstruct = () =>
    engine.command(
      `ALTER TABLE nightshift.samples DELETE IN PARTITION ID '20260531' WHERE throwIf(id >= 0) SETTINGS mutations_sync = 0`,
    );
  const clear = () =>
    engine.command("KILL MUTATION WHERE database = 'nightshift' AND position(command, 'throwIf') > 0 SYNC");
  const inEngine = async () =>
    (
      await engine.query<{ t: string }>(
        'SELECT toUnixTimestamp64Milli(time) AS t FROM nightshift.samples ORDER BY time',
      )
    ).map(({ t }) => Number(t));
  afterEach(clear);

  it('holds up neither samples nor other deletions, is counted, and in the end deletes what it would have', async () => {
    const other = OLD - 48 * HOUR;
    await write({ __name__: 'a', job: 'x' }, [other, OLD, OLD + 1000, NOW]);
    await store.flush();
    await obstruct();
    await expect(store.deleteSeries({ selectors: [named('a')], start: OLD, end: NOW - HOUR })).rejects.toThrow(
      /recorded and not done yet; in samples: .*throwIf/s,
    );
    expect(store.stats().failingDeletions).toBe(1);
    await store.deleteSeries({ selectors: [named('a')], start: other, end: other });
    await write({ __name__: 'a', job: 'x' }, [OLD + 1, OLD + 2000]);
    await store.flush();
    expect(await inEngine()).toEqual([OLD, OLD + 1, OLD + 1000, OLD + 2000, NOW]);
    await clear();
    await expect.poll(inEngine, { timeout: 30_000 }).toEqual([OLD + 1, OLD + 2000, NOW]);
    await expect.poll(() => store.stats().failingDeletions, { timeout: 30_000 }).toBe(0);
    expect(await times(named('a'))).toEqual({ x: [OLD + 1, OLD + 2000, NOW] });
  }, 60_000);

  it('is followed after a restart, and what it deletes does not stay in memory', async () => {
    const recent = NOW - 14 * HOUR;
    await write({ __name__: 'a', job: 'x' }, [recent, NOW]);
    await store.flush();
    await obstruct();
    await expect(store.deleteSeries({ selectors: [named('a')], start: recent, end: recent })).rejects.toThrow(
      'not done',
    );
    await store.close();
    store = await open({ head: { windowMs: 20 * HOUR } });
    expect(store.stats().failingDeletions).toBe(1);
    await write({ __name__: 'a', job: 'x' }, [recent + 1]);
    await clear();
    await expect.poll(() => store.stats().failingDeletions, { timeout: 30_000 }).toBe(0);
    await store.flush();
    expect(await times(named('a'))).toEqual({ x: [recent + 1, NOW] });
    expect(await rowsIn('samples')).toBe(2);
  }, 60_000);

  it('hides nothing that was acknowledged behind it and had not reached the engine when the server ended', async () => {
    await write({ __name__: 'a', job: 'x' }, [OLD]);
    await write({ __name__: 'b', job: 'y' }, [NOW]);
    await store.flush();
    await obstruct();
    await expect(store.deleteSeries({ selectors: [named('a')], ...always })).rejects.toThrow('not done');
    await store.close();
    await journal.append(written({ __name__: 'b', job: 'y' }, [NOW - 1000]));
    store = await open({ flushEveryMs: 10_000 });
    expect(await times(named('b'))).toEqual({ y: [NOW - 1000, NOW] });
  }, 60_000);

  it('is set aside when the engine does not take it and never will, and the rest goes on', async () => {
    await store.close();
    store = await open({ refusalPatienceMs: 300 });
    await write({ __name__: 'a', job: 'x' }, [OLD]);
    await store.flush();
    const { command } = engine;
    try {
      // As a table that is distributed over several engines says it.
      engine.command = (sql, params) =>
        sql.startsWith('DELETE')
          ? command.call(engine, 'DELETE FROM system.one WHERE 1')
          : command.call(engine, sql, params);
      await expect(store.deleteSeries({ selectors: [named('a')], ...always })).rejects.toThrow(/does not take it/);
    } finally {
      engine.command = command;
    }
    expect(store.stats().rejectedRecords).toBe(1);
    expect(readdirSync(join(dir, 'rejected')).filter((name) => !name.endsWith('.json'))).toHaveLength(1);
    await write({ __name__: 'a', job: 'x' }, [OLD + 1]);
    await store.flush();
    expect(await inEngine()).toEqual([OLD, OLD + 1]);
  });
});

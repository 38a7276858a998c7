import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodeWriteRequest, isStaleMarker, type NativeHistogram, NO_BOUNDS, NO_BUCKETS } from '@nightshift/wire';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../test/engine-launcher.ts';
import { decodeRecord } from '../collect/decode.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import type { EngineLauncher } from '../engine/engine-child.ts';
import { migrate } from '../engine/migrate.ts';
import { migrations } from '../engine/migrations/index.ts';
import { type Journal, openJournal } from '../spool/journal.ts';
import { Head } from './head.ts';
import { HistogramHead } from './histogram-head.ts';
import { type NightshiftStore, openStore, type StoreOptions } from './open.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const log = { info() {}, warn() {}, error() {} };
let launcher: EngineLauncher;
let engineDir: string;
let dir: string;
let engine: Engine;
let journal: Journal;
let store: NightshiftStore;

beforeAll(async () => {
  launcher = await engineLauncher();
  engineDir = mkdtempSync(join(tmpdir(), 'nightshift-histograms-engine-'));
  engine = await startEngine({ dir: engineDir, launcher, memoryBytes: 400_000_000, log });
  await migrate(engine, migrations);
});
afterAll(async () => {
  await engine.close();
  rmSync(engineDir, { recursive: true, force: true });
  rmSync(dirname(launcher.args.at(-1) as string), { recursive: true, force: true });
});
beforeEach(async () => {
  for (const table of ['series', 'samples', 'histograms', 'deletions', 'retention_days', 'series_gone']) {
    await engine.command(`TRUNCATE TABLE nightshift.${table}`);
  }
  dir = mkdtempSync(join(tmpdir(), 'nightshift-histograms-'));
  await open();
});
afterEach(async () => {
  await shut();
  rmSync(dir, { recursive: true, force: true });
});

async function open(more: Partial<StoreOptions> = {}): Promise<void> {
  journal = await openJournal({ dir: join(dir, 'spool') });
  const rejectedDir = join(dir, 'rejected');
  store = await openStore({ engine, journal, rejectedDir, flushEveryMs: 20, now: () => NOW, log, ...more });
}

async function shut(): Promise<void> {
  await store.close();
  await journal.close();
}

/** Everything in the engine, and in the head only what is of the last `windowMs`. */
async function reopen(windowMs: number): Promise<void> {
  await store.flush();
  await shut();
  await open({ head: { windowMs } });
}

/** Of two buckets; equal if and only if `n` is. */
function histogram(n: number, more: Partial<NativeHistogram> = {}): NativeHistogram {
  const positive = { indexes: Int32Array.of(-3, 4), counts: Float64Array.of(n + 1, 2) };
  const rest = {
    zeroThreshold: 1e-9,
    zeroCount: 0,
    negative: NO_BUCKETS,
    bounds: NO_BOUNDS,
    resetHint: 'unknown',
  } as const;
  return { isInteger: true, schema: 2, count: n + 3, sum: n / 2, positive, ...rest, ...more };
}

type Sent = readonly [time: number, value: number | NativeHistogram];

async function write(name: string, samples: readonly Sent[]): Promise<void> {
  const floats = samples.flatMap(([timestamp, value]) =>
    typeof value === 'number' ? [{ timestamp, value, stale: Number.isNaN(value) }] : [],
  );
  const histograms = samples.flatMap(([timestamp, value]) =>
    typeof value === 'number' ? [] : [{ timestamp, histogram: value }],
  );
  const body = encodeWriteRequest([{ labels: new Map([['__name__', name]]), samples: floats, histograms }]);
  const record = { kind: 'remote-write', format: 'protobuf', receivedAt: NOW, body } as const;
  await store.admit(record, decodeRecord(record));
}

const range = (from: number, to: number) => ({
  start: from,
  end: to,
  step: 0,
  func: '',
  range: 0,
  grouping: [],
  by: false,
});

/** Samples by series: floats as numbers, `stale`, histograms as they are. */
async function read(from = 0, to = NOW + HOUR, pattern = '.+') {
  const matchers = [{ name: '__name__', op: '=~', value: pattern } as const];
  const found = await store.metrics.select({ ...range(from, to), matchers });
  return Object.fromEntries(
    found.map(({ labels, timestamps, values, histograms }) => [
      labels.get('__name__'),
      [...timestamps].map((time, i) => [time, histograms?.[i] ?? (isStaleMarker(values, i) ? 'stale' : values[i])]),
    ]),
  );
}

describe('native histograms', () => {
  it('are there at once, after a restart, and from the engine alone', async () => {
    const [old, young] = [NOW - 5 * HOUR, NOW - MINUTE];
    await write('a', [
      [old, histogram(1)],
      [young, histogram(2)],
    ]);
    await write('b', [[young, 7]]);
    const all = {
      a: [
        [old, histogram(1)],
        [young, histogram(2)],
      ],
      b: [[young, 7]],
    };
    expect(await read()).toEqual(all);
    await reopen(2 * HOUR);
    expect(await read()).toEqual(all);
    expect(store.stats().samples).toBe(2);
    await reopen(1);
    expect(await read()).toEqual(all);
    expect(store.stats().samples).toBe(0);
    expect(await read(old + 1, young - 1)).toEqual({});
    expect(await read(young, young)).toEqual({ a: all.a.slice(1), b: all.b });
  });

  it('stand among the floats of their series in order of time, and win at the same time', async () => {
    const at = (minute: number) => NOW - HOUR + minute * MINUTE;
    await write('m', [
      [at(1), 1],
      [at(3), 3],
      [at(4), 4],
      [at(6), Number.NaN],
    ]);
    await write('m', [
      [at(2), histogram(2)],
      [at(4), histogram(4)],
      [at(5), histogram(5)],
    ]);
    const expected = [
      [at(1), 1],
      [at(2), histogram(2)],
      [at(3), 3],
      [at(4), histogram(4)],
      [at(5), histogram(5)],
      [at(6), 'stale'],
    ];
    expect(await read()).toEqual({ m: expected });
    await reopen(1);
    expect(await read()).toEqual({ m: expected });
  });

  it('that come again count once, and the last one counts', async () => {
    const time = NOW - MINUTE;
    await write('a', [[time, histogram(1)]]);
    await store.flush();
    await write('a', [[time, histogram(2)]]);
    expect(await read()).toEqual({ a: [[time, histogram(2)]] });
    await reopen(1);
    expect(await read()).toEqual({ a: [[time, histogram(2)]] });
    await reopen(HOUR);
    expect(await read()).toEqual({ a: [[time, histogram(2)]] });
  });

  it('are known as series, with and without a sample in the range', async () => {
    await write('a', [[NOW - 5 * HOUR, histogram(1)]]);
    for (const windowMs of [0, 1]) {
      if (windowMs > 0) await reopen(windowMs);
      const names = (start: number, end: number) => store.metrics.labelValues('__name__', [], { start, end }, 10);
      expect(await names(NOW - 6 * HOUR, NOW)).toEqual(['a']);
      expect(await names(NOW - HOUR, NOW)).toEqual([]);
    }
  });

  it('are deleted with the floats of their series, and what comes later is kept', async () => {
    const times = [NOW - 5 * HOUR, NOW - MINUTE];
    await write(
      'a',
      times.map((time) => [time, histogram(1)]),
    );
    await write(
      'b',
      times.map((time) => [time, histogram(1)]),
    );
    await store.flush();
    const selectors = [[{ name: '__name__', op: '=', value: 'a' } as const]];
    await store.deleteSeries({ selectors, start: 0, end: NOW - HOUR });
    const left = { a: [[times[1], histogram(1)]], b: times.map((time) => [time, histogram(1)]) };
    expect(await read()).toEqual(left);
    await write('a', [[times[0]!, histogram(9)]]);
    await reopen(1);
    expect(await read()).toEqual({ ...left, a: [[times[0], histogram(9)], ...left.a] });
  });

  it('go with their day when their rule says so, and their series with them', async () => {
    const old = NOW - 5 * 24 * HOUR;
    for (const name of ['kept', 'gone']) await write(name, [[old, histogram(1)]]);
    await write('both', [
      [old, 1],
      [NOW - MINUTE, histogram(2)],
    ]);
    await reopen(1);
    const matchers = [{ name: '__name__', op: '=', value: 'gone' } as const];
    await store.retention.change({ rules: [{ match: 'gone', matchers, keepMs: 24 * HOUR }], defaultMs: 0 });
    expect(await store.retention.sweep()).toMatchObject({ samples: 1 });
    expect(await read()).toEqual({
      kept: [[old, histogram(1)]],
      both: [
        [old, 1],
        [NOW - MINUTE, histogram(2)],
      ],
    });
    await store.retention.change({ rules: [], defaultMs: 24 * HOUR });
    expect(await store.retention.sweep()).toMatchObject({ droppedDays: ['2026-05-27'] });
    expect(await read()).toEqual({ both: [[NOW - MINUTE, histogram(2)]] });
  });

  it('of any kind and at any times are what a model of them says, wherever they are', async () => {
    const kinds = fc.constantFrom<Partial<NativeHistogram>>(
      {},
      { isInteger: false, count: 2.5 },
      {
        schema: -53,
        zeroThreshold: 0,
        bounds: Float64Array.of(1, 2, 3, 4),
        positive: { indexes: Int32Array.of(0), counts: Float64Array.of(5) },
        count: 5,
      },
      { resetHint: 'gauge' },
      { sum: Number.NaN },
    );
    const sample = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.nat(9), fc.option(kinds));
    const writes = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.array(sample, { maxLength: 12 })), { maxLength: 8 });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(writes, fc.nat(8), async (all, cut) => {
        round++;
        const floats = new Map<string, number>();
        const natives = new Map<string, NativeHistogram>();
        for (const [i, [name, samples]] of all.entries()) {
          if (i === cut) await store.flush();
          const sent = samples.map(([minute, n, kind]): Sent => {
            const time = NOW - minute * MINUTE;
            const value = kind ? { ...histogram(n), ...kind } : n;
            if (typeof value === 'number') floats.set(`r${round}${name} ${time}`, value);
            else {
              if (value.isInteger === false) delete (value as { isInteger?: boolean }).isInteger;
              natives.set(`r${round}${name} ${time}`, value);
            }
            return [time, value];
          });
          await write(`r${round}${name}`, sent);
        }
        const expected: Record<string, unknown[]> = {};
        const keys = [...new Set([...floats.keys(), ...natives.keys()])];
        keys.sort((a, b) => Number(a.split(' ')[1]) - Number(b.split(' ')[1]));
        for (const key of keys) {
          const [name, time] = key.split(' ') as [string, string];
          expected[name] ??= [];
          expected[name].push([Number(time), natives.get(key) ?? floats.get(key)]);
        }
        expect(await read(0, NOW, `r${round}.`)).toEqual(expected);
        await store.flush();
        expect(await read(0, NOW, `r${round}.`)).toEqual(expected);
        if (round % 4 > 0) return;
        for (const windowMs of [HOUR, 1, 6 * HOUR]) {
          await reopen(windowMs);
          expect(await read(0, NOW, `r${round}.`)).toEqual(expected);
        }
      }),
      { numRuns: 16 },
    );
  }, 60_000);
});

describe('the histograms of the head', () => {
  const payload = (n: number, size = 40) => new Uint8Array(size).fill(n);

  it('stay under its cap, the oldest going first', () => {
    const head = new Head(200_000, Number.NEGATIVE_INFINITY);
    for (let i = 0; i < 20_000; i++) {
      head.insertHistogram(i % 50, i, payload(i % 251));
      if (i % 3 === 0) head.insert(i % 50, i, 1, 2);
    }
    expect(head.bytes).toBeLessThanOrEqual(200_000);
    expect(head.coveredFrom).toBeGreaterThan(0);
    let found = 0;
    for (let series = 0; series < 50; series++) {
      const { timestamps, payloads } = head.histograms.read(series, head.coveredFrom, 20_000)!;
      found += timestamps.length;
      for (const [i, time] of timestamps.entries()) expect(payloads[i]).toEqual(payload(time % 251));
    }
    expect(found).toBe(20_000 - head.coveredFrom);
    expect(head.histograms.samples).toBe(found);
    head.evictBefore(30_000);
    expect([head.bytes, head.histograms.samples]).toEqual([0, 0]);
  });

  it('take no more room when they come again', () => {
    const head = new HistogramHead(4096);
    for (let round = 0; round < 100; round++)
      for (let i = 0; i < 40; i++) head.insert(1, i, payload(round, 38 + (round % 3)));
    expect(head.samples).toBe(40);
    expect(head.bytes).toBeLessThan(3 * 4096);
    expect(head.read(1, 0, 100)?.payloads[7]).toEqual(payload(99, 38));
  });

  it('are what a model of them says', () => {
    const commands = fc.array(
      fc.oneof(
        fc.record({ insert: fc.tuple(fc.nat(2), fc.nat(40), fc.integer({ min: 0, max: 90 })) }),
        fc.record({ delete: fc.tuple(fc.nat(2), fc.nat(40), fc.nat(20)) }),
        fc.record({ evict: fc.nat(40) }),
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(commands, (all) => {
        const head = new HistogramHead(256);
        const model = [0, 1, 2].map(() => new Map<number, number>());
        for (const command of all) {
          if ('insert' in command) {
            const [series, time, size] = command.insert;
            head.insert(series, time, payload(size, size));
            model[series]!.set(time, size);
          } else if ('delete' in command) {
            const [series, from, length] = command.delete;
            head.delete(series, from, from + length);
            for (const time of [...model[series]!.keys()]) {
              if (time >= from && time <= from + length) model[series]!.delete(time);
            }
          } else {
            head.evictBefore(command.evict);
            for (const one of model) for (const time of [...one.keys()]) if (time < command.evict) one.delete(time);
          }
        }
        for (const [series, one] of model.entries()) {
          const times = [...one.keys()].sort((a, b) => a - b);
          const found = head.read(series, 0, 100);
          expect([...(found?.timestamps ?? [])]).toEqual(times);
          expect(found?.payloads ?? []).toEqual(times.map((time) => payload(one.get(time)!, one.get(time)!)));
          expect(head.count(series, 10, 20)).toBe(times.filter((time) => time >= 10 && time <= 20).length);
        }
        expect(head.samples).toBe(model.reduce((sum, one) => sum + one.size, 0));
      }),
    );
  });
});

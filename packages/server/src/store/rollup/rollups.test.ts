import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEvaluator, type EvaluatorOptions, type QueryResult, type SeriesSource } from '@nightshift/promql';
import { encodeSnappy, encodeWriteRequest } from '@nightshift/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../../test/engine-launcher.ts';
import { decodeRecord } from '../../collect/decode.ts';
import { type Engine, startEngine } from '../../engine/engine.ts';
import type { EngineLauncher } from '../../engine/engine-child.ts';
import { migrate } from '../../engine/migrate.ts';
import { migrations } from '../../engine/migrations/index.ts';
import { type Journal, openJournal } from '../../spool/journal.ts';
import { type NightshiftStore, openStore } from '../open.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const HOURS = 14;
const START = Date.UTC(2026, 4, 1, 20);
const NOW = START + HOURS * HOUR;
const log = { info() {}, warn() {}, error() {} };

let launcher: EngineLauncher;
let dir: string;
let engine: Engine;
let journal: Journal;
let store: NightshiftStore;

beforeAll(async () => {
  launcher = await engineLauncher();
  dir = mkdtempSync(join(tmpdir(), 'nightshift-rollups-'));
  engine = await startEngine({ dir: join(dir, 'engine'), launcher, memoryBytes: 400_000_000, log });
  await migrate(engine, migrations);
  await open();
}, 60_000);
afterAll(async () => {
  await store.close();
  await journal.close();
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
  rmSync(dirname(launcher.args.at(-1) ?? ''), { recursive: true, force: true });
});

async function open(): Promise<void> {
  journal = await openJournal({ dir: join(dir, 'spool') });
  store = await openStore({
    engine,
    journal,
    rejectedDir: join(dir, 'rejected'),
    flushEveryMs: 20,
    head: { windowMs: 90 * MINUTE },
    derived: { quietMs: 0, everyMs: 20 },
    now: () => NOW,
    log,
  });
}

interface Sample {
  readonly timestamp: number;
  readonly value: number;
  readonly stale?: boolean;
}

async function write(labels: Record<string, string>, samples: readonly Sample[]): Promise<void> {
  const named = new Map(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  const body = encodeSnappy(encodeWriteRequest([{ labels: named, samples: [...samples] }], []));
  const record = { kind: 'remote-write', format: 'snappy-protobuf', receivedAt: NOW, body } as const;
  await store.admit(record, decodeRecord(record));
}

/** The same numbers in [0, 1) every time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const LABELS = Array.from({ length: 12 }, (_, i) => ({
  __name__: 'x_total',
  i: String(i).padStart(2, '0'),
  zone: `z${i % 3}`,
}));

function samplesOf(series: number): Sample[] {
  const random = numbers(series + 1);
  const interval = [15_000, 30_000, MINUTE, 5 * MINUTE][series % 4]!;
  const phase = series % 5 === 0 ? 0 : Math.floor(random() * interval);
  const isCounter = series < 8;
  const samples: Sample[] = [];
  let total = 0;
  for (let timestamp = START + phase; timestamp <= NOW; timestamp += interval) {
    const dice = random();
    if (dice < 0.002) timestamp += Math.floor(random() * 40 * MINUTE);
    if (dice > 0.999) total = 0;
    total += Math.floor(random() * 20) / 4;
    const odd = random() < 0.003;
    if (odd) samples.push({ timestamp, value: Number.NaN, stale: random() < 0.7 });
    else if (series === 11) samples.push({ timestamp, value: (random() - 0.3) * 10 ** Math.floor(40 * random() - 20) });
    else samples.push({ timestamp, value: isCounter ? total : Math.round(1000 * random()) / 100 - 5 });
  }
  return samples;
}

/** Hours that the ledger calls current. */
async function currentHours(): Promise<number> {
  const [row] = await engine.query<{ n: string }>(
    `SELECT countIf(made > 0) AS n FROM
     (SELECT hour, argMax(generation, version) AS made FROM nightshift.derived_hours GROUP BY hour)`,
  );
  return Number(row?.n);
}

async function derived(): Promise<void> {
  for (let i = 0; i < 1500 && (await currentHours()) < HOURS; i++) await sleep(20);
  expect(await currentHours()).toBeGreaterThanOrEqual(HOURS);
  // What the ledger says is current for the process a moment later.
  await sleep(100);
}

/** The store, which notes how often it gave roll-ups. */
function sourceOf(used: { rollups: number }): SeriesSource {
  return {
    sorted: true,
    select: (request) => store.metrics.select(request),
    rollups: (request) => {
      const read = store.metrics.rollups?.(request);
      if (read) used.rollups++;
      return read;
    },
  };
}

type Points = readonly (readonly [labels: string, time: number, value: number])[];

function pointsOf(result: QueryResult): Points {
  if (result.resultType !== 'matrix') throw new Error(result.resultType);
  return result.series.flatMap(({ labels, timestamps, values }) =>
    Array.from(timestamps, (time, i) => [JSON.stringify([...labels]), time, values[i]!] as const),
  );
}

async function ask(query: string, step: number, options: EvaluatorOptions = {}) {
  const used = { rollups: 0 };
  const source = sourceOf(used);
  const from = START + 2 * HOUR;
  const rolled = await createEvaluator(source, options).range(query, from, NOW, step);
  return { rolled: pointsOf(rolled), used: used.rollups, source, from };
}

const EXACT: readonly (readonly [string, number])[] = [
  ['x_total', 5 * MINUTE],
  ['x_total', HOUR],
  ['timestamp(x_total)', HOUR],
  ['count(x_total) by (zone)', 30 * MINUTE],
  ['sum by (zone) (rate(x_total{i=~"0[0-7]"}[1h]))', HOUR],
  ['rate(x_total[5m])', 5 * MINUTE],
  ['rate(x_total[5m])', HOUR],
  ['increase(x_total[1h])', HOUR],
  ['increase(x_total{i="03"}[2h] offset 1h)', HOUR],
  ['delta(x_total[1h])', HOUR],
  ['resets(x_total[1h])', HOUR],
  ['changes(x_total[30m])', 5 * MINUTE],
  ['max_over_time(x_total[1h])', HOUR],
  ['min_over_time(x_total[25m])', 25 * MINUTE],
  ['first_over_time(x_total[1h])', HOUR],
  ['last_over_time(x_total[1h] offset 2h)', HOUR],
  ['count_over_time(x_total[1h])', HOUR],
  ['absent_over_time(x_total{i="05"}[10m])', 5 * MINUTE],
  ['max_over_time(rate(x_total[1h])[6h:1h])', 7 * MINUTE],
  ['max_over_time(x_total[10h] @ end())', MINUTE],
];
const SUMS: readonly (readonly [string, number])[] = [
  ['sum_over_time(x_total[1h])', HOUR],
  ['avg_over_time(x_total[35m])', 5 * MINUTE],
];

async function isSame(): Promise<void> {
  for (const [query, step] of [...EXACT, ...SUMS]) {
    const { rolled, used, source, from } = await ask(query, step);
    expect(used, query).toBeGreaterThan(0);
    const plain = pointsOf(
      await createEvaluator({ sorted: true, select: source.select }).range(query, from, NOW, step),
    );
    expect(rolled.length, query).toBeGreaterThan(0);
    if (EXACT.some(([exact]) => exact === query)) expect(rolled, query).toEqual(plain);
    else {
      expect(rolled.map(([labels, time]) => [labels, time])).toEqual(plain.map(([labels, time]) => [labels, time]));
      rolled.forEach(([, , value], i) => {
        const other = plain[i]![2];
        const near = Object.is(value, other) || Math.abs(value - other) <= 1e-12 * Math.abs(other);
        expect(near, `${query}: ${value} and ${other}`).toBe(true);
      });
    }
  }
}

describe('roll-ups of the store', () => {
  it('are not there before hours were rolled up', async () => {
    await write(LABELS[0]!, samplesOf(0).slice(0, 10));
    await store.flush();
    expect((await ask('rate(x_total[1h])', HOUR)).used).toBe(0);
  });

  it('give what the samples give', async () => {
    for (const [series, labels] of LABELS.entries()) await write(labels, samplesOf(series));
    await store.flush();
    await derived();
    // What is in memory is read from there; after a start that is no more than its window.
    await store.close();
    await journal.close();
    await open();
    await isSame();
  }, 120_000);

  it('give it while some hours are behind, and when they are made again', async () => {
    const late = [3 * HOUR + 17, 3 * HOUR + 1_800_000, 4 * HOUR - 1, 4 * HOUR, 9 * HOUR + 5 * MINUTE];
    for (const labels of LABELS.slice(0, 3)) {
      await write(
        labels,
        late.map((ms) => ({ timestamp: START + ms, value: ms / MINUTE })),
      );
    }
    await store.flush();
    await isSame();
    await derived();
    await isSame();
  }, 120_000);

  it('give it when samples are deleted', async () => {
    const selectors = [[{ name: 'zone', op: '=', value: 'z1' } as const]];
    await store.deleteSeries({ selectors, start: START + 5 * HOUR + 60_000, end: START + 7 * HOUR });
    await isSame();
    await derived();
    await isSame();
  }, 120_000);

  it('let long ranges pass that samples would not', async () => {
    const query = 'max_over_time(x_total[1h])';
    const { rolled, source, from } = await ask(query, HOUR, { maxBytes: 200_000 });
    expect(rolled.length).toBeGreaterThan(0);
    const plain = createEvaluator({ sorted: true, select: source.select }, { maxBytes: 200_000 });
    await expect(plain.range(query, from, NOW, HOUR)).rejects.toThrow(/memory|bytes/);
  });

  it('are left alone where the range is short or does not lie on buckets', async () => {
    expect((await ask('rate(x_total[1h])', 61_000)).used).toBe(0);
    expect((await ask('rate(x_total[7m])', HOUR)).used).toBe(0);
    const used = { rollups: 0 };
    await createEvaluator(sourceOf(used)).range('rate(x_total[1h])', NOW - 2 * HOUR, NOW, HOUR);
    expect(used.rollups).toBe(0);
  });
});

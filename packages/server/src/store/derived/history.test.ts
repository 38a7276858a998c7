import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../../test/engine-launcher.ts';
import { type Engine, startEngine } from '../../engine/engine.ts';
import type { EngineLauncher } from '../../engine/engine-child.ts';
import { migrate } from '../../engine/migrate.ts';
import { migrations } from '../../engine/migrations/index.ts';
import { carryOut } from '../deletion.ts';
import { DeletionRuns } from '../deletion-runs.ts';
import { engineSamples, engineSeriesInRange } from '../engine-samples.ts';
import { type SampleColumns, wordsOf } from '../sample-columns.ts';
import { SeriesIndex } from '../series-index.ts';
import { DerivedHours } from './derived-hours.ts';
import { dropOutdated } from './derived-rows.ts';
import { History } from './history.ts';
import { HOUR_MS, hourOf } from './hours.ts';
import { packedSamples } from './packed-samples.ts';

let launcher: EngineLauncher;
let dir: string;
let engine: Engine;

beforeAll(async () => {
  launcher = await engineLauncher();
  dir = mkdtempSync(join(tmpdir(), 'nightshift-history-'));
  engine = await startEngine({ dir, launcher, memoryBytes: 400_000_000, log: { info() {}, warn() {} } });
  await migrate(engine, migrations);
}, 60_000);
afterAll(async () => {
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
  rmSync(dirname(launcher.args.at(-1) ?? ''), { recursive: true, force: true });
});

const START = Date.UTC(2026, 4, 1, 22);
const FIRST = hourOf(START);
const HOURS = 4;
const index = new SeriesIndex();
const series = Array.from({ length: 5 }, (_, i) =>
  index.intern(
    new Map([
      ['__name__', `m${i % 2}`],
      ['i', String(i)],
    ]),
  ),
);

const bits = fc.oneof(
  fc.integer({ min: 0, max: 1000 }).map((value) => [...new Uint32Array(Float64Array.of(value / 10).buffer)]),
  fc.constantFrom([2, 0x7ff00000], [7, 0xfff80001], [0, 0x80000000]),
);
const row = fc.record({
  series: fc.integer({ min: 0, max: 4 }),
  time: fc.oneof(
    fc.integer({ min: START, max: START + HOURS * HOUR_MS - 1 }),
    fc.integer({ min: 0, max: 480 }).map((i) => START + i * 15_000),
    fc.constantFrom(START - 1, START + HOUR_MS - 1, START + HOUR_MS, -HOUR_MS),
  ),
  bits,
});
const step = fc.oneof(
  fc.array(row, { minLength: 1, maxLength: 60 }).map((rows) => ({ what: 'insert', rows })),
  fc.array(fc.integer({ min: 0, max: HOURS - 1 }), { minLength: 1 }).map((hours) => ({ what: 'derive', hours })),
  fc
    .record({ from: fc.integer({ min: 0, max: HOURS * 60 }), minutes: fc.integer({ min: 0, max: 90 }) })
    .map(({ from, minutes }) => ({
      what: 'delete',
      start: START + from * 60_000,
      end: START + (from + minutes) * 60_000,
    })),
  fc.constant({ what: 'restart' }),
  fc.constant({ what: 'clean' }),
);
interface Step {
  readonly what: string;
  readonly rows?: readonly { readonly series: number; readonly time: number; readonly bits: readonly number[] }[];
  readonly hours?: readonly number[];
  readonly start?: number;
  readonly end?: number;
}
const ranges = [
  [START, START + HOURS * HOUR_MS],
  [START + 600_000, START + 1_200_000],
  [START + 1_800_000, START + 2 * HOUR_MS + 17],
  [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
] as const;

const shown = (found: ReadonlyMap<bigint, SampleColumns>) =>
  new Map(
    [...found].map(([id, { timestamps, values }]) => {
      const words = wordsOf(values.slice());
      return [id, Array.from(timestamps, (time, i) => `${time} ${words[2 * i]},${words[2 * i + 1]}`)];
    }),
  );

class World {
  hours!: DerivedHours;
  history!: History;
  private number = 0;

  async start(): Promise<void> {
    this.hours = await DerivedHours.load({ engine, names: ['packed'] });
    this.history = new History(engine, this.hours, 1_000_000);
  }

  async do({ what, rows = [], hours = [], start = 0, end = 0 }: Step): Promise<void> {
    const token = `${Math.random()}-${this.number++}`;
    if (what === 'restart') await this.start();
    else if (what === 'insert') await this.insert(rows, token);
    else if (what === 'clean') await dropOutdated(engine, 'packed_samples', this.hours);
    else if (what === 'delete') {
      const selectors = [[{ name: 'i', op: '=~' as const, value: '1|2' }]];
      await carryOut(
        engine,
        new DeletionRuns(engine, this.hours, { info() {}, error() {} }),
        { selectors, start, end, series: index.matchAny(selectors) },
        token,
      );
    }
    for (const hour of new Set(hours)) {
      const generation = await this.hours.begin(FIRST + hour);
      if (generation === undefined) throw new Error('nothing changes it');
      await packedSamples(engine).build(FIRST + hour, generation, new AbortController().signal);
      await this.hours.complete(FIRST + hour, generation);
    }
  }

  private async insert(rows: NonNullable<Step['rows']>, token: string): Promise<void> {
    const bytes = Buffer.alloc(rows.length * 24);
    for (const [i, one] of rows.entries()) {
      bytes.writeBigUInt64LE(series[one.series]!.id, i * 24);
      bytes.writeBigInt64LE(BigInt(one.time), i * 24 + 8);
      bytes.writeUInt32LE(one.bits[0]!, i * 24 + 16);
      bytes.writeUInt32LE(one.bits[1]!, i * 24 + 20);
    }
    const changed = new Set(rows.map(({ time }) => hourOf(time)));
    await this.hours.change(changed, () => engine.insert('nightshift.samples', ['id', 'time', 'value'], bytes, token));
  }
}

describe('samples of the past', () => {
  it('are all in the pack of an hour whose only sample is in its last second', async () => {
    const time = START + 3 * HOUR_MS - 1;
    const world = new World();
    await world.start();
    await world.do({ what: 'insert', rows: [{ series: 0, time, bits: [0, 0] }] });
    await world.do({ what: 'derive', hours: [2] });
    expect(world.hours.sorted()).toEqual([FIRST + 2]);
    const found = await world.history.samples(series, START, START + HOURS * HOUR_MS);
    expect(shown(found).get(series[0]!.id)).toEqual([`${time} 0,0`]);
  });

  it('are the same with packed hours as without, whatever was inserted late or deleted', async () => {
    let packed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 9 }), async (steps) => {
        for (const table of ['samples', 'packed_samples', 'derived_hours'])
          await engine.command(`TRUNCATE TABLE nightshift.${table}`);
        const world = new World();
        await world.start();
        for (const one of steps) {
          await world.do(one);
          packed += world.hours.sorted().length;
          for (const [start, end] of ranges) {
            const asked = series.slice(0, 4);
            const expected = shown(await engineSamples(engine, asked, start, end));
            expect(shown(await world.history.samples(asked, start, end))).toEqual(expected);
            const inRange = await engineSeriesInRange(engine, asked, start, end);
            expect(await world.history.seriesInRange(asked, start, end)).toEqual(inRange);
          }
        }
      }),
      { numRuns: 15 },
    );
    expect(packed).toBeGreaterThan(30);
  }, 240_000);
});

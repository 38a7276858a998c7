import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEvaluator, type EvaluatorOptions } from '../engine/evaluator.ts';
import { staleMarkers } from '../engine/staleness.ts';
import type { QueryResult } from '../result/result.ts';
import type { RollupRequest, SelectRequest, SeriesData, SeriesRollups, SeriesSource } from '../source.ts';
import { RollupRows } from './columns.ts';
import { rollUp } from './rollUp.ts';

const MINUTE = 60_000;
const WIDTH = 5 * MINUTE;
const HOUR = 60 * MINUTE;

const value = {
  counter: fc.integer({ min: 0, max: 20 }),
  gauge: fc.oneof(
    fc.double({ noNaN: true, min: -100, max: 100 }),
    fc.integer({ min: -1000, max: 1000 }).map((n) => n / 100),
  ),
  odd: fc.oneof(
    fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308, -1e308, 5e-324),
    fc.double(),
  ),
};
const stale = fc.constant('stale' as const);
const point = (of: fc.Arbitrary<number>) => fc.oneof({ weight: 12, arbitrary: of }, { weight: 1, arbitrary: stale });
const points = (of: fc.Arbitrary<number>) => fc.array(point(of), { minLength: 1, maxLength: 120, size: 'max' });

const series = fc.record({
  kind: fc.constantFrom('counter' as const, 'gauge' as const, 'odd' as const),
  start: fc.oneof(
    fc.integer({ min: -HOUR, max: HOUR }),
    fc.integer({ min: -10, max: 10 }).map((n) => n * WIDTH),
  ),
  gaps: fc.oneof(
    fc.constantFrom([15_000], [30_000], [MINUTE], [WIDTH], [2 * WIDTH]),
    fc.array(fc.oneof(fc.integer({ min: 1, max: 20 * MINUTE }), fc.constant(WIDTH)), { minLength: 1, maxLength: 5 }),
  ),
  resets: fc.array(fc.nat(120), { maxLength: 6 }),
  counter: points(value.counter),
  gauge: points(value.gauge),
  odd: points(value.odd),
});
type Spec = typeof series extends fc.Arbitrary<infer T> ? T : never;

function dataOf(spec: Spec, i: number): SeriesData {
  const own = spec[spec.kind];
  const timestamps = new Float64Array(own.length);
  const values = staleMarkers(own.length);
  let time = spec.start;
  let total = 0;
  own.forEach((one, place) => {
    timestamps[place] = time;
    time += spec.gaps[place % spec.gaps.length]!;
    if (one === 'stale') return;
    total = spec.resets.includes(place) ? one : total + one;
    values[place] = spec.kind === 'counter' ? total / 10 : one;
  });
  const labels = new Map([
    ['__name__', 'x_total'],
    ['i', String(i).padStart(3, '0')],
    ['kind', spec.kind],
  ]);
  return { labels, timestamps, values };
}

const between = ({ labels, timestamps, values }: SeriesData, from: number, to: number): SeriesData => {
  const first = timestamps.findIndex((time) => time >= from);
  const last = timestamps.findLastIndex((time) => time <= to) + 1;
  if (first < 0 || last <= first) return { labels, timestamps: new Float64Array(), values: new Float64Array() };
  return { labels, timestamps: timestamps.slice(first, last), values: values.slice(first, last) };
};

const isThere = ({ timestamps }: SeriesData) => timestamps.length > 0;

interface Asked {
  samples: number;
  rollups: number;
}

/** Roll-ups of a width, of samples in pieces that end before each of `cuts`, as a store has them that keeps them by hour. */
function sourceOf(all: readonly SeriesData[], width: number, cuts: readonly number[], asked: Asked): SeriesSource {
  return {
    sorted: true,
    select: async ({ start, end }: SelectRequest) => {
      asked.samples++;
      return all.map((each) => between(each, start, end)).filter(isThere);
    },
    rollups: ({ rollup, start, end }: RollupRequest) => {
      if (rollup.edges % width !== 0) return undefined;
      return async () => {
        asked.rollups++;
        const edges = [Number.NEGATIVE_INFINITY, ...cuts, Number.POSITIVE_INFINITY];
        return all
          .map((each): SeriesRollups => {
            const rows = new RollupRows();
            for (let i = 1; i < edges.length; i++) {
              const piece = between(each, Math.max(start, edges[i - 1]!), Math.min(end, edges[i]! - 1));
              rollUp(piece.timestamps, piece.values, width, rows);
            }
            const found = rows.slice(0, rows.length);
            const empty = { ...new RollupRows().slice(0, 0), ends: found.ends };
            const wanted = rollup.columns.map((name) => [name, found[name]] as const);
            return { labels: each.labels, rollups: Object.assign(empty, Object.fromEntries(wanted)) };
          })
          .filter(({ rollups }) => rollups.ends.length > 0);
      };
    },
  };
}

const EXACT = [
  'x_total',
  'timestamp(x_total)',
  'absent(x_total{i="000"})',
  'absent_over_time(x_total[R])',
  'present_over_time(x_total[R])',
  'count_over_time(x_total[R])',
  'last_over_time(x_total[R])',
  'first_over_time(x_total[R])',
  'min_over_time(x_total[R])',
  'max_over_time(x_total[R])',
  'changes(x_total[R])',
  'resets(x_total[R])',
  'rate(x_total[R])',
  'increase(x_total[R])',
  'delta(x_total[R])',
  'rate(x_total[R] offset 10m)',
  'sum by (kind) (rate(x_total[R]))',
  'max(x_total offset -5m)',
  'max_over_time(x_total[30m:5m])',
  'max_over_time(rate(x_total[R])[30m:10m])',
  'increase(x_total[R] @ 3600)',
  'last_over_time(x_total[R] @ end())',
];
const SUMS = ['sum_over_time(x_total[R])', 'avg_over_time(x_total[R])', 'sum_over_time(x_total[R] offset 5m)'];

type Points = ReadonlyMap<string, readonly (readonly [number, number])[]>;

function pointsOf(result: QueryResult): Points {
  if (result.resultType === 'matrix') {
    return new Map(
      result.series.map(({ labels, timestamps, values }) => [
        JSON.stringify([...labels]),
        Array.from(timestamps, (time, i) => [time, values[i]!] as const),
      ]),
    );
  }
  if (result.resultType !== 'vector') throw new Error(result.resultType);
  return new Map(result.samples.map(({ labels, time, value }) => [JSON.stringify([...labels]), [[time, value]]]));
}

/** Same series and times; values that are not the same differ by so much of them. */
function furthest(a: Points, b: Points): number {
  expect([...a.keys()]).toEqual([...b.keys()]);
  let most = 0;
  for (const [key, mine] of a) {
    const other = b.get(key)!;
    expect(mine.map(([time]) => time)).toEqual(other.map(([time]) => time));
    mine.forEach(([, one], i) => {
      const two = other[i]![1];
      if (Object.is(one, two)) return;
      most = Math.max(most, Math.abs(one - two) / Math.abs(two));
      if (!(most >= 0)) throw new Error(`${one} is not ${two}`);
    });
  }
  return most;
}

const grids = fc.record({
  start: fc.integer({ min: -4, max: 10 }).map((n) => n * WIDTH),
  step: fc.constantFrom(WIDTH, 2 * WIDTH, HOUR),
  count: fc.integer({ min: 1, max: 20 }),
  range: fc.constantFrom('5m', '10m', '1h'),
});
const cuts = fc
  .array(fc.integer({ min: -12, max: 48 }), { maxLength: 6 })
  .map((all) => [...all].sort((a, b) => a - b).map((n) => n * WIDTH));

async function both(
  specs: readonly Spec[],
  query: string,
  grid: { start: number; step: number; count: number },
  cut: readonly number[],
  options: EvaluatorOptions = {},
) {
  const all = specs.map(dataOf);
  const asked = { samples: 0, rollups: 0 };
  const source = sourceOf(all, WIDTH, cut, asked);
  const ask = (each: SeriesSource) => {
    const evaluator = createEvaluator(each, options);
    return grid.count === 1
      ? evaluator.instant(query, grid.start)
      : evaluator.range(query, grid.start, grid.start + (grid.count - 1) * grid.step, grid.step);
  };
  const rolled = await ask(source);
  const counts = { ...asked };
  const plain = await ask({ sorted: true, select: source.select });
  return { rolled, plain, asked: counts };
}

describe('roll-ups instead of samples', () => {
  it('give the very same', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(series, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...EXACT),
        grids,
        cuts,
        async (specs, query, grid, cut) => {
          const { rolled, plain, asked } = await both(specs, query.replace('[R]', `[${grid.range}]`), grid, cut);
          expect(asked.rollups).toBeGreaterThan(0);
          expect(furthest(pointsOf(rolled), pointsOf(plain))).toBe(0);
          expect(rolled.warnings).toEqual(plain.warnings);
          expect(rolled.infos).toEqual(plain.infos);
        },
      ),
      { numRuns: 1500 },
    ));

  it('give sums and averages to the last digits, whatever cancels out', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(series, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...SUMS),
        grids,
        cuts,
        async (specs, query, grid, cut) => {
          const { rolled, plain, asked } = await both(specs, query.replace('[R]', `[${grid.range}]`), grid, cut);
          expect(asked.rollups).toBeGreaterThan(0);
          expect(furthest(pointsOf(rolled), pointsOf(plain))).toBeLessThan(1e-12);
        },
      ),
      { numRuns: 1000 },
    ));

  it.each([
    'x_total offset 1m',
    'rate(x_total[7m])',
    'rate(x_total[5m] offset 30s)',
    'increase(x_total[10m] @ 61)',
    'max_over_time(x_total[30m:1m])',
    'max_over_time(x_total[30m:5m] offset 1m) + rate(x_total[9m])',
    'irate(x_total[5m])',
    'quantile_over_time(0.5, x_total[5m])',
    'stddev_over_time(x_total[5m])',
    'deriv(x_total[5m])',
  ])('are not asked for %s', async (query) => {
    const spec = fc.sample(series, { numRuns: 3, seed: 1 });
    const { asked } = await both(spec, query, { start: 0, step: WIDTH, count: 5 }, []);
    expect(asked.samples).toBeGreaterThan(0);
    if (!query.includes('+')) expect(asked.rollups).toBe(0);
  });

  it.each([
    [1000, WIDTH],
    [0, MINUTE],
  ])('are not asked for steps from %i every %i', async (start, step) => {
    const { asked } = await both(
      fc.sample(series, { numRuns: 3, seed: 1 }),
      'rate(x_total[5m])',
      { start, step, count: 5 },
      [],
    );
    expect(asked).toEqual({ samples: 1, rollups: 0 });
  });

  it('are not asked for where start timestamps or another look-back count', async () => {
    const spec = fc.sample(series, { numRuns: 3, seed: 1 });
    const grid = { start: 0, step: WIDTH, count: 5 };
    const starts = await both(spec, 'rate(x_total[5m])', grid, [], { features: { startTimestamps: true } });
    expect(starts.asked.rollups).toBe(0);
    expect((await both(spec, 'x_total', grid, [], { lookbackMs: 4 * MINUTE })).asked.rollups).toBe(0);
    expect((await both(spec, 'x_total', grid, [], { lookbackMs: 10 * MINUTE })).asked.rollups).toBe(1);
  });

  it('leave the samples to tell what depends on each of them', async () => {
    const labels = new Map([['__name__', 'x_total']]);
    const timestamps = Float64Array.from({ length: 20 }, (_, i) => (i + 1) * 15_000);
    const saw = { labels, timestamps, values: Float64Array.from({ length: 20 }, (_, i) => i % 2) };
    const huge = {
      labels,
      timestamps,
      values: Float64Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1e308 : -1e308)),
    };
    for (const [data, query] of [
      [saw, 'increase(x_total[5m])'],
      [saw, 'resets(x_total[5m])'],
      [huge, 'sum_over_time(x_total[5m])'],
    ] as const) {
      const asked = { samples: 0, rollups: 0 };
      const source = sourceOf([data], WIDTH, [], asked);
      const rolled = await createEvaluator(source).instant(query, WIDTH);
      expect(asked).toEqual({ samples: 1, rollups: 1 });
      expect(rolled).toEqual(await createEvaluator({ select: source.select }).instant(query, WIDTH));
    }
  });

  it('count as what was looked at', async () => {
    const timestamps = Float64Array.from({ length: 240 }, (_, i) => (i + 1) * 15_000);
    const data = { labels: new Map([['__name__', 'x_total']]), timestamps, values: timestamps };
    const source = sourceOf([data], WIDTH, [], { samples: 0, rollups: 0 });
    const rolled = await createEvaluator(source).range('rate(x_total[30m])', 0, HOUR, HOUR / 2, { statistics: true });
    expect(rolled.statistics).toMatchObject({ total: 12, read: 12 });
  });
});

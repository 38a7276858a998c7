import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_BUCKETS } from '../histogram/histogram.ts';
import type { SeriesData, SeriesSource } from '../source.ts';
import { createEvaluator } from './evaluator.ts';
import { staleMarkers } from './staleness.ts';

/** Values of counters with resets, of anything, and markers of an end. */
const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 50 }) },
  { weight: 2, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constant('stale' as const) },
);
const series = fc.record({
  start: fc.integer({ min: -600_000, max: 300_000 }),
  gaps: fc.oneof(fc.constant([15_000]), fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 4 })),
  values: fc.array(value, { minLength: 1, maxLength: 60 }),
  zone: fc.constantFrom('a', 'b', ''),
});

function dataOf(
  { start, gaps, values, zone }: typeof series extends fc.Arbitrary<infer T> ? T : never,
  i: number,
): SeriesData {
  const timestamps = new Float64Array(values.length);
  const columns = staleMarkers(values.length);
  let time = start;
  values.forEach((one, place) => {
    timestamps[place] = time;
    time += gaps[place % gaps.length]!;
    if (one !== 'stale') columns[place] = one;
  });
  const labels = new Map([
    ['__name__', 'x_total'],
    ['i', String(i).padStart(3, '0')],
    ...(zone === '' ? [] : [['zone', zone] as const]),
  ]);
  return { labels, timestamps, values: columns };
}

const sourceOf = (all: readonly SeriesData[]): SeriesSource => ({ select: async () => all });
const operators = ['sum', 'avg', 'min', 'max', 'count', 'group'];
const inners = ['x_total', 'rate(x_total[2m])', 'increase(x_total[10m] offset 1m)', 'delta((x_total[1m]))'];
const groupings = ['', ' by (zone)', ' by (zone, i)', ' without (i)'];

describe('an aggregation in one pass', () => {
  it('gives the very result, statistics and remarks of one that makes the vector in between', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(series, { maxLength: 8 }),
        fc.constantFrom(...operators),
        fc.constantFrom(...groupings),
        fc.constantFrom(...inners),
        fc.constantFrom(1, 20_000, 15_000, 300_000),
        async (specs, operator, grouping, inner, step) => {
          const all = specs.map(dataOf);
          const ask = (query: string) =>
            createEvaluator(sourceOf(all)).range(query, 0, step * 12, step, { statistics: true });
          const fused = await ask(`${operator}${grouping} (${inner})`);
          // What is between the two is a node of its own, which is no selector and no call of a window function.
          const plain = await ask(`${operator}${grouping} (+(${inner}))`);
          expect(fused.resultType === 'matrix' && fused.series).toEqual(plain.resultType === 'matrix' && plain.series);
          expect(fused.statistics).toEqual(plain.statistics);
          expect(fused.warnings).toEqual(plain.warnings);
        },
      ),
      { numRuns: 500 },
    ));

  it('does the same where the sums are too many for the memory of the loops in WebAssembly', async () => {
    const all = Array.from({ length: 220 }, (_, i) =>
      dataOf({ start: 0, gaps: [15_000], values: [i, 7, 3, 900, 'stale', 5, 8 * i], zone: 'a' }, i),
    );
    const ask = (query: string) => createEvaluator(sourceOf(all)).range(query, 0, 3000 * 40, 40, { statistics: true });
    for (const grouping of ['', ' by (i)']) {
      expect(await ask(`sum${grouping} (rate(x_total[1m]))`)).toEqual(
        await ask(`sum${grouping} (+(rate(x_total[1m])))`),
      );
    }
  });

  it('leaves it to the others where one of the series has histograms', async () => {
    const times = Float64Array.of(0, 15_000, 30_000);
    const histogram = (count: number) => ({
      schema: 0,
      count,
      sum: count,
      zeroThreshold: 0,
      zeroCount: count,
      positive: NO_BUCKETS,
      negative: NO_BUCKETS,
      bounds: new Float64Array(),
      resetHint: 'unknown' as const,
    });
    const all = [
      {
        labels: new Map([
          ['__name__', 'x'],
          ['i', '1'],
        ]),
        timestamps: times,
        values: Float64Array.of(1, 2, 3),
      },
      {
        labels: new Map([
          ['__name__', 'x'],
          ['i', '2'],
        ]),
        timestamps: times,
        values: new Float64Array(3),
        histograms: [1, 2, 3].map(histogram),
      },
    ];
    const result = await createEvaluator(sourceOf(all)).instant('sum by (i) (increase(x[1m]))', 30_000);
    const kinds = result.resultType === 'vector' && result.samples.map(({ histogram: h, value }) => h?.count ?? value);
    expect(kinds).toEqual([2.5, 2.5]);
  });

  it('refuses series that are the same without their names, as it must', async () => {
    const columns = { timestamps: Float64Array.of(0, 15_000), values: Float64Array.of(1, 2) };
    const all = ['x', 'y'].map((name) => ({ labels: new Map([['__name__', name]]), ...columns }));
    const asked = createEvaluator(sourceOf(all)).instant('sum(rate({__name__=~"x|y"}[1m]))', 20_000);
    await expect(asked).rejects.toThrow('vector cannot contain metrics with the same labelset');
  });
});

describe('all steps at once', () => {
  it('are to the bit those of window by window', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(series, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(
          ...['rate', 'increase', 'delta', 'sum_over_time', 'avg_over_time', 'count_over_time', 'min_over_time'],
          ...['max_over_time', 'stdvar_over_time', 'stddev_over_time'],
        ),
        fc.constantFrom(15_000, 60_000, 600_000),
        async (specs, name, range) => {
          const all = specs.map(dataOf);
          // Start times that are not known change nothing, but they have to be looked at window by window.
          const known = all.map((one) => ({ ...one, startTimestamps: new Float64Array(one.values.length) }));
          const query = `${name}(x_total[${range}ms])`;
          const rows = await createEvaluator(sourceOf(all)).range(query, 0, 400_000, 10_000, { statistics: true });
          const windows = await createEvaluator(sourceOf(known), { features: { startTimestamps: true } }).range(
            query,
            0,
            400_000,
            10_000,
            { statistics: true },
          );
          expect(rows).toEqual(windows);
        },
      ),
      { numRuns: 300 },
    ));
});

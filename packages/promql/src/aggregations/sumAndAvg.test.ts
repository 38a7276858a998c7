import { expect, it } from 'vitest';
import { createEvaluator } from '../engine/evaluator.ts';
import { parseHistogramLiteral } from '../histogram/literal.ts';
import type { SeriesData, SeriesSource } from '../source.ts';

const { NaN: NOT_A_NUMBER, POSITIVE_INFINITY: INF } = Number;

function sourceOf(samples: readonly (number | string)[]): SeriesSource {
  const series: SeriesData[] = samples.map((sample, i) => ({
    labels: new Map([['i', String(i)]]),
    timestamps: Float64Array.of(0),
    values: Float64Array.of(typeof sample === 'number' ? sample : 0),
    ...(typeof sample === 'string' ? { histograms: [parseHistogramLiteral(sample)] } : {}),
  }));
  return { select: async () => series };
}

const ask = (query: string, samples: readonly (number | string)[]) =>
  createEvaluator(sourceOf(samples)).instant(query, 0);

it.each([
  [[1e100, 1, -1e100], 1, 1 / 3],
  [[0.1, 0.2, 0.3, -0.6], 2.7755575615628914e-17, 6.938893903907228e-18],
  [[1e308, 1e308], INF, 1e308],
  [[INF, 1], INF, INF],
  [[INF, -INF], NOT_A_NUMBER, NOT_A_NUMBER],
  [[NOT_A_NUMBER, 1], NOT_A_NUMBER, NOT_A_NUMBER],
])('the sum of %j is %d, the mean %d', async (samples, sum, mean) => {
  const totals = await Promise.all(['sum(x)', 'avg(x)'].map((query) => ask(query, samples)));
  expect(totals).toMatchObject([{ samples: [{ value: sum }] }, { samples: [{ value: mean }] }]);
});

it.each(['sum', 'avg'])('%s says when counters were reset and were not', async (op) => {
  const both = await ask(`${op}(x)`, [
    '{{count:1 sum:1 buckets:[1] counter_reset_hint:reset}}',
    '{{count:1 sum:1 buckets:[1] counter_reset_hint:not_reset}}',
  ]);
  expect(both.warnings).toEqual(['PromQL warning: conflicting counter resets during histogram aggregation (1:5)']);
  expect(both).toMatchObject({ samples: [{ histogram: { count: op === 'sum' ? 2 : 1 } }] });
});

it('what does not go together is left out from there on', async () => {
  const result = await ask('sum(x)', [
    '{{count:1 sum:1 buckets:[1]}}',
    '{{schema:-53 custom_values:[5] count:1 sum:1 buckets:[1]}}',
    1,
  ]);
  expect(result).toMatchObject({ samples: [] });
  expect(result.warnings).toEqual([
    'PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "" (1:5)',
  ]);
});

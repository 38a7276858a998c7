import { expect, it } from 'vitest';
import { ArraySource } from '../promqltest/arraySource.ts';
import { parseSeriesLine } from '../promqltest/series.ts';
import { PromqlLimitError } from './errors.ts';
import { createEvaluator } from './evaluator.ts';

const source = new ArraySource();
source.load(1000, [parseSeriesLine('x 0+1x999')]);

it('refuses to load more samples than allowed and names the limit', async () => {
  const query = createEvaluator(source, { maxSamples: 100 }).range('rate(x[1m])', 0, 900_000, 1000);
  await expect(query).rejects.toThrow(/maxSamples = 100/);
  await expect(query).rejects.toBeInstanceOf(PromqlLimitError);
});

it('stops with the reason of its signal', async () => {
  const reason = new Error('client went away');
  await expect(createEvaluator(source).instant('x', 0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

it('has a point at every step of a range, both bounds included', async () => {
  const result = await createEvaluator(source).range('x * 2', 10_000, 30_000, 10_000);
  expect(result.resultType === 'matrix' && [...result.series[0]!.values]).toEqual([20, 40, 60]);
});

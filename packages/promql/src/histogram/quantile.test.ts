import { expect, it } from 'vitest';
import { parseHistogramLiteral as literal } from './literal.ts';
import { histogramAverage, histogramFraction, histogramQuantile, histogramVariance } from './quantile.ts';

const POSITIVE = '{{schema:0 count:12 sum:100 z_bucket:2 z_bucket_w:0.001 buckets:[2 3 5]}}';
const NEGATIVE = '{{schema:0 count:12 sum:-100 z_bucket:2 z_bucket_w:0.001 n_buckets:[2 3 5]}}';
const BOTH = '{{schema:0 count:22 sum:0 z_bucket:2 z_bucket_w:1 buckets:[0 4 6] n_buckets:[0 4 6]}}';
const CUSTOM = '{{schema:-53 count:10 sum:40 custom_values:[5 10] buckets:[4 5 1]}}';

it.each([
  ['nothing is below 0', POSITIVE, -0.1, Number.NEGATIVE_INFINITY],
  ['or above 1', POSITIVE, 1.1, Number.POSITIVE_INFINITY],
  ['NaN', POSITIVE, Number.NaN, Number.NaN],
  ['no observations', '{{}}', 0.5, Number.NaN],
  ['the end of the highest bucket', POSITIVE, 1, 4],
  // Rank 7.2 of 12, so 9.6 - 4.8: 0.2/5 into (2, 4].
  ['on a logarithmic scale', POSITIVE, 0.6, 2 ** 1.04],
  ['mirrored', NEGATIVE, 0.4, -(2 ** 1.04)],
  ['the zero bucket begins at 0 without negative ones', POSITIVE, 1 / 12, 0.0005],
  ['and ends there without positive ones', NEGATIVE, 11 / 12, -0.0005],
  ['in the middle of everything', BOTH, 0.5, 0],
  ['linear in the zero bucket', BOTH, 10.5 / 22, -0.5],
  ['linear in a custom bucket', CUSTOM, 0.65, 7.5],
  ['the first custom bucket begins at 0', CUSTOM, 0.2, 2.5],
  ['the last custom bucket is its lower bound', CUSTOM, 0.95, 10],
  [
    'a first custom bucket that ends at or below 0',
    '{{schema:-53 count:1 sum:0 custom_values:[-2] buckets:[1]}}',
    0.5,
    -2,
  ],
])('quantile: %s', (_, text, q, expected) => {
  const { value, nan } = histogramQuantile(q, literal(text));
  if (Number.isFinite(expected)) expect(value).toBeCloseTo(expected, 12);
  else expect(value).toBe(expected);
  expect(nan).toBeUndefined();
});

it('observations of NaN are above all others', () => {
  const histogram = literal('{{schema:0 count:20 sum:NaN buckets:[5 5]}}');
  expect(histogramQuantile(0.9, histogram)).toEqual({ value: Number.NaN, nan: 'result' });
  expect(histogramQuantile(0.5, histogram)).toEqual({ value: 2, nan: 'skew' });
  const infinities = literal('{{schema:0 count:10 sum:NaN buckets:[5 5]}}');
  expect(histogramQuantile(1, infinities)).toEqual({ value: 2 });
});

it.each([
  ['everything', POSITIVE, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 1],
  ['nothing between equal bounds', POSITIVE, 2, 2, 0],
  ['a bound that is NaN', POSITIVE, Number.NaN, 2, Number.NaN],
  ['no observations', '{{}}', 0, 1, Number.NaN],
  ['whole buckets', POSITIVE, 1, 4, 8 / 12],
  ['half a bucket on a logarithmic scale', POSITIVE, Math.SQRT2, 2, 1.5 / 12],
  ['mirrored', NEGATIVE, -2, -Math.SQRT2, 1.5 / 12],
  ['half of the zero bucket', BOTH, 0, 1, 1 / 22],
  ['linear in a custom bucket', CUSTOM, 6, 10, 0.4],
  ['nothing known of the last custom bucket', CUSTOM, 20, Number.POSITIVE_INFINITY, 0.1],
])('fraction: %s', (_, text, lower, upper, expected) => {
  const { value, nanExcluded } = histogramFraction(lower, upper, literal(text));
  if (Number.isFinite(expected)) expect(value).toBeCloseTo(expected, 12);
  else expect(value).toBe(expected);
  expect(nanExcluded).toBe(false);
});

it('observations of NaN are between no bounds', () => {
  const histogram = literal('{{schema:0 count:20 sum:NaN buckets:[5 5]}}');
  expect(histogramFraction(0, Number.POSITIVE_INFINITY, histogram)).toEqual({ value: 0.5, nanExcluded: true });
});

it('the centres of the buckets make the variance', () => {
  // 1 at √2, 2 at √8, and a mean of 2.
  const histogram = literal('{{count:3 sum:6 offset:1 buckets:[1 2]}}');
  expect(histogramAverage(histogram)).toBe(2);
  expect(histogramVariance(histogram)).toBeCloseTo(((2 - Math.SQRT2) ** 2 + 2 * (Math.sqrt(8) - 2) ** 2) / 3, 12);
  const custom = literal('{{schema:-53 count:4 sum:20 custom_values:[2 4 8] offset:1 buckets:[2 2]}}');
  expect(histogramVariance(custom)).toBe((2 * 2 ** 2 + 2 * 1 ** 2) / 4);
});

import { expect, it } from 'vitest';
import { HistogramMean, HistogramSum, IncompatibleSchemasError } from './arithmetic.ts';
import { histogramLiteral, parseHistogramLiteral as literal } from './literal.ts';

function sumOf(...texts: string[]): HistogramSum {
  const sum = new HistogramSum();
  for (const text of texts) sum.add(literal(text));
  return sum;
}

function meanOf(...texts: string[]): HistogramMean {
  const mean = new HistogramMean();
  for (const text of texts) mean.add(literal(text));
  return mean;
}

const all = (value: number) =>
  `{{count:${value} sum:${value} z_bucket:${value} offset:3 buckets:[${value}] n_offset:1 n_buckets:[${value}]}}`;

it('a sum carries what floating point loses, in every figure', () => {
  expect(histogramLiteral(sumOf(all(1), all(1e100), all(1), all(-1e100)).total())).toBe(all(2));
});

it('a mean does too', () => {
  expect(histogramLiteral(meanOf(all(1), all(1e100), all(1), all(-1e100)).mean())).toBe(all(0.5));
});

it('a bucket that appears late, and one that is merged, keep what the others lost', () => {
  const sum = sumOf(
    '{{schema:1 offset:1 buckets:[1 1]}}',
    '{{schema:1 offset:1 buckets:[1e100 0 7]}}',
    '{{schema:0 offset:1 buckets:[-1e100]}}',
  );
  expect(histogramLiteral(sum.total())).toBe('{{offset:1 buckets:[2 7]}}');
});

it('the zero bucket takes in buckets with what they lost', () => {
  const sum = sumOf('{{buckets:[1]}}', '{{buckets:[1e100]}}', '{{buckets:[-1e100]}}', '{{z_bucket:2 z_bucket_w:1}}');
  expect(histogramLiteral(sum.total())).toBe('{{z_bucket:3 z_bucket_w:1}}');
});

it('a mean of sums that overflow turns to the incremental form', () => {
  const texts = [all(1e308), all(1e308), all(1.2e308), all(0.8e308)];
  const { count, sum, positive, negative } = meanOf(...texts).mean();
  for (const figure of [count, sum, positive.counts[0]!, negative.counts[0]!]) {
    expect(figure / 1e308).toBeCloseTo(1, 14);
  }
  expect(sumOf(...texts).total().count).toBe(Number.POSITIVE_INFINITY);
});

it.each([
  [1, '{{schema:1 offset:1 buckets:[1e308 1e308]}}', '{{offset:1 buckets:[0 1]}}'],
  [1.5, '{{offset:1 buckets:[1.5e308]}}', '{{schema:1 offset:1 buckets:[0.75e308 0.75e308]}}'],
])('buckets that overflow only when they are merged are found too: a mean of %de308', (expected, a, b) => {
  expect(meanOf(a, b).mean().positive.counts[0]! / 1e308).toBeCloseTo(expected, 14);
});

it('one histogram is its own sum and mean', () => {
  const text = '{{schema:2 count:3 sum:1 counter_reset_hint:reset buckets:[1 2]}}';
  expect(histogramLiteral(sumOf(text).total())).toBe(text);
  expect(histogramLiteral(meanOf(text).mean())).toBe(text);
});

it('a total can be taken again after more was added', () => {
  const mean = meanOf('{{count:2}}', '{{count:4}}');
  expect(histogramLiteral(mean.mean())).toBe('{{count:3}}');
  mean.add(literal('{{count:9}}'));
  expect(histogramLiteral(mean.mean())).toBe('{{count:5}}');
});

it('custom bounds are reduced to those in common, and that is known', () => {
  const texts = [
    '{{schema:-53 custom_values:[1 2 3] buckets:[1 2 4 8]}}',
    '{{schema:-53 custom_values:[2 4] buckets:[3 0 6]}}',
  ];
  for (const aggregate of [sumOf(...texts), meanOf(...texts)]) expect(aggregate.boundsReconciled).toBe(true);
  expect(histogramLiteral(sumOf(...texts).total())).toBe('{{schema:-53 custom_values:[2] buckets:[6 18]}}');
  expect(histogramLiteral(meanOf(...texts).mean())).toBe('{{schema:-53 custom_values:[2] buckets:[3 9]}}');
  expect(sumOf(texts[0]!, texts[0]!).boundsReconciled).toBe(false);
});

it('a reset and none collide, even if others are between them', () => {
  const hints = (...all: string[]) => all.map((hint) => `{{counter_reset_hint:${hint}}}`);
  expect(sumOf(...hints('reset', 'gauge', 'not_reset')).resetCollision).toBe(true);
  expect(meanOf(...hints('not_reset', 'unknown', 'reset')).resetCollision).toBe(true);
  expect(sumOf(...hints('reset', 'unknown', 'gauge')).resetCollision).toBe(false);
  expect(sumOf(...hints('reset', 'unknown', 'gauge')).total().resetHint).toBe('gauge');
});

it('exponential and custom buckets cannot be aggregated', () => {
  expect(() => sumOf('{{}}', '{{schema:-53 custom_values:[1]}}')).toThrow(IncompatibleSchemasError);
  expect(() => meanOf('{{schema:-53 custom_values:[1]}}', '{{}}')).toThrow(IncompatibleSchemasError);
});

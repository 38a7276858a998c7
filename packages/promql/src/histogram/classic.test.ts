import { expect, it } from 'vitest';
import { toCustomHistogram } from './classic.ts';
import { histogramLiteral } from './literal.ts';

const INF = Number.POSITIVE_INFINITY;

it.each([
  [[1, 2, INF], [3, 5, 9], 10, 9, '{{schema:-53 count:9 sum:10 custom_values:[1 2] buckets:[3 2 4]}}'],
  [[INF, 2, 1, 2], [9, 5, 3, 100], 10, 9, '{{schema:-53 count:9 sum:10 custom_values:[1 2] buckets:[3 2 4]}}'],
  [[1, 2], [3, 3], 10, 9, '{{schema:-53 count:9 sum:10 custom_values:[1 2] buckets:[3 0 6]}}'],
  [[1, 2], [3, 5.5], 10, undefined, '{{schema:-53 count:5.5 sum:10 custom_values:[1 2] buckets:[3 2.5]}}'],
  [[], [], 10, 4, '{{schema:-53 count:4 sum:10 custom_values:[] buckets:[4]}}'],
])('bounds %j with counts %j', (bounds, counts, sum, count, expected) => {
  expect(histogramLiteral(toCustomHistogram(bounds, counts, sum, count))).toBe(expected);
});

it.each([
  ['bucket boundary must not be NaN', [Number.NaN], [1], 1],
  ['bucket count must be non-negative: le=1, count=-1', [1], [-1], 1],
  ['count is not cumulative: 1 < 2', [1, 2], [2, 1], 2],
  ['count is not cumulative: 3 > 2', [2, 1], [2, 3], 3],
  ['count must be non-negative: count=-2', [1], [1], -2],
  ['count mismatch: count=3000000 != le=+Inf count=2', [INF], [2], 3e6],
  ['count mismatch: count=3.5 != le=+Inf count=2', [INF], [2], 3.5],
])('%s', (message, bounds, counts, count) => {
  expect(() => toCustomHistogram(bounds, counts, 0, count)).toThrow(message);
});

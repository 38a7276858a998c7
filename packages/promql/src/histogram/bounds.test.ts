import { expect, it } from 'vitest';
import { bucketsOf, exponentialBound } from './bounds.ts';
import { CUSTOM_SCHEMA, EMPTY_HISTOGRAM, NO_BUCKETS } from './histogram.ts';

// The figures are those of Prometheus' table and its test of bounds.
it.each([
  [0, 0, 1],
  [1, 0, 2],
  [-1, 0, 0.5],
  [1, 1, Math.SQRT2 - Number.EPSILON],
  [1, 2, 1.189207115002721],
  [3, 2, 1.6817928305074288],
  [255, 8, 1.9945921121709396],
  [256, 8, 2],
  [17, 1, 362.0386719675123],
  [-5, 1, 0.17677669529663687],
  [2, -1, 16],
  [5, -4, 1.2089258196146292e24],
  [-8, -4, 2.938735877055719e-39],
  [1024, 0, Number.MAX_VALUE],
  [1025, 0, Number.POSITIVE_INFINITY],
  [512, -1, Number.MAX_VALUE],
  [513, -1, Number.POSITIVE_INFINITY],
  [1024 * 256, 8, Number.MAX_VALUE],
  [1024 * 256 - 1, 8, 2 * 0.9972960560854698 * 2 ** 1023],
  [-1074, 0, 5e-324],
  [-1075, 0, 0],
])('bucket %d of schema %d ends at %d', (index, schema, bound) => {
  expect(exponentialBound(index, schema)).toBe(bound);
});

const buckets = (indexes: number[], counts: number[]) => ({
  indexes: Int32Array.from(indexes),
  counts: Float64Array.from(counts),
});

it('buckets come in ascending order, and those that the zero bucket reaches into end where it begins', () => {
  const histogram = {
    ...EMPTY_HISTOGRAM,
    zeroThreshold: 0.75,
    zeroCount: 3,
    positive: buckets([0, 2], [1, 2]),
    negative: buckets([0, 1], [4, 5]),
  };
  expect([...bucketsOf(histogram)]).toEqual([
    { lower: -2, upper: -1, lowerInclusive: true, upperInclusive: false, count: 5, index: 1 },
    { lower: -1, upper: -0.75, lowerInclusive: true, upperInclusive: false, count: 4, index: 0 },
    { lower: -0.75, upper: 0.75, lowerInclusive: true, upperInclusive: true, count: 3, index: 0 },
    { lower: 0.75, upper: 1, lowerInclusive: false, upperInclusive: true, count: 1, index: 0 },
    { lower: 2, upper: 4, lowerInclusive: false, upperInclusive: true, count: 2, index: 2 },
  ]);
});

it('custom buckets begin at -Inf and end at +Inf', () => {
  const bounds = Float64Array.of(5, 10);
  const histogram = { ...EMPTY_HISTOGRAM, schema: CUSTOM_SCHEMA, bounds, positive: buckets([0, 2], [1, 2]) };
  expect([...bucketsOf(histogram)]).toEqual([
    { lower: Number.NEGATIVE_INFINITY, upper: 5, lowerInclusive: true, upperInclusive: true, count: 1, index: 0 },
    { lower: 10, upper: Number.POSITIVE_INFINITY, lowerInclusive: false, upperInclusive: true, count: 2, index: 2 },
  ]);
});

it('a zero bucket that counts nothing is not there', () => {
  const histogram = { ...EMPTY_HISTOGRAM, zeroThreshold: 1, positive: NO_BUCKETS };
  expect([...bucketsOf(histogram)]).toEqual([]);
});

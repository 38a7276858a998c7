import { expect, it } from 'vitest';
import { power } from './power.ts';

/** Base, exponent and result, by Go 1.26 on x86-64. */
const GO: readonly (readonly [number, number, number])[] = [
  [3, 7, 2187],
  [1.1, 10, 2.593742460100002],
  [0.1, 3, 0.0010000000000000002],
  [99.9, -4, 1.0040100200350557e-8],
  [-7.3, 5, -20730.71593],
  [-7.3, -6, 6.607890524978267e-6],
  [1.0000001, 1e7, 2.7182816939803724],
  [2, -1074, 5e-324],
  [2, -1075, 0],
  [1.5, -1800, 1.0857597e-317],
  [7, 364, 4.12749508889652e307],
  [7, 365, Number.POSITIVE_INFINITY],
  [2, 1023, 8.98846567431158e307],
  [2, 1024, Number.POSITIVE_INFINITY],
  [1e-300, 2, 0],
  [5e-324, -1, Number.POSITIVE_INFINITY],
  [-2, 3, -8],
  [-8, 0.3333333333333333, Number.NaN],
  [2, 0.5, Math.SQRT2],
  [0.3, -0.5, 1.8257418583505538],
  [-1, Number.POSITIVE_INFINITY, 1],
  [-1, Number.NEGATIVE_INFINITY, 1],
  [0.5, Number.POSITIVE_INFINITY, 0],
  [1, Number.NaN, 1],
  [Number.NaN, 0, 1],
  [0, -3, Number.POSITIVE_INFINITY],
  [-0, -3, Number.NEGATIVE_INFINITY],
  [-0, -2, Number.POSITIVE_INFINITY],
  [-0, 5, -0],
  [Number.NEGATIVE_INFINITY, 3, Number.NEGATIVE_INFINITY],
  [Number.NEGATIVE_INFINITY, -3, -0],
  [Number.NEGATIVE_INFINITY, 2.5, Number.POSITIVE_INFINITY],
  [Number.POSITIVE_INFINITY, -1, 0],
  [-1, 1e300, 1],
  [-1.5, 9.007199254740992e15, Number.POSITIVE_INFINITY],
  [0.99, 1e19, 0],
];

it.each(GO)('raises %d to %d as Go does', (base, exponent, result) => {
  expect(power(base, exponent)).toBe(result);
});

it('is within the last place of e^x for other exponents', () => {
  for (const [base, exponent, result] of [
    [9, 2.5, 243.00000000000003],
    [13, 12.75, 159506263605226.2],
    [0.000001081142896491286, 18.020753289463087, 3.0625221208568046e-108],
  ] as const) {
    expect(Math.abs(power(base, exponent) / result - 1)).toBeLessThan(1e-15);
  }
});

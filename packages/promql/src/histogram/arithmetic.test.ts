import { expect, it } from 'vitest';
import {
  add,
  divide,
  equal,
  HistogramSum,
  IncompatibleSchemasError,
  multiply,
  negate,
  subtract,
} from './arithmetic.ts';
import { CUSTOM_SCHEMA, EMPTY_HISTOGRAM, type FloatHistogram } from './histogram.ts';
import { reduceResolution } from './resolution.ts';

function histogram(
  parts: Partial<FloatHistogram>,
  positive: [number, number][] = [],
  negative: [number, number][] = [],
) {
  const buckets = (pairs: [number, number][]) => ({
    indexes: Int32Array.from(pairs, ([index]) => index),
    counts: Float64Array.from(pairs, ([, count]) => count),
  });
  return { ...EMPTY_HISTOGRAM, ...parts, positive: buckets(positive), negative: buckets(negative) };
}

it('buckets that only one side has are kept, those that become empty go', () => {
  const a = histogram({ count: 6, sum: 10 }, [
    [0, 1],
    [2, 2],
    [5, 3],
  ]);
  const b = histogram({ count: 4, sum: 3 }, [
    [1, 1],
    [2, 2],
    [7, 1],
  ]);
  expect(add(a, b).histogram).toEqual(
    histogram({ count: 10, sum: 13 }, [
      [0, 1],
      [1, 1],
      [2, 4],
      [5, 3],
      [7, 1],
    ]),
  );
  expect(subtract(a, b).histogram).toEqual(
    histogram({ count: 2, sum: 7 }, [
      [0, 1],
      [1, -1],
      [5, 3],
      [7, -1],
    ]),
  );
});

it('the lower schema wins', () => {
  const fine = histogram({ schema: 1 }, [
    [1, 1],
    [2, 2],
    [3, 4],
  ]);
  const coarse = histogram({ schema: 0 }, [[1, 10]]);
  const sum = histogram({ schema: 0 }, [
    [1, 13],
    [2, 4],
  ]);
  expect(add(fine, coarse).histogram).toEqual(sum);
  expect(add(coarse, fine).histogram).toEqual(sum);
});

it('a zero bucket grows over the buckets that the other zero bucket covers, to the end of the one it cuts', () => {
  // (0.5, 1] and (1, 2] of a; the zero bucket of b ends at 1.5.
  const a = histogram(
    { zeroThreshold: 0.25, zeroCount: 1 },
    [
      [0, 2],
      [1, 4],
      [2, 8],
    ],
    [[0, 16]],
  );
  const b = histogram({ zeroThreshold: 1.5, zeroCount: 100 }, [[1, 1000]]);
  expect(add(a, b).histogram).toEqual(
    histogram({ zeroThreshold: 2, zeroCount: 1 + 2 + 4 + 16 + 100 + 1000 }, [[2, 8]]),
  );
});

it('custom bounds that differ are reduced to those in common', () => {
  const a = histogram({ schema: CUSTOM_SCHEMA, bounds: Float64Array.of(1, 2, 3) }, [
    [0, 1],
    [1, 2],
    [2, 4],
    [3, 8],
  ]);
  const b = histogram({ schema: CUSTOM_SCHEMA, bounds: Float64Array.of(2, 4) }, [
    [0, 10],
    [1, 20],
    [2, 40],
  ]);
  const result = add(a, b);
  expect(result.boundsReconciled).toBe(true);
  expect(result.histogram).toEqual(
    histogram({ schema: CUSTOM_SCHEMA, bounds: Float64Array.of(2) }, [
      [0, 13],
      [1, 72],
    ]),
  );
});

it('exponential and custom buckets cannot be combined', () => {
  const custom = histogram({ schema: CUSTOM_SCHEMA });
  expect(() => add(custom, EMPTY_HISTOGRAM)).toThrow(IncompatibleSchemasError);
  expect(() => subtract(EMPTY_HISTOGRAM, custom)).toThrow(
    'cannot apply this operation on histograms with a mix of exponential and custom bucket schemas',
  );
});

it.each([
  ['reset', 'reset', 'reset', false],
  ['reset', 'not_reset', 'unknown', true],
  ['not_reset', 'reset', 'unknown', true],
  ['reset', 'unknown', 'unknown', false],
  ['unknown', 'not_reset', 'unknown', false],
  ['gauge', 'reset', 'gauge', false],
  ['unknown', 'gauge', 'gauge', false],
] as const)('hints %s and %s make %s', (left, right, hint, collision) => {
  const result = add(histogram({ resetHint: left }), histogram({ resetHint: right }));
  expect([result.histogram.resetHint, result.resetCollision]).toEqual([hint, collision]);
});

it('a negative factor makes a gauge, a division by 0 leaves no buckets', () => {
  const a = histogram({ count: 3, sum: 6, zeroCount: 1 }, [[1, 2]]);
  expect(negate(a)).toEqual(histogram({ count: -3, sum: -6, zeroCount: -1, resetHint: 'gauge' }, [[1, -2]]));
  expect(multiply(a, 0)).toEqual(histogram({}));
  const infinite = Number.POSITIVE_INFINITY;
  expect(divide(a, 0)).toEqual(histogram({ count: infinite, sum: infinite, zeroCount: infinite }));
  expect(divide(a, 2)).toEqual(histogram({ count: 1.5, sum: 3, zeroCount: 0.5 }, [[1, 1]]));
});

it('a sum carries what floating point loses', () => {
  const sum = new HistogramSum();
  for (const value of [1e100, 1, -1e100, 1]) sum.add(histogram({ count: value, sum: value }, [[3, value]]));
  expect(sum.total()).toEqual(histogram({ count: 2, sum: 2 }, [[3, 2]]));
});

it('equal compares figures, not hints', () => {
  const a = histogram({ schema: 1, sum: Number.NaN }, [[1, 2]]);
  expect(equal(a, { ...a, resetHint: 'gauge', sum: Number.NaN })).toBe(true);
  expect(equal(a, { ...a, zeroCount: 1 })).toBe(false);
  expect(equal(a, reduceResolution(a, 0))).toBe(false);
});

import { expect, it } from 'vitest';
import {
  add,
  copyWithHint,
  divide,
  equal,
  IncompatibleSchemasError,
  multiply,
  negate,
  subtract,
} from './arithmetic.ts';
import { histogramLiteral, parseHistogramLiteral as literal } from './literal.ts';
import { compact, reduceResolution } from './resolution.ts';

const sum = (a: string, b: string) => histogramLiteral(add(literal(a), literal(b)).histogram);
const difference = (a: string, b: string) => histogramLiteral(subtract(literal(a), literal(b)).histogram);

it('buckets that only one side has are kept, those that become empty go', () => {
  const a = '{{count:6 sum:10 buckets:[1 0 2 0 0 3]}}';
  const b = '{{count:4 sum:3 offset:1 buckets:[1 2 0 0 0 0 1]}}';
  expect(sum(a, b)).toBe('{{count:10 sum:13 buckets:[1 1 4 0 0 3 0 1]}}');
  expect(difference(a, b)).toBe('{{count:2 sum:7 buckets:[1 -1 0 0 0 3 0 -1]}}');
  expect(difference(a, a)).toBe('{{}}');
});

it.each([
  ['{{schema:1 offset:1 buckets:[1 2 4]}}', '{{offset:1 buckets:[10]}}', '{{offset:1 buckets:[13 4]}}'],
  ['{{schema:1 offset:-1 buckets:[1 2 4 8]}}', '{{offset:-1 buckets:[10]}}', '{{offset:-1 buckets:[10 3 12]}}'],
  ['{{schema:8 n_offset:256 n_buckets:[1 2]}}', '{{schema:-4 n_buckets:[4]}}', '{{schema:-4 n_buckets:[4 3]}}'],
])('the lower schema wins: %s and %s', (fine, coarse, expected) => {
  expect(sum(fine, coarse)).toBe(expected);
  expect(sum(coarse, fine)).toBe(expected);
});

it.each([
  // The wider one takes in what it covers, to the end of the bucket that it cuts, which then holds for both.
  [
    '{{z_bucket:1 z_bucket_w:0.25 buckets:[2 4 8] n_buckets:[16]}}',
    '{{z_bucket:100 z_bucket_w:1.5 offset:1 buckets:[1000]}}',
    '{{z_bucket:1123 z_bucket_w:2 offset:2 buckets:[8]}}',
  ],
  // A bucket that is cut but counts nothing does not move it.
  ['{{z_bucket:1 z_bucket_w:0.1}}', '{{z_bucket:2 z_bucket_w:1.5}}', '{{z_bucket:3 z_bucket_w:1.5}}'],
  // The negative bucket that is cut goes further than the positive one.
  [
    '{{schema:-1 z_bucket_w:0.5 offset:1 buckets:[1 2] n_offset:2 n_buckets:[4]}}',
    '{{z_bucket_w:5 offset:5 buckets:[8]}}',
    '{{schema:-1 z_bucket:7 z_bucket_w:16 offset:3 buckets:[8]}}',
  ],
])('zero buckets of different width: %s and %s', (a, b, expected) => {
  expect(sum(a, b)).toBe(expected);
  expect(sum(b, a)).toBe(expected);
});

it('custom bounds that differ are reduced to those in common', () => {
  const a = literal('{{schema:-53 custom_values:[1 2 3] buckets:[1 2 4 8]}}');
  const b = literal('{{schema:-53 custom_values:[2 4] buckets:[10 20 40]}}');
  const { histogram, boundsReconciled } = add(a, b);
  expect(histogramLiteral(histogram)).toBe('{{schema:-53 custom_values:[2] buckets:[13 72]}}');
  expect(boundsReconciled).toBe(true);
  expect(add(a, a).boundsReconciled).toBe(false);
});

it('exponential and custom buckets cannot be combined', () => {
  const custom = literal('{{schema:-53 custom_values:[1]}}');
  expect(() => add(custom, literal('{{}}'))).toThrow(IncompatibleSchemasError);
  expect(() => subtract(literal('{{}}'), custom)).toThrow(
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
  const hinted = (resetHint: typeof left | typeof right) => copyWithHint(literal('{{}}'), resetHint);
  for (const combine of [add, subtract]) {
    const { histogram, resetCollision } = combine(hinted(left), hinted(right));
    expect([histogram.resetHint, resetCollision]).toEqual([hint, collision]);
  }
});

it('a negative factor makes a gauge, a division by 0 leaves no buckets', () => {
  const a = literal('{{count:3 sum:6 z_bucket:1 offset:1 buckets:[2]}}');
  expect(histogramLiteral(negate(a))).toBe(
    '{{count:-3 sum:-6 z_bucket:-1 counter_reset_hint:gauge offset:1 buckets:[-2]}}',
  );
  expect(histogramLiteral(multiply(a, 0))).toBe('{{}}');
  expect(histogramLiteral(divide(a, 2))).toBe('{{count:1.5 sum:3 z_bucket:0.5 offset:1 buckets:[1]}}');
  expect(histogramLiteral(divide(a, -2))).toContain('counter_reset_hint:gauge');
  expect(histogramLiteral(divide(a, 0))).toBe('{{count:+Inf sum:+Inf z_bucket:+Inf}}');
});

it('equal compares figures, not hints', () => {
  const a = literal('{{schema:1 sum:NaN offset:1 buckets:[2]}}');
  expect(equal(a, { ...a, resetHint: 'gauge' })).toBe(true);
  expect(equal(a, { ...a, zeroCount: 1 })).toBe(false);
  expect(equal(a, { ...a, sum: 0 })).toBe(false);
  expect(equal(a, reduceResolution(a, 0))).toBe(false);
  expect(equal(a, literal('{{schema:1 sum:NaN offset:1 buckets:[3]}}'))).toBe(false);
});

it('only exponential buckets can be reduced, and only to wider ones', () => {
  expect(() => reduceResolution(literal('{{}}'), 1)).toThrow('cannot reduce resolution from schema 0 to 1');
  expect(() => reduceResolution(literal('{{schema:-53 custom_values:[1]}}'), -54)).toThrow(RangeError);
});

it('buckets that count 0 are removed', () => {
  const buckets = { indexes: Int32Array.of(1, 2, 3), counts: Float64Array.of(0, 5, 0) };
  const { positive } = compact({ ...literal('{{}}'), positive: buckets });
  expect(positive).toEqual({ indexes: Int32Array.of(2), counts: Float64Array.of(5) });
});

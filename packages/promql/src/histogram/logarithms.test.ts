import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exp2, log2 } from './logarithms.ts';

it.each([1, 2, 1024, 2 ** -1074, 2 ** -1022, 2 ** 1023, 0.25])('%d is an exact power of two', (x) => {
  expect(exp2(log2(x))).toBe(x);
});

it('what cannot be represented is infinite or 0', () => {
  expect(exp2(1024)).toBe(Number.POSITIVE_INFINITY);
  expect(exp2(-1075)).toBe(0);
  expect(exp2(Number.NaN)).toBe(Number.NaN);
});

it('agrees with the language but for the last places', () => {
  fc.assert(
    fc.property(fc.double({ min: 5e-324, noNaN: true, noDefaultInfinity: true }), (x) => {
      const expected = Math.log2(x);
      expect(Math.abs(log2(x) - expected)).toBeLessThanOrEqual(3e-16 * Math.max(1, Math.abs(expected)));
    }),
  );
  fc.assert(
    fc.property(fc.double({ min: -1020, max: 1023, noNaN: true }), (x) => {
      expect(exp2(x) / 2 ** x).toBeCloseTo(1, 14);
    }),
  );
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatValue } from './format.ts';

it.each([
  [1e6, '1000000'],
  [1e21, '1000000000000000000000'],
  [1.5e-7, '0.00000015'],
  [-2.5e22, '-25000000000000000000000'],
  [-0, '-0'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
])('%d is written %s', (value, text) => {
  expect(formatValue(value)).toBe(text);
});

it('every finite value is written without exponent and reads back as itself', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = formatValue(value);
      expect(text).not.toContain('e');
      expect(Number(text)).toBe(value);
    }),
  );
});

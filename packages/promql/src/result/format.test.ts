import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseHistogramLiteral } from '../histogram/literal.ts';
import { formatValue, toApiData } from './format.ts';
import { formatGeneral } from './numbers.ts';

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

it.each([
  [0, '0'],
  [1.1, '1.1'],
  [999999.5, '999999.5'],
  [1e6, '1e+06'],
  [1234567, '1.234567e+06'],
  [0.0001, '0.0001'],
  [-1e-7, '-1e-07'],
  [1e100, '1e+100'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
  [Number.NaN, 'NaN'],
])('%d is %s in a message', (value, text) => {
  expect(formatGeneral(value)).toBe(text);
});

it.each([
  [1e-6, '0.000001'],
  [9.5e-7, '9.5e-07'],
  [1e20, '100000000000000000000'],
  [-1e21, '-1e+21'],
  [0, '0'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
])('%d is the sample %s of an answer', (value, text) => {
  const samples = [{ labels: new Map(), time: 1500, value }];
  const data = toApiData({ resultType: 'vector', samples, warnings: [], infos: [] });
  expect(data.result).toEqual([{ metric: {}, value: [1.5, text] }]);
});

const native = parseHistogramLiteral('{{count:3 sum:1e-9 buckets:[1 2]}}');
const written = {
  count: '3',
  sum: '1e-09',
  buckets: [
    [0, '0.5', '1', '1'],
    [0, '1', '2', '2'],
  ],
};

it('a histogram takes the place of the value in a vector', () => {
  const samples = [{ labels: new Map([['a', 'b']]), time: 2000, value: 0, histogram: native }];
  const data = toApiData({ resultType: 'vector', samples, warnings: [], infos: [] });
  expect(data.result).toEqual([{ metric: { a: 'b' }, histogram: [2, written] }]);
});

it.each([
  [[undefined, native], { values: [[1, '7']], histograms: [[2, written]] }],
  [
    [native, native],
    {
      histograms: [
        [1, written],
        [2, written],
      ],
    },
  ],
  [
    [undefined, undefined],
    {
      values: [
        [1, '7'],
        [2, '8'],
      ],
    },
  ],
  [
    undefined,
    {
      values: [
        [1, '7'],
        [2, '8'],
      ],
    },
  ],
])('floats and histograms of a matrix are apart, and the kind that it lacks is left out (%#)', (histograms, expected) => {
  const timestamps = Float64Array.of(1000, 2000);
  const series = [
    { labels: new Map(), timestamps, values: Float64Array.of(7, 8), ...(histograms ? { histograms } : {}) },
  ];
  const data = toApiData({ resultType: 'matrix', series, warnings: [], infos: [] });
  expect(data.result).toEqual([{ metric: {}, ...expected }]);
});

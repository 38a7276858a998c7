import { expect, it } from 'vitest';
import { formatHistogram, toApiHistogram } from './format.ts';
import { parseHistogramLiteral as literal } from './literal.ts';

it.each([
  ['{{}}', '{count:0, sum:0}'],
  [
    '{{count:1e6 sum:-2.5 z_bucket:1 z_bucket_w:0.75 buckets:[1 0 2] n_buckets:[3 4]}}',
    '{count:1e+06, sum:-2.5, [-2,-1):4, [-1,-0.5):3, [-0.75,0.75]:1, (0.5,1]:1, (2,4]:2}',
  ],
  [
    '{{schema:-53 count:3 sum:NaN custom_values:[5 10] buckets:[1 0 2]}}',
    '{count:3, sum:NaN, [-Inf,5]:1, (10,+Inf]:2}',
  ],
])('%s is written %s', (text, expected) => {
  expect(formatHistogram(literal(text))).toBe(expected);
});

it('buckets in an answer say which of their ends belong to them', () => {
  expect(
    toApiHistogram(literal('{{count:7 sum:1e21 z_bucket:1 z_bucket_w:0.75 buckets:[1] n_buckets:[3 2]}}')),
  ).toEqual({
    count: '7',
    sum: '1e+21',
    buckets: [
      [1, '-2', '-1', '2'],
      [1, '-1', '-0.75', '3'],
      [3, '-0.75', '0.75', '1'],
      [0, '0.75', '1', '1'],
    ],
  });
  expect(toApiHistogram(literal('{{count:1 sum:2}}'))).toEqual({ count: '1', sum: '2' });
});

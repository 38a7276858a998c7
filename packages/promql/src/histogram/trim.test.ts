import { expect, it } from 'vitest';
import { histogramLiteral, parseHistogramLiteral } from './literal.ts';
import { trimLower, trimUpper } from './trim.ts';

const BOTH = '{{count:16 sum:3 z_bucket:4 z_bucket_w:0.5 offset:1 buckets:[2 4] n_offset:1 n_buckets:[2 4]}}';
const CUSTOM = '{{schema:-53 count:7 sum:3 custom_values:[4 8] buckets:[1 2 4]}}';

it.each([
  ['nothing is cut', BOTH, '</', 4, BOTH],
  ['all is', BOTH, '>/', 4, '{{z_bucket_w:0.5}}'],
  // What is left: 2 at -√2, 4 at -√8, the zero bucket at 0, 2 at √2.
  [
    'a bucket above',
    BOTH,
    '</',
    2,
    `{{count:12 sum:${-4 * Math.sqrt(8)} z_bucket:4 z_bucket_w:0.5 offset:1 buckets:[2] n_offset:1 n_buckets:[2 4]}}`,
  ],
  [
    'half of the zero bucket',
    BOTH,
    '>/',
    0,
    `{{count:8 sum:${2 * 0.25 + 2 * Math.SQRT2 + 4 * Math.sqrt(8)} z_bucket:2 z_bucket_w:0.5 offset:1 buckets:[2 4]}}`,
  ],
  ['half of a custom bucket', CUSTOM, '</', 6, '{{schema:-53 count:2 sum:7 custom_values:[4 8] buckets:[1 1]}}'],
  [
    'the first custom bucket, from 0',
    CUSTOM,
    '</',
    1,
    '{{schema:-53 count:0.25 sum:0.125 custom_values:[4 8] buckets:[0.25]}}',
  ],
  [
    'the last custom bucket is kept above',
    CUSTOM,
    '>/',
    8,
    '{{schema:-53 count:4 sum:32 custom_values:[4 8] offset:2 buckets:[4]}}',
  ],
  ['and goes below', CUSTOM, '</', 8, '{{schema:-53 count:3 sum:14 custom_values:[4 8] buckets:[1 2]}}'],
] as const)('%s: %s %s %d', (_, text, operator, bound, expected) => {
  const trim = operator === '</' ? trimUpper : trimLower;
  const trimmed = trim(parseHistogramLiteral(text), bound);
  expect(trimmed.sum).toBeCloseTo(parseHistogramLiteral(expected).sum, 12);
  expect(histogramLiteral({ ...trimmed, sum: 0 })).toBe(
    histogramLiteral({ ...parseHistogramLiteral(expected), sum: 0 }),
  );
});

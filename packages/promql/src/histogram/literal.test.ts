import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Buckets, FloatHistogram } from './histogram.ts';
import { HistogramLiteralError, histogramLiteral, parseHistogramLiteral, readHistogramLiteral } from './literal.ts';

it('a literal inside of a text ends where its braces close', () => {
  const text = 'a {{count:1 counter_reset_hint:unknown}}x3 {{}}';
  const { histogram, hintGiven, end } = readHistogramLiteral(text, 2);
  expect([histogram.count, hintGiven, text.slice(end)]).toEqual([1, true, 'x3 {{}}']);
  expect(readHistogramLiteral(text, end + 3)).toMatchObject({ hintGiven: false, end: text.length });
});

it.each([
  '{{}}',
  '{{schema:-53 count:3 custom_values:[-2.5 0 1e+06] offset:1 buckets:[1 0 2]}}',
  '{{count:NaN sum:-Inf z_bucket:-1 z_bucket_w:0.001 counter_reset_hint:gauge offset:-3 buckets:[1] n_buckets:[+Inf]}}',
])('%s is written as it was read', (text) => {
  expect(histogramLiteral(parseHistogramLiteral(text.replace('+Inf', 'Inf')))).toBe(text);
});

it('numbers may be hexadecimal, and words of any case', () => {
  expect(histogramLiteral(parseHistogramLiteral('{{Count:0x10 SUM:inf buckets:[nan 1e2]}}'))).toBe(
    '{{count:16 sum:+Inf buckets:[NaN 100]}}',
  );
});

it.each([
  [
    '{{count:1} }',
    9,
    'unexpected "}" in histogram description, expected histogram description key, e.g. buckets:[5 10 7]',
  ],
  [
    '{{count:1',
    9,
    'unexpected end of input in histogram description, expected histogram description key, e.g. buckets:[5 10 7]',
  ],
  [
    '{{count:1 2}}',
    10,
    'unexpected number "2" in histogram description, expected histogram description key, e.g. buckets:[5 10 7]',
  ],
  ['{{count:x}}', 8, 'unexpected "x" in series values'],
  ['{{buckets:[]}}', 11, 'unexpected "]" in series values'],
  ['{{buckets:[1 2}}', 14, 'unexpected "}}" in series values'],
  ['{{schema:1.5}}', 9, 'invalid repetition in series values: strconv.ParseUint: parsing "1.5": invalid syntax'],
  ['{{}} x', 4, 'unexpected " " in series values'],
  ['count', 0, 'unexpected "<Item 57371>" "count" in series values'],
])('%s is refused', (text, offset, message) => {
  const refusal = () => parseHistogramLiteral(text);
  expect(refusal).toThrow(new HistogramLiteralError(message, offset));
  try {
    refusal();
  } catch (error) {
    expect((error as HistogramLiteralError).offset).toBe(offset);
  }
});

interface Expected {
  Schema?: number;
  Count?: number;
  Sum?: number;
  ZeroCount?: number;
  ZeroThreshold?: number;
  CustomValues?: number[];
  CounterResetHint?: { $ref: string };
  PositiveSpans?: { Offset: number; Length: number }[];
  PositiveBuckets?: number[];
  NegativeSpans?: { Offset: number; Length: number }[];
  NegativeBuckets?: number[];
}

interface Case {
  name: string;
  input: string;
  expected?: Expected[];
  expectedError?: string;
}

const CASES = new URL(
  '../../../../../shared/conformance/prometheus/curated/promql_hist_series_desc.json',
  import.meta.url,
);
const present = existsSync(CASES);
if (!present) console.warn(`skipped: no cases at ${CASES.pathname}`);
const cases: Case[] = present ? JSON.parse(readFileSync(CASES, 'utf8')) : [];

/** The empty label set before the literals of every case. */
const FIRST = '{} ';

describe.skipIf(!present)("Prometheus' cases of series with histograms", () => {
  it.each(cases.filter(({ expected }) => expected))('$name', ({ input, expected }) => {
    const { histogram, end } = readHistogramLiteral(input, FIRST.length);
    expect(described(histogram)).toEqual(withDefaults(expected![0]!));
    for (let at = input.indexOf('{{', end); at >= 0; ) at = input.indexOf('{{', readHistogramLiteral(input, at).end);
  });

  const refused = cases.filter(({ expectedError }) => expectedError && !expectedError.includes('combining'));
  it.each(refused)('$name is refused', ({ input, expectedError }) => {
    const [, column, message] = /^1:(\d+): parse error: (.*)$/.exec(expectedError!)!;
    const refusal = () => readHistogramLiteral(input, FIRST.length);
    expect(refusal).toThrow(message);
    try {
      refusal();
    } catch (error) {
      expect((error as HistogramLiteralError).offset ?? 0).toBe(Number(column) - 1);
    }
  });
});

const HINTS: Record<string, string> = {
  UnknownCounterReset: 'unknown',
  CounterReset: 'reset',
  NotCounterReset: 'not_reset',
  GaugeType: 'gauge',
};

function withDefaults(expected: Expected) {
  const pairs = (spans: { Offset: number; Length: number }[] = [], counts: number[] = []) => {
    let index = 0;
    let at = 0;
    return spans.flatMap(({ Offset, Length }) => {
      index += Offset;
      return Array.from({ length: Length }, () => [index++, counts[at++]!]);
    });
  };
  return {
    schema: expected.Schema ?? 0,
    count: expected.Count ?? 0,
    sum: expected.Sum ?? 0,
    zeroCount: expected.ZeroCount ?? 0,
    zeroThreshold: expected.ZeroThreshold ?? 0,
    bounds: expected.CustomValues ?? [],
    resetHint: HINTS[expected.CounterResetHint?.$ref.replace('histogram.', '') ?? 'UnknownCounterReset'],
    positive: pairs(expected.PositiveSpans, expected.PositiveBuckets),
    negative: pairs(expected.NegativeSpans, expected.NegativeBuckets),
  };
}

function described(histogram: FloatHistogram) {
  const pairs = ({ indexes, counts }: Buckets) => Array.from(indexes, (index, i) => [index, counts[i]!]);
  return {
    ...histogram,
    bounds: [...histogram.bounds],
    positive: pairs(histogram.positive),
    negative: pairs(histogram.negative),
  };
}

import { readFileSync } from 'node:fs';
import type { Buckets, FloatHistogram } from '../../packages/promql/src/histogram/histogram.ts';
import { type NotationError, type Point, parseSeriesLine } from '../../packages/promql/src/promqltest/series.ts';
import { attempt, type FileResult, inShared, named, type Suite } from '../suite.ts';

const FOLDER = inShared('prometheus/curated');

/** A call or name of the Go source that the tables were taken from. */
interface GoCall {
  readonly $call: string;
  readonly args: readonly (number | string | { $ref: string })[];
}

interface FloatCase {
  readonly input: string;
  readonly fail?: boolean;
  readonly expectedMetric?: Record<string, string> | GoCall;
  readonly expectedValues?: GoCall;
}

interface GoSpan {
  readonly Offset: number;
  readonly Length: number;
}

interface GoHistogram {
  readonly Schema?: number;
  readonly Count?: number;
  readonly Sum?: number;
  readonly ZeroCount?: number;
  readonly ZeroThreshold?: number;
  readonly PositiveBuckets?: readonly number[];
  readonly PositiveSpans?: readonly GoSpan[];
  readonly NegativeBuckets?: readonly number[];
  readonly NegativeSpans?: readonly GoSpan[];
  readonly CounterResetHint?: { readonly $ref: string };
}

interface HistogramCase {
  readonly name: string;
  readonly input: string;
  readonly expected?: readonly (GoHistogram | [])[];
  readonly expectedError?: string;
}

function read<T>(file: string): T[] {
  return JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as T[];
}

function metricOf(metric: FloatCase['expectedMetric']): Record<string, string> {
  if (!metric || !('$call' in metric)) return (metric ?? {}) as Record<string, string>;
  const words = (metric as GoCall).args.map((arg) => (typeof arg === 'object' ? '__name__' : String(arg)));
  return Object.fromEntries(words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1]!]] : [])));
}

function checkFloats({ input, fail, expectedMetric, expectedValues }: FloatCase): string | undefined {
  if (fail) return shouldFail(input);
  const { labels, points } = parseSeriesLine(input);
  const values = expectedValues?.args.map((arg) => (typeof arg === 'object' ? 'gap' : Number(arg)));
  return same({ metric: Object.fromEntries(labels), points }, { metric: metricOf(expectedMetric), points: values });
}

function checkHistograms({ input, expected, expectedError }: HistogramCase): string | undefined {
  if (expectedError !== undefined) return shouldFail(input, expectedError);
  return same(parseSeriesLine(input).points.map(plain), expected!.map(plainGo));
}

function shouldFail(input: string, expected?: string): string | undefined {
  try {
    parseSeriesLine(input);
  } catch (error) {
    const { message, offset = 0 } = error as NotationError;
    const got = `1:${offset + 1}: parse error: ${message}`;
    return expected === undefined || got === expected ? undefined : `got "${got}", expected "${expected}"`;
  }
  return 'should have been refused';
}

function same(got: unknown, expected: unknown): string | undefined {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  return a === b ? undefined : `got ${a}, expected ${b}`;
}

function plain(point: Point): unknown {
  if (typeof point !== 'object') return point;
  const { schema, count, sum, zeroCount, zeroThreshold, positive, negative, resetHint } = point.histogram;
  return describe(schema, count, sum, zeroCount, zeroThreshold, entries(positive), entries(negative), resetHint);
}

function describe(...fields: unknown[]): string {
  return JSON.stringify(fields);
}

function entries({ indexes, counts }: Buckets): (readonly [number, number])[] {
  return Array.from(indexes, (index, i) => [index, counts[i]!] as const);
}

const HINTS: Readonly<Record<string, FloatHistogram['resetHint']>> = {
  'histogram.GaugeType': 'gauge',
  'histogram.CounterReset': 'reset',
  'histogram.NotCounterReset': 'not_reset',
};

function plainGo(histogram: GoHistogram | []): string {
  const each = histogram as GoHistogram;
  return describe(
    each.Schema ?? 0,
    each.Count ?? 0,
    each.Sum ?? 0,
    each.ZeroCount ?? 0,
    each.ZeroThreshold ?? 0,
    spread(each.PositiveSpans, each.PositiveBuckets),
    spread(each.NegativeSpans, each.NegativeBuckets),
    HINTS[each.CounterResetHint?.$ref ?? ''] ?? 'unknown',
  );
}

function spread(spans: readonly GoSpan[] = [], counts: readonly number[] = []): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  let index = 0;
  for (const { Offset, Length } of spans) {
    index += Offset;
    for (let i = 0; i < Length; i++) found.push([index++, counts[found.length]!]);
  }
  return found;
}

async function table<T>(file: string, nameOf: (each: T) => string, check: (each: T) => string | undefined) {
  const cases = named(read<T>(file), nameOf).map(({ name, each }) => attempt(name, () => check(each)));
  return { file, cases: await Promise.all(cases) } satisfies FileResult;
}

export const seriesNotation: Suite = {
  name: 'series',
  about: 'the notation of series in scripts and unit tests',
  folder: FOLDER,
  async run() {
    return [
      await table<FloatCase>('promql_series_desc.json', ({ input }) => input, checkFloats),
      await table<HistogramCase>('promql_hist_series_desc.json', ({ name }) => name, checkHistograms),
    ];
  },
};

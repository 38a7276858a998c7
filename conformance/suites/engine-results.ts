import { SCRIPT_FEATURES } from '../../packages/promql/src/features.ts';
import { createEvaluator, type QueryResult, type SeriesSource } from '../../packages/promql/src/index.ts';
import { ArraySource } from '../../packages/promql/src/promqltest/arraySource.ts';
import { parseScript } from '../../packages/promql/src/promqltest/script.ts';
import { type GoValue, goNumber } from './go-tables.ts';

/** Tables whose cases are a query and the whole value that it answers with. */

interface GoSeries {
  readonly Metric?: Record<string, string> | { readonly $ref: string };
  readonly Floats?: readonly { readonly F: number; readonly T: GoValue }[];
  readonly F?: number;
  readonly V?: number;
  readonly T?: GoValue;
}

type GoResult = GoSeries | readonly GoSeries[];

export interface ResultCase {
  readonly query: string;
  /** Unix milliseconds; no end: an instant query. */
  readonly start: number;
  readonly end?: number;
  readonly step?: number;
  /** Undefined: it must fail. */
  readonly expected?: GoResult;
}

/** The label sets that a table has variables for. */
const METRICS: Readonly<Record<string, Record<string, string>>> = {
  lbls1: { __name__: 'metric', job: '1' },
  lbls2: { __name__: 'metric', job: '2' },
  lblstopk2: { __name__: 'metric_topk', instance: '2' },
  lblstopk3: { __name__: 'metric_topk', instance: '3' },
  lblsms: { __name__: 'metric_ms' },
  lblsneg: { __name__: 'metric_neg' },
};

export function sourceOf(script: string): ArraySource {
  const source = new ArraySource();
  for (const command of parseScript(script)) {
    if (command.kind === 'load') source.load(command.interval, command.series, command.withCustomBuckets);
  }
  return source;
}

export async function checkResult(source: SeriesSource, each: ResultCase): Promise<string | undefined> {
  const evaluator = createEvaluator(source, { features: SCRIPT_FEATURES, maxSamples: 10_000 });
  const { query, start, end, step, expected } = each;
  const run = end === undefined ? evaluator.instant(query, start) : evaluator.range(query, start, end, step!);
  const result = await run.catch((error: Error) => error);
  if (expected === undefined) return result instanceof Error ? undefined : 'should have failed';
  if (result instanceof Error) return `failed: ${result.message}`;
  const [got, wanted] = [plain(result), plainGo(expected)];
  return got === wanted ? undefined : `got ${got}, expected ${wanted}`;
}

function plain(result: QueryResult): string {
  switch (result.resultType) {
    case 'scalar':
    case 'string':
      return JSON.stringify([[result.time, result.value]]);
    case 'vector':
      return lines(result.samples.map(({ labels, time, value }) => [Object.fromEntries(labels), [[time, value]]]));
    case 'matrix':
      return lines(
        result.series.map(({ labels, timestamps, values }) => [
          Object.fromEntries(labels),
          Array.from(timestamps, (time, i) => [time, values[i]!]),
        ]),
      );
  }
}

function plainGo(expected: GoResult): string {
  if (!Array.isArray(expected)) {
    const { T, V } = expected as GoSeries;
    return JSON.stringify([[goNumber(T!), V!]]);
  }
  return lines(
    (expected as readonly GoSeries[]).map(({ Metric, Floats, F, T }) => [
      metricOf(Metric),
      Floats ? Floats.map((point) => [goNumber(point.T), point.F]) : [[goNumber(T!), F!]],
    ]),
  );
}

function metricOf(metric: GoSeries['Metric']): Record<string, string> {
  if (!metric) return {};
  return '$ref' in metric ? METRICS[metric.$ref!]! : metric;
}

function lines(series: (readonly [Record<string, string>, number[][]])[]): string {
  return series
    .map(([metric, points]) => JSON.stringify([Object.entries(metric).sort(), points]))
    .sort()
    .join('\n');
}

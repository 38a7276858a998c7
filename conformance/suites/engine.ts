import { SCRIPT_FEATURES } from '../../packages/promql/src/features.ts';
import { createEvaluator, type SelectRequest, type SeriesSource } from '../../packages/promql/src/index.ts';
import type { FileResult, Suite } from '../suite.ts';
import { checkResult, type ResultCase, sourceOf } from './engineResults.ts';
import { type Check, CURATED, checkEach, type GoValue, goNumber, readTable } from './goTables.ts';
import { MAX_SAMPLES, QUERY_STATISTICS } from './statistics.ts';

const FILE = 'engine_tables.json';

interface Table {
  readonly func: string;
  readonly cases: unknown;
}

interface TimedCase {
  readonly Query: string;
  readonly Start: GoValue;
  readonly End?: GoValue;
  readonly Interval?: GoValue;
  readonly Result?: ResultCase['expected'];
}

function timed({ Query, Start, End, Interval, Result }: TimedCase): ResultCase {
  const range = End === undefined ? {} : { end: goNumber(End), step: goNumber(Interval!) };
  return { query: Query, start: goNumber(Start ?? 0), ...range, ...(Result === undefined ? {} : { expected: Result }) };
}

const TIMESTAMPS: Check = (cases) => {
  const source = sourceOf('load 10s\n  metric 1 2');
  return checkEach(
    cases as TimedCase[],
    ({ Query }) => Query,
    (one) => checkResult(source, timed(one)),
  );
};

interface SubqueryTable {
  readonly loadString: string;
  /** `Result` is Go's struct of error, value and annotations. */
  readonly cases: readonly (Omit<TimedCase, 'Result'> & {
    readonly Result: readonly [null, ResultCase['expected'], null];
  })[];
}

const SUBQUERIES: Check = async (tables) => {
  const found = (tables as SubqueryTable[]).map(({ loadString, cases }) => {
    const source = sourceOf(loadString);
    return cases.map((one) => ({ source, one: timed({ ...one, Result: one.Result[1] }) }));
  });
  return checkEach(
    found.flat(),
    ({ one }) => one.query,
    ({ source, one }) => checkResult(source, one),
  );
};

interface ExtendedCase {
  readonly query: string;
  readonly t: GoValue;
  readonly expected: ResultCase['expected'];
}

const EXTENDED_RANGES: Check = (cases) => {
  const source = sourceOf('load 10s\n  metric 1+1x10\n  withreset 1+1x4 1+1x5\n  notregular 0 5 100 2 8');
  return checkEach(
    cases as ExtendedCase[],
    ({ query, t }) => `${query} at ${goNumber(t)}`,
    ({ query, t, expected }) => checkResult(source, { query, start: goNumber(t), ...(expected ? { expected } : {}) }),
  );
};

interface AtCase {
  readonly query: string;
  /** Seconds. */
  readonly start: GoValue;
  readonly end?: GoValue;
  readonly interval?: GoValue;
  readonly result: ResultCase['expected'];
}

/** Samples before 1970, which a script cannot load. */
function withNegativeTimes(source: SeriesSource): SeriesSource {
  const count = 1000;
  const negative = {
    labels: new Map([['__name__', 'metric_neg']]),
    timestamps: Float64Array.from({ length: count + 1 }, (_, i) => (i - count) * 1000),
    values: Float64Array.from({ length: count + 1 }, (_, i) => (i === 0 ? 1000 : count - i + 1)),
  };
  const late = {
    labels: new Map([['__name__', 'metric_timestamp']]),
    timestamps: Float64Array.of(3_600_000),
    values: Float64Array.of(1000),
  };
  return {
    async select(request) {
      const own = [negative, late].filter(({ labels }) =>
        request.matchers.every(({ value }) => value === labels.get('__name__')),
      );
      const inRange = own.map(({ labels, timestamps, values }) => {
        const keep = (_: number, i: number) => timestamps[i]! >= request.start && timestamps[i]! <= request.end;
        return { labels, timestamps: timestamps.filter(keep), values: values.filter(keep) };
      });
      return [...(await source.select(request)), ...inRange.filter(({ timestamps }) => timestamps.length > 0)];
    },
  };
}

const AT_MODIFIER: Check = (cases) => {
  const source = withNegativeTimes(
    sourceOf(`load 10s
  metric{job="1"} 0+1x1000
  metric{job="2"} 0+2x1000
  metric_topk{instance="1"} 0+1x1000
  metric_topk{instance="2"} 0+2x1000
  metric_topk{instance="3"} 1000-1x1000

load 1ms
  metric_ms 0+1x10000`),
  );
  return checkEach(
    cases as AtCase[],
    ({ query }) => query,
    ({ query, start, end, interval, result }) => {
      const range = end === undefined ? {} : { end: goNumber(end) * 1000, step: goNumber(interval ?? 1) * 1000 };
      const expected = result === undefined ? {} : { expected: result };
      return checkResult(source, { query, start: goNumber(start) * 1000, ...range, ...expected });
    },
  );
};

interface HintCase {
  readonly query: string;
  readonly start?: number;
  readonly end?: number;
  readonly expected: readonly {
    readonly Start: number;
    readonly End: number;
    readonly Step?: number;
    readonly Func?: string;
    readonly Range?: number;
    readonly Grouping?: readonly string[];
    readonly By?: boolean;
  }[];
}

const SELECT_HINTS: Check = (cases) =>
  checkEach(
    cases as HintCase[],
    ({ query, start, end }) => `${query} at ${start ?? 0}${end ? ` to ${end}` : ''}`,
    async ({ query, start = 0, end, expected }) => {
      const requests: SelectRequest[] = [];
      const source: SeriesSource = {
        async select(request) {
          requests.push(request);
          return [];
        },
      };
      const evaluator = createEvaluator(source, { lookbackMs: 5000, subqueryStepMs: 1000, features: SCRIPT_FEATURES });
      await (end === undefined ? evaluator.instant(query, start) : evaluator.range(query, start, end, 1000));
      const got = requests.map(({ start, end, step, func, range, grouping, by }) =>
        JSON.stringify({ start, end, step, func, range, grouping, by }),
      );
      const wanted = expected.map(({ Start, End, Step, Func, Range, Grouping, By }) =>
        JSON.stringify({
          start: Start,
          end: End,
          step: Step ?? 0,
          func: Func ?? '',
          range: Range ?? 0,
          grouping: Grouping ?? [],
          by: By ?? false,
        }),
      );
      const same = got.sort().join('\n') === wanted.sort().join('\n');
      return same ? undefined : `got ${got.join(' ')}, expected ${wanted.join(' ')}`;
    },
  );

interface LookbackCase {
  readonly name: string;
  readonly ts: GoValue;
  readonly engineLookback?: GoValue;
  readonly queryLookback?: GoValue;
  readonly expectSamples: boolean;
}

const LOOKBACK: Check = (cases) => {
  const source = sourceOf('load 5m\nmetric 0 1 2');
  return checkEach(
    cases as LookbackCase[],
    ({ name }) => name,
    async ({ ts, engineLookback, queryLookback, expectSamples }) => {
      const options = engineLookback === undefined ? {} : { lookbackMs: goNumber(engineLookback) };
      const own = queryLookback === undefined ? {} : { lookbackMs: goNumber(queryLookback) };
      const result = await createEvaluator(source, options).instant('metric', goNumber(ts), own);
      const found = result.resultType === 'vector' && result.samples.length > 0;
      return found === expectSamples ? undefined : `has ${found ? '' : 'no '}samples`;
    },
  );
};

interface AnnotationCase {
  readonly data: string;
  readonly expr: string;
  readonly typeAndUnitLabelsEnabled?: boolean;
  readonly expectedWarningAnnotations: readonly string[];
  readonly expectedInfoAnnotations: readonly string[];
}

const RATE_ANNOTATIONS: Check = (cases) =>
  checkEach(
    Object.entries(cases as Record<string, AnnotationCase>),
    ([name]) => name,
    async ([, { data, expr, typeAndUnitLabelsEnabled, expectedWarningAnnotations, expectedInfoAnnotations }]) => {
      const features = { delayedNameRemoval: true, typeAndUnitLabels: typeAndUnitLabelsEnabled ?? false };
      const source = sourceOf(`load 1m\n${data.trim()}`);
      const { warnings, infos } = await createEvaluator(source, { features }).instant(expr, 60_000);
      const got = JSON.stringify([warnings, infos]);
      const wanted = JSON.stringify([expectedWarningAnnotations, expectedInfoAnnotations]);
      return got === wanted ? undefined : `got ${got}, expected ${wanted}`;
    },
  );

interface ResetHintCase {
  readonly name: string;
  readonly query: string;
  readonly want: { readonly $ref: string };
}

const RESET_HINTS: Check = (cases) => {
  const source = sourceOf('load 2m\ntest_histogram {{count:0}}+{{count:1}}x4');
  return checkEach(
    cases as ResetHintCase[],
    ({ name }) => name,
    async ({ query, want }) => {
      const result = await createEvaluator(source).instant(query, 120_000);
      const hint = result.resultType === 'vector' ? result.samples[0]?.histogram?.resetHint : undefined;
      const wanted = want.$ref === 'histogram.GaugeType' ? 'gauge' : 'not_reset';
      return hint === wanted ? undefined : `got the hint ${hint}, expected ${wanted}`;
    },
  );
};

/** The tables that say something about a query's answer; the others are about Go's own types and pools. */
const CHECKS: Readonly<Record<string, Check>> = {
  TestSelectHintsSetCorrectly: SELECT_HINTS,
  TestEngineEvalStmtTimestamps: TIMESTAMPS,
  TestQueryStatistics: QUERY_STATISTICS,
  TestMaxQuerySamples: MAX_SAMPLES,
  TestExtendedRangeSelectors: EXTENDED_RANGES,
  TestAtModifier: AT_MODIFIER,
  TestSubquerySelector: SUBQUERIES,
  TestQueryLookbackDelta: LOOKBACK,
  TestRateAnnotations: RATE_ANNOTATIONS,
  TestHistogram_CounterResetHint: RESET_HINTS,
};

export const engine: Suite = {
  name: 'engine',
  about: "tables of the tests of Prometheus' engine: whole answers, what it asks of a store, look-back, annotations",
  folder: CURATED,
  async run() {
    const results: FileResult[] = [];
    for (const { func, cases } of readTable<Table[]>(FILE)) {
      const check = CHECKS[func];
      if (check) results.push({ file: `${FILE} ${func}`, cases: await check(cases) });
    }
    return results;
  },
};

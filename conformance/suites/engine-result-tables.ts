import type { SeriesSource } from '../../packages/promql/src/index.ts';
import { checkResult, type ResultCase, sourceOf } from './engine-results.ts';
import { type Check, checkEach, type GoValue, goNumber } from './go-tables.ts';

/** Tables whose cases are queries and whole answers, and what the Go tests around them load. */

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

export const TIMESTAMPS: Check = (cases) => {
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

export const SUBQUERIES: Check = async (tables) => {
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

export const EXTENDED_RANGES: Check = (cases) => {
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

export const AT_MODIFIER: Check = (cases) => {
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

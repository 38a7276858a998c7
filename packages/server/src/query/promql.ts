import { createEvaluator, type Matcher, parseSelector, type QueryResult, type SeriesSource } from '@nightshift/promql';
import { NightshiftError } from '../errors/catalogue.ts';

export interface QueryLimits {
  readonly timeoutMs: number;
  readonly maxSamples: number;
  readonly lookbackMs: number;
}

/** A range query may have this many points a series, as in Prometheus: more than any screen shows. */
const maxPoints = 11_000;

export interface MetricQueries {
  /** `at` is Unix milliseconds. Throws PromqlParseError, PromqlLimitError, or QUERY_LIMIT on time-out. */
  instant(query: string, at: number, timeoutMs?: number, signal?: AbortSignal): Promise<QueryResult>;
  range(query: string, range: QueryRange, timeoutMs?: number, signal?: AbortSignal): Promise<QueryResult>;
}

export interface QueryRange {
  /** Unix milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

export function createMetricQueries(source: SeriesSource, limits: QueryLimits): MetricQueries {
  const { lookbackMs, maxSamples } = limits;
  const evaluator = createEvaluator(source, { lookbackMs, maxSamples });

  const bounded = async <T>(
    timeoutMs: number | undefined,
    outer: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const timeout = Math.min(timeoutMs ?? limits.timeoutMs, limits.timeoutMs);
    const timer = AbortSignal.timeout(timeout);
    const signal = outer ? AbortSignal.any([timer, outer]) : timer;
    try {
      return await run(signal);
    } catch (error) {
      if (!timer.aborted) throw error;
      throw new NightshiftError('QUERY_LIMIT', {
        reason: `The query took longer than ${timeout / 1000} s (query.timeout); ask for a shorter range or raise the limit.`,
      });
    }
  };

  return {
    instant: (query, at, timeoutMs, signal) =>
      bounded(timeoutMs, signal, (s) => evaluator.instant(query, at, { signal: s })),
    range: (query, { start, end, step }, timeoutMs, signal) => {
      if (end < start) {
        throw new NightshiftError('PARAMETER_INVALID', {
          name: 'end',
          reason: 'end timestamp must not be before start time.',
        });
      }
      if ((end - start) / step > maxPoints) {
        throw new NightshiftError('PARAMETER_INVALID', {
          name: 'step',
          reason: `exceeded maximum resolution of ${maxPoints} points per timeseries. Try decreasing the query resolution (?step=XX).`,
        });
      }
      return bounded(timeoutMs, signal, (s) => evaluator.range(query, start, end, step, { signal: s }));
    },
  };
}

/** The `match[]` parameters as matchers, one list each. Throws PromqlParseError. */
export function parseSelectors(texts: readonly string[]): (readonly Matcher[])[] {
  return texts.map((text) => parseSelector(text));
}

import type { PromqlLimitError } from '@nightshift/promql';
import { NightshiftError } from '../errors/catalogue.ts';

/** What one query may take. The names are those of the configuration's section `query`. */
export interface QueryLimits {
  readonly timeoutMs: number;
  /** Selectors in the text of the query. */
  readonly maxSelectors: number;
  readonly maxSamples: number;
  readonly maxSeries: number;
  readonly maxBytes: number;
  /** Points of each series that a range query gives. */
  readonly maxPoints: number;
}

const advice = (key: string): string =>
  `Ask for less time, fewer series or a larger step, or raise ${key} in the configuration.`;

const adviceOnSelectors = 'Ask in several queries, or raise query.maxSelectors in the configuration.';

const grouped = (value: number): string => value.toLocaleString('en-US');

const limits = {
  maxSelectors: 'selectors',
  maxSamples: 'samples',
  maxSeries: 'series',
  maxBytes: 'bytes',
} as const;

/** The evaluator's refusal with the key that raises the limit. */
export function limitReached({ reason, limit, value, wanted }: PromqlLimitError): NightshiftError {
  const key = `query.${limit}`;
  const unit = limits[limit];
  return new NightshiftError('QUERY_LIMIT', {
    reason: `${reason}: it wanted ${grouped(wanted)} ${unit} or more, the limit is ${grouped(value)} (${key}). ${limit === 'maxSelectors' ? adviceOnSelectors : advice(key)}`,
  });
}

export function tooManyPoints(wanted: number, limit: number): NightshiftError {
  return new NightshiftError('QUERY_LIMIT', {
    // The first two sentences are Prometheus' own.
    reason: `exceeded maximum resolution of ${grouped(limit)} points per timeseries. Try decreasing the query resolution (?step=XX). It wanted ${grouped(wanted)} points, the limit is ${grouped(limit)} (query.maxPoints). ${advice('query.maxPoints')}`,
  });
}

export function tookTooLong(limitMs: number): NightshiftError {
  return new NightshiftError('QUERY_LIMIT', {
    reason: `query timed out in expression evaluation: it took longer than ${limitMs / 1000} s, the limit (query.timeout). ${advice('query.timeout')}`,
  });
}

/** Whether ClickHouse refused to take more memory than it may. */
export const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && 'type' in error && error.type === 'MEMORY_LIMIT_EXCEEDED';

export function engineOutOfMemory(): NightshiftError {
  return new NightshiftError('QUERY_LIMIT', {
    reason: `the storage engine would take too much memory for this query (engine.memoryBytes). ${advice('engine.memoryBytes')}`,
  });
}

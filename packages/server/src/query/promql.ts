import { performance } from 'node:perf_hooks';
import {
  createEvaluator,
  type Evaluator,
  PromqlLimitError,
  type QueryOptions,
  type QueryResult,
  type SeriesSource,
} from '@nightshift/promql';
import { NightshiftError } from '../errors/catalogue.ts';
import { Deadline } from './deadline.ts';
import { type FeatureFlag, featuresOf } from './features.ts';
import { engineOutOfMemory, isOutOfMemory, limitReached, type QueryLimits, tooManyPoints } from './limits.ts';
import { MemoryPart, QueryMemory } from './memory.ts';
import { Slots } from './slots.ts';

/** Only the first three have no default. */
export interface QuerySettings extends Partial<QueryLimits> {
  readonly timeoutMs: number;
  readonly maxSamples: number;
  readonly lookbackMs: number;
  /** Memory of all queries together, by the same estimate as `maxBytes`. */
  readonly maxTotalBytes?: number;
  /** Queries that are evaluated at once; the others wait. */
  readonly maxConcurrent?: number;
  readonly features?: readonly FeatureFlag[];
}

/** What a request may say of its own query. */
export interface QueryAsk {
  /** At most the configured one counts. */
  readonly timeoutMs?: number;
  /** Instead of the configured one. */
  readonly lookbackMs?: number;
  /** Whether the answer has `statistics`. */
  readonly statistics?: boolean;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

export interface QueryRange {
  /** Unix milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Milliseconds. */
export interface QueryTimings {
  /** Waiting for a slot. */
  readonly queue: number;
  /** Within the store. */
  readonly load: number;
  /** From the slot to the answer, `load` included. */
  readonly evaluation: number;
}

export type QueryAnswer = QueryResult & { readonly timings: QueryTimings };

/** Throws PromqlParseError, PromqlExecutionError, QUERY_LIMIT, QUERY_MEMORY, QUERY_TIMEOUT, QUERY_CANCELED, or what the store throws. */
export interface MetricQueries {
  /** `at` is Unix milliseconds. */
  instant(query: string, at: number, ask?: QueryAsk): Promise<QueryAnswer>;
  range(query: string, range: QueryRange, ask?: QueryAsk): Promise<QueryAnswer>;
}

const defaults = {
  maxSelectors: Number.POSITIVE_INFINITY,
  maxSeries: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
  maxTotalBytes: Number.POSITIVE_INFINITY,
  maxPoints: 11_000,
  maxConcurrent: 20,
};

/** The source, and how long it was waited for. */
function timed(source: SeriesSource): { source: SeriesSource; ms(): number } {
  let ms = 0;
  const waitedFor = async <T>(load: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    try {
      return await load();
    } finally {
      ms += performance.now() - from;
    }
  };
  return {
    ms: () => ms,
    source: {
      ...(source.sorted && { sorted: true }),
      select: (request) => waitedFor(() => source.select(request)),
      ...(source.open && { open: (request) => waitedFor(() => source.open!(request)) }),
      ...(source.rollups && {
        rollups: (request) => {
          const read = source.rollups!(request);
          return read && ((budget, signal) => waitedFor(() => read(budget, signal)));
        },
      }),
    },
  };
}

export function createMetricQueries(source: SeriesSource, settings: QuerySettings): MetricQueries {
  const { timeoutMs, lookbackMs, maxPoints, maxConcurrent, ...rest } = { ...defaults, ...settings };
  const { maxSelectors, maxSamples, maxSeries, maxBytes } = rest;
  const features = featuresOf(settings.features ?? []);
  const slots = new Slots(maxConcurrent);
  const memory = new QueryMemory(rest.maxTotalBytes);

  const run = async (
    ask: QueryAsk,
    evaluate: (evaluator: Evaluator, options: QueryOptions) => Promise<QueryResult>,
  ): Promise<QueryAnswer> => {
    const deadline = new Deadline(timeoutMs, ask.timeoutMs, ask.signal);
    const { signal } = deadline;
    const part = new MemoryPart(memory);
    const asked = performance.now();
    let give = () => {};
    try {
      give = await slots.take(signal);
      const begun = performance.now();
      const loading = timed(source);
      const evaluator = createEvaluator(loading.source, {
        lookbackMs,
        features,
        maxSelectors,
        maxSamples,
        maxSeries,
        maxBytes,
      });
      const result = await evaluate(evaluator, {
        signal,
        checkpoint: {
          check: () => deadline.check(),
          pause: () => deadline.pause(),
          held: (bytes) => part.hold(bytes),
        },
        statistics: ask.statistics ?? false,
        ...(ask.lookbackMs === undefined ? {} : { lookbackMs: ask.lookbackMs }),
      });
      const evaluation = performance.now() - begun;
      return { ...result, timings: { queue: begun - asked, load: loading.ms(), evaluation } };
    } catch (error) {
      // What was under way in the store fails in its own words when it is cut short.
      if (signal.aborted) throw signal.reason;
      if (error instanceof PromqlLimitError) throw limitReached(error);
      throw isOutOfMemory(error) ? engineOutOfMemory() : error;
    } finally {
      give();
      part.close();
      deadline.close();
    }
  };

  return {
    instant: (query, at, ask = {}) => run(ask, (evaluator, options) => evaluator.instant(query, at, options)),
    range: async (query, { start, end, step }, ask = {}) => {
      if (end < start) {
        throw new NightshiftError('PARAMETER_INVALID', {
          name: 'end',
          reason: 'end timestamp must not be before start time',
        });
      }
      const points = Math.floor((end - start) / step);
      if (points > maxPoints) throw tooManyPoints(points, maxPoints);
      return run(ask, (evaluator, options) => evaluator.range(query, start, end, step, options));
    },
  };
}

/** The store's contract: everything to the right of it (query, watch, respond) sees telemetry only through this. */
import type { Matcher, SeriesSource } from '@nightshift/promql';
import type { Exemplar, Labels, LogRecord, MetricMetadata, Span } from '@nightshift/wire';

export interface TimeRange {
  /** Unix milliseconds, both ends included. */
  readonly start: number;
  readonly end: number;
}

export interface MetricStore extends SeriesSource {
  /** Label sets that match any of the selectors (each a list of matchers; no selector means all) and have a sample in the range. */
  series(
    selectors: readonly (readonly Matcher[])[],
    range: TimeRange,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly Labels[]>;
  /** Sorted, without duplicates. */
  labelNames(
    selectors: readonly (readonly Matcher[])[],
    range: TimeRange,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly string[]>;
  labelValues(
    name: string,
    selectors: readonly (readonly Matcher[])[],
    range: TimeRange,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly string[]>;
  metadata(metric: string | undefined, limit: number): Promise<readonly MetricMetadata[]>;
}

/** What was seen of one series, ascending in time. */
export interface SeriesExemplars {
  readonly labels: Labels;
  readonly exemplars: readonly Exemplar[];
}

export interface ExemplarStore {
  /** Of the series that match any of the selectors; those without an exemplar in the range are left out. In no order. */
  exemplars(
    selectors: readonly (readonly Matcher[])[],
    range: TimeRange,
    signal?: AbortSignal,
  ): Promise<readonly SeriesExemplars[]>;
}

export interface LogQuery extends TimeRange {
  readonly service?: string;
  /** OpenTelemetry severity number; records at or above it. */
  readonly minSeverity?: number;
  /** Every word must occur in the body, whatever its case. */
  readonly words?: readonly string[];
  /** Equal record or resource attributes. */
  readonly attributes?: ReadonlyMap<string, string>;
  readonly traceId?: string;
  readonly limit: number;
  readonly order: 'newest' | 'oldest';
}

export interface LogStore {
  /** In time order as asked; equal times keep the order in which they were received. Empty when nothing matched. */
  searchLogs(query: LogQuery, signal?: AbortSignal): Promise<readonly LogRecord[]>;
}

export interface TraceStore {
  /** All spans of the trace by start time; empty for an unknown id. */
  trace(traceId: string, signal?: AbortSignal): Promise<readonly Span[]>;
  /** Ids of the newest traces that have a span of the service in the range. */
  recentTraces(query: TimeRange & { service: string; errorsOnly: boolean; limit: number }): Promise<readonly string[]>;
}

export interface Store extends LogStore, TraceStore {
  readonly metrics: MetricStore;
}

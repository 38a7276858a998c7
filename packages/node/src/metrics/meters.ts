import type { Registry } from 'prom-client';
import type { SpanIds } from '../tracing/tracer.ts';

/** The values of the labels, in the order in which their names were given. */
export type LabelValues = readonly string[];

export interface CounterMeter {
  add(labels: LabelValues, by?: number): void;
}

export interface HistogramMeter {
  observe(labels: LabelValues, value: number, exemplar?: SpanIds): void;
  /** Found once, for whoever observes it often. */
  series(labels: LabelValues): HistogramSeries;
}

/** Throws for what is no number: to be called within a guard. */
export interface HistogramSeries {
  observe(value: number, exemplar?: SpanIds): void;
}

export interface GaugeMeter {
  set(labels: LabelValues, value: number): void;
}

interface Description {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/**
 * Metrics of the application in one registry of prom-client. A meter takes a bounded number of label sets; what comes
 * beyond is counted with `other` in the place of every value. Observing costs well below a microsecond and never throws.
 */
export interface Meters {
  readonly registry: Registry;
  counter(description: Description): CounterMeter;
  histogram(description: Description & { readonly buckets: readonly number[] }): HistogramMeter;
  /** `collect` is asked at each exposition. */
  gauge(description: Description, collect?: (gauge: GaugeMeter) => void): GaugeMeter;
}

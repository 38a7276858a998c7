/**
 * What every decoder returns: batches whose contents own their memory (nothing points into the body that was decoded).
 * Label sets and attribute sets are Maps, because `__proto__` is a legal label name.
 */

import type { NativeHistogram } from './histogram/histogram.ts';
import type { KnownWriteSeries } from './remote-write/write-memory.ts';

/** Label name to value, iterated in order of name (code units). Never holds an empty value; the metric name is `__name__`. */
export type Labels = ReadonlyMap<string, string>;

/** Attribute key to value as text: numbers in decimal, booleans `true`/`false`, bytes base64, arrays and maps as JSON. */
export type Attributes = ReadonlyMap<string, string>;

export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

export interface MetricMetadata {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** One observation that stands for others, such as `trace_id` with what it took; `timestamp` in whole Unix milliseconds. */
export interface Exemplar {
  /** Without a metric name; may be empty. At most 128 characters in names and values together. */
  readonly labels: Labels;
  readonly value: number;
  readonly timestamp: number;
}

/** An exemplar of `series[series]` of its batch. */
export interface SeriesExemplar extends Exemplar {
  readonly series: number;
}

/** A sample that is a native histogram, of `series[series]` of its batch; `timestamp` in whole Unix milliseconds. */
export interface HistogramSample {
  readonly series: number;
  readonly timestamp: number;
  readonly histogram: NativeHistogram;
}

/**
 * Samples in columns: sample i belongs to `series[seriesIndex[i]]`, was taken at `timestamps[i]` (Unix milliseconds,
 * whole numbers) and has `values[i]` (IEEE double; Prometheus' stale marker keeps its exact bits, 0x7ff0000000000002).
 * Samples of one series stand in the order of the body; nothing is promised between series. A histogram that is a stale
 * marker is among them, as the marker of a float.
 */
export interface MetricBatch {
  readonly series: readonly Labels[];
  readonly seriesIndex: Uint32Array;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Samples that are native histograms, those of one series in the order of the body; absent where there is none. */
  readonly histograms?: readonly HistogramSample[];
  readonly metadata: readonly MetricMetadata[];
  readonly exemplars: readonly SeriesExemplar[];
  /** Exemplars that were left out, because their labels or their time are not usable. */
  readonly exemplarsDropped: number;
  /** Where a memory of series was used. */
  readonly known?: KnownWriteSeries;
}

/** The OpenTelemetry resource: `service.name`, `service.version`, `deployment.environment.name`, '' where absent, and all attributes. */
export interface Resource {
  readonly service: string;
  readonly version: string;
  readonly environment: string;
  readonly attributes: Attributes;
}

export type SpanKind = 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type SpanStatus = 'unset' | 'ok' | 'error';

export interface SpanEvent {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes: Attributes;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
}

/** Ids are lower-case hexadecimal: 32 digits a trace, 16 a span, '' for no parent. Times are Unix nanoseconds. */
export interface Span {
  readonly resource: Resource;
  readonly scope: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startUnixNano: bigint;
  readonly endUnixNano: bigint;
  readonly status: SpanStatus;
  readonly statusMessage: string;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

/** `severity` is OpenTelemetry's number, 0 (unknown) or 1–24; `severityText` as sent. */
export interface LogRecord {
  readonly resource: Resource;
  readonly scope: string;
  readonly timeUnixNano: bigint;
  readonly severity: number;
  readonly severityText: string;
  readonly body: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
}

/** Thrown by every decoder for a body that is not what it claims to be; the message names the offence and where it is. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** Native histograms as samples (https://prometheus.io/docs/specs/native_histograms/). Immutable. */

/** What is known of a counter reset between a histogram and the one before it. */
export type ResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/** Schema of histograms whose bounds are listed; exponential ones have MIN_SCHEMA to MAX_SCHEMA. */
export const CUSTOM_SCHEMA = -53;
export const MIN_SCHEMA = -4;
export const MAX_SCHEMA = 8;

/** `counts[i]` observations in the bucket with index `indexes[i]`; indexes strictly ascending, no count is 0. */
export interface HistogramBuckets {
  readonly indexes: Int32Array;
  readonly counts: Float64Array;
}

/**
 * Exponential (schema n): bucket i of `positive` is (2^((i-1)·2^-n), 2^(i·2^-n)], `negative` mirrors it, the zero bucket is
 * [-zeroThreshold, zeroThreshold]. Custom: bucket i of `positive` is (bounds[i-1], bounds[i]], the first from -Inf, the one
 * after the last bound to +Inf; `negative` and the zero bucket are empty.
 */
export interface NativeHistogram {
  /** Whether it counts whole observations by its kind; then it is sent on as what Prometheus calls an integer histogram. */
  readonly isInteger?: boolean;
  readonly schema: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: HistogramBuckets;
  readonly negative: HistogramBuckets;
  /** Upper bounds in ascending order without +Inf; empty unless the schema is CUSTOM_SCHEMA. */
  readonly bounds: Float64Array;
  readonly resetHint: ResetHint;
}

export const NO_BUCKETS: HistogramBuckets = { indexes: new Int32Array(), counts: new Float64Array() };
export const NO_BOUNDS = new Float64Array();

/** Buckets of one histogram at most: 160 to a side are usual, and finer ones than these tell nothing more. */
export const MOST_BUCKETS = 65_536;

/** A bucket list without the buckets that count nothing. */
export function populated(indexes: readonly number[], counts: readonly number[]): HistogramBuckets {
  let kept = 0;
  for (const count of counts) if (count !== 0) kept++;
  if (kept === 0) return NO_BUCKETS;
  const result = { indexes: new Int32Array(kept), counts: new Float64Array(kept) };
  for (let i = 0, to = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    result.indexes[to] = indexes[i]!;
    result.counts[to++] = counts[i]!;
  }
  return result;
}

/**
 * Native histograms as values (prometheus.io/docs/specs/native_histograms). Immutable: every operation makes a new one.
 * Buckets are sparse: an index that is absent counts 0, so spans exist only at the edges (wire formats, test scripts).
 */

/** What is known of a counter reset between a histogram and the one before it. */
export type ResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/** Schema of histograms whose bounds are listed ("NHCB"); exponential ones have -4 to 8. */
export const CUSTOM_SCHEMA = -53;
export const MIN_SCHEMA = -4;
export const MAX_SCHEMA = 8;

/** `counts[i]` observations in the bucket with index `indexes[i]`; indexes strictly ascending, no count is 0. */
export interface Buckets {
  readonly indexes: Int32Array;
  readonly counts: Float64Array;
}

/**
 * A float histogram. Exponential (schema n): bucket i of `positive` is (2^((i-1)·2^-n), 2^(i·2^-n)], `negative` mirrors it,
 * the zero bucket is [-zeroThreshold, zeroThreshold]. Custom: bucket i of `positive` is (bounds[i-1], bounds[i]], the first
 * from -Inf, the one after the last bound to +Inf; `negative` and the zero bucket are empty.
 */
export interface FloatHistogram {
  readonly schema: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
  /** Upper bounds in ascending order without +Inf; empty unless the schema is `CUSTOM_SCHEMA`. */
  readonly bounds: Float64Array;
  readonly resetHint: ResetHint;
}

export const NO_BUCKETS: Buckets = { indexes: new Int32Array(), counts: new Float64Array() };

export const EMPTY_HISTOGRAM: FloatHistogram = {
  schema: 0,
  count: 0,
  sum: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  positive: NO_BUCKETS,
  negative: NO_BUCKETS,
  bounds: new Float64Array(),
  resetHint: 'unknown',
};

export function isCustom(histogram: FloatHistogram): boolean {
  return histogram.schema === CUSTOM_SCHEMA;
}

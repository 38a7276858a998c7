import { type Buckets, type FloatHistogram, isCustom } from '../histogram/histogram.ts';

/** Relative error that a script allows. */
const TOLERANCE = 1e-6;
const SMALLEST_NORMAL = 2 ** -1022;

/** Equal within the tolerance of the test language; two NaN are equal (prometheus util/almost). */
export function almostEqual(a: number, b: number, tolerance = TOLERANCE): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const difference = Math.abs(a - b);
  const sum = Math.abs(a) + Math.abs(b);
  if (a === 0 || b === 0 || sum < SMALLEST_NORMAL) return difference < tolerance * SMALLEST_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < tolerance;
}

/** Counts and sums within the tolerance, everything else exactly; the reset hint only if asked. */
export function almostEqualHistograms(a: FloatHistogram, b: FloatHistogram, withHint: boolean): boolean {
  return (
    a.schema === b.schema &&
    almostEqual(a.count, b.count) &&
    almostEqual(a.sum, b.sum) &&
    (!isCustom(a) || (a.bounds.length === b.bounds.length && a.bounds.every((bound, i) => bound === b.bounds[i]))) &&
    a.zeroThreshold === b.zeroThreshold &&
    almostEqual(a.zeroCount, b.zeroCount) &&
    almostEqualBuckets(a.negative, b.negative) &&
    almostEqualBuckets(a.positive, b.positive) &&
    (!withHint || a.resetHint === b.resetHint)
  );
}

function almostEqualBuckets(a: Buckets, b: Buckets): boolean {
  return (
    a.indexes.length === b.indexes.length &&
    a.indexes.every((index, i) => index === b.indexes[i] && almostEqual(a.counts[i]!, b.counts[i]!))
  );
}

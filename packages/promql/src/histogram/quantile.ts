import { KahanSum } from '../numeric.ts';
import { bucketTotal, countAt, lowerAt, upperAt } from './bounds.ts';
import { type FloatHistogram, isCustom } from './histogram.ts';
import { exp2, log2 } from './logarithms.ts';

export interface Quantile {
  readonly value: number;
  /** Observations of NaN: the quantile is among them, or they push it up because they count as +Inf. */
  readonly nan?: 'result' | 'skew';
}

/**
 * The φ-quantile, interpolated in its bucket: linearly in a custom or the zero bucket, else on a logarithmic scale
 * (promql/quantile.go, HistogramQuantile). NaN for no observations or `q` NaN, -Inf for `q` < 0, +Inf for `q` > 1.
 */
export function histogramQuantile(q: number, histogram: FloatHistogram): Quantile {
  if (q < 0) return { value: Number.NEGATIVE_INFINITY };
  if (q > 1) return { value: Number.POSITIVE_INFINITY };
  if (histogram.count === 0 || Number.isNaN(q)) return { value: Number.NaN };
  const custom = isCustom(histogram);
  const nanSum = Number.isNaN(histogram.sum);
  // From the nearer end, for precision; observations of NaN are in no bucket, so with them only the lower end is known.
  const upward = nanSum || q < 0.5;
  const rank = (upward ? q : 1 - q) * histogram.count;
  const total = bucketTotal(histogram);
  let passed = 0;
  let place = 0;
  const placeOf = (nth: number) => (upward ? nth : total - 1 - nth);
  for (; place < total; place++) {
    passed += countAt(histogram, placeOf(place));
    if (passed >= rank) break;
  }
  const last = total === 0 ? undefined : placeOf(Math.min(place, total - 1));
  let bucket = last === undefined ? EMPTY : bucketAt(histogram, last);
  if (!custom) bucket = oneSided(histogram, bucket);
  else if (bucket.lower === Number.NEGATIVE_INFINITY) {
    if (bucket.upper <= 0) return { value: bucket.upper };
    bucket = { ...bucket, lower: 0 };
  } else if (bucket.upper === Number.POSITIVE_INFINITY) return { value: bucket.lower };
  let reached = Math.min(passed, histogram.count);
  if (reached < rank) return nanSum ? { value: Number.NaN, nan: 'result' } : { value: bucket.upper };
  const within = upward ? rank - (reached - bucket.count) : reached - rank;
  if (nanSum) {
    for (let rest = place + 1; rest < total; rest++) {
      // Prometheus goes on to interpolate in the bucket that this look at the rest ends with.
      bucket = bucketAt(histogram, rest);
      reached += bucket.count;
    }
  }
  const value = interpolate(bucket, within / bucket.count, custom);
  return nanSum && reached < histogram.count ? { value, nan: 'skew' } : { value };
}

interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

const EMPTY: Bucket = { lower: 0, upper: 0, count: 0 };

function bucketAt(histogram: FloatHistogram, place: number): Bucket {
  return {
    lower: lowerAt(histogram, place),
    upper: upperAt(histogram, place),
    count: countAt(histogram, place),
  };
}

/** The zero bucket begins or ends at 0 if all other buckets are on one side of it. */
function oneSided(histogram: FloatHistogram, bucket: Bucket): Bucket {
  if (!(bucket.lower < 0 && bucket.upper > 0)) return bucket;
  const positives = histogram.positive.indexes.length > 0;
  const negatives = histogram.negative.indexes.length > 0;
  if (positives === negatives) return bucket;
  return positives ? { ...bucket, lower: 0 } : { ...bucket, upper: 0 };
}

function interpolate({ lower, upper }: Bucket, fraction: number, custom: boolean): number {
  if (custom || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  if (lower > 0) return exp2(logLower + (logUpper - logLower) * fraction);
  return -exp2(logUpper + (logLower - logUpper) * (1 - fraction));
}

/** The share of the bucket from `lower` to `upper`, both finite, that is below `value`, which is inside. */
export function fractionBelow(value: number, lower: number, upper: number, linear: boolean): number {
  if (linear) return (value - lower) / (upper - lower);
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  const logValue = log2(Math.abs(value));
  if (value > 0) return (logValue - logLower) / (logUpper - logLower);
  return 1 - (logValue - logUpper) / (logLower - logUpper);
}

export interface Fraction {
  readonly value: number;
  /** There are observations of NaN, which are between no two bounds. */
  readonly nanExcluded: boolean;
}

/**
 * The fraction of observations between two values, interpolated as quantiles are (promql/quantile.go, HistogramFraction).
 * NaN for no observations or a bound that is NaN, 0 if `lower` is not below `upper`.
 */
export function histogramFraction(lower: number, upper: number, histogram: FloatHistogram): Fraction {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) {
    return { value: Number.NaN, nanExcluded: false };
  }
  if (lower >= upper) return { value: 0, nanExcluded: false };
  let counted = histogram.count;
  let nanExcluded = false;
  if (Number.isNaN(histogram.sum)) {
    counted = 0;
    for (let place = 0; place < bucketTotal(histogram); place++) counted += countAt(histogram, place);
    nanExcluded = counted < histogram.count;
  }
  const below = (value: number) => Math.min(rankOf(value, histogram), counted);
  return { value: (below(upper) - below(lower)) / histogram.count, nanExcluded };
}

/** How many observations are below `value`; +Inf if it is above all buckets. */
function rankOf(value: number, histogram: FloatHistogram): number {
  const custom = isCustom(histogram);
  const total = bucketTotal(histogram);
  const positives = histogram.positive.indexes.length > 0;
  const negatives = histogram.negative.indexes.length > 0;
  let rank = 0;
  for (let place = 0; place < total; place++) {
    let lower = lowerAt(histogram, place);
    let upper = upperAt(histogram, place);
    const aroundZero = lower <= 0 && upper >= 0;
    if (aroundZero && positives && !negatives) lower = 0;
    if (aroundZero && negatives && !positives) upper = 0;
    if (lower >= value) return rank;
    const count = countAt(histogram, place);
    if (upper > value) {
      // What is how far inside of an infinite bucket nobody knows.
      if (lower === Number.NEGATIVE_INFINITY && (custom || aroundZero)) return count;
      return rank + count * fractionBelow(value, lower, upper, custom || aroundZero);
    }
    rank += count;
  }
  return Number.POSITIVE_INFINITY;
}

/** Mean of the observations. */
export function histogramAverage(histogram: FloatHistogram): number {
  return histogram.sum / histogram.count;
}

/**
 * Variance, as if all observations of a bucket were at its centre: the arithmetic mean of the bounds of a custom bucket,
 * 0 in the zero bucket, else the geometric mean (promql/functions.go, histogramVariance).
 */
export function histogramVariance(histogram: FloatHistogram): number {
  const mean = histogramAverage(histogram);
  const custom = isCustom(histogram);
  const total = bucketTotal(histogram);
  const variance = new KahanSum();
  for (let place = 0; place < total; place++) {
    const delta = centre(lowerAt(histogram, place), upperAt(histogram, place), custom) - mean;
    variance.add(countAt(histogram, place) * delta * delta);
  }
  return variance.total / histogram.count;
}

function centre(lower: number, upper: number, custom: boolean): number {
  if (custom) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const mean = Math.sqrt(upper * lower);
  return upper < 0 ? -mean : mean;
}

import { boundOf } from './bounds.ts';
import { populated } from './buckets.ts';
import { type Buckets, type FloatHistogram, isCustom } from './histogram.ts';
import { fractionBelow } from './quantile.ts';

/** Keeps the observations below `bound` (`</`); count and sum are estimated from the buckets if any was cut. */
export function trimUpper(histogram: FloatHistogram, bound: number): FloatHistogram {
  return trim(histogram, bound, true);
}

/** Keeps the observations above `bound` (`>/`); count and sum are estimated from the buckets if any was cut. */
export function trimLower(histogram: FloatHistogram, bound: number): FloatHistogram {
  return trim(histogram, bound, false);
}

/** What is left of a bucket, and the value that its observations are taken to have. */
type Rest = readonly [count: number, value: number];

/** model/histogram/float_histogram.go, TrimBuckets. */
function trim(histogram: FloatHistogram, bound: number, upper: boolean): FloatHistogram {
  const total = { count: 0, sum: 0 };
  const positive = trimSide(histogram, histogram.positive, bound, upper, total);
  const negative = trimSide(histogram, histogram.negative, bound, upper, total);
  let zeroCount = histogram.zeroCount;
  if (zeroCount > 0) {
    const [kept, value] = trimZero(histogram, bound, upper);
    zeroCount = kept;
    total.sum += value * kept;
    total.count += kept;
  }
  const cut = positive !== histogram.positive || negative !== histogram.negative || zeroCount !== histogram.zeroCount;
  return cut ? { ...histogram, ...total, positive, negative, zeroCount } : histogram;
}

/** The side itself if nothing of it was cut. */
function trimSide(
  histogram: FloatHistogram,
  side: Buckets,
  bound: number,
  upperTrim: boolean,
  total: { count: number; sum: number },
): Buckets {
  const isPositive = side === histogram.positive;
  const custom = isCustom(histogram);
  const counts = side.counts.slice();
  let cut = false;
  for (let i = 0; i < counts.length; i++) {
    const far = boundOf(histogram, side.indexes[i]!);
    const near = boundOf(histogram, side.indexes[i]! - 1);
    const lower = isPositive ? near : -far;
    const upper = isPositive ? far : -near;
    const count = counts[i]!;
    const [kept, value] = restOf(lower, upper, count, bound, upperTrim, isPositive, custom);
    total.count += kept;
    total.sum += value * kept;
    if (kept === count && !isOutside(lower, upper, bound, upperTrim)) continue;
    counts[i] = kept;
    cut = true;
  }
  return cut ? populated(side.indexes, counts) : side;
}

function isOutside(lower: number, upper: number, bound: number, upperTrim: boolean): boolean {
  return upperTrim ? lower >= bound : upper <= bound;
}

function restOf(
  lower: number,
  upper: number,
  count: number,
  bound: number,
  upperTrim: boolean,
  isPositive: boolean,
  custom: boolean,
): Rest {
  if (upperTrim ? upper <= bound : lower >= bound) return [count, middle(lower, upper, isPositive, custom)];
  if (!(upperTrim ? lower < bound : upper > bound)) return [0, 0];
  if (lower === Number.NEGATIVE_INFINITY) return cutFirst(upper, count, bound, upperTrim);
  if (upper === Number.POSITIVE_INFINITY) return cutLast(lower, count, bound, upperTrim);
  const below = count * fractionBelow(bound, lower, upper, custom);
  return upperTrim
    ? [below, middle(lower, bound, isPositive, custom)]
    : [count - below, middle(bound, upper, isPositive, custom)];
}

/** A bucket from -Inf with `bound` inside: its observations are between 0 and a positive upper bound, else unknown. */
function cutFirst(upper: number, count: number, bound: number, upperTrim: boolean): Rest {
  const known = upper > 0 && upper !== Number.POSITIVE_INFINITY;
  if (upperTrim) {
    if (known && bound > 0) return [(count * bound) / upper, bound / 2];
    return upper <= 0 ? [count, bound] : [0, 0];
  }
  return known && bound >= 0 ? [count * (1 - bound / upper), (bound + upper) / 2] : [0, 0];
}

/** A bucket to +Inf with `bound` inside: nothing of it is surely below. */
function cutLast(lower: number, count: number, bound: number, upperTrim: boolean): Rest {
  return !upperTrim && bound >= lower ? [count, bound] : [0, 0];
}

/** The zero bucket, of which only one half counts if all other buckets are on that side. */
function trimZero(
  { zeroThreshold, zeroCount, positive, negative }: FloatHistogram,
  bound: number,
  upperTrim: boolean,
): Rest {
  const positives = positive.indexes.length > 0;
  const negatives = negative.indexes.length > 0;
  const lower = positives && !negatives ? 0 : -zeroThreshold;
  const upper = negatives && !positives ? 0 : zeroThreshold;
  if (upperTrim) {
    if (bound <= lower) return [0, 0];
    if (bound >= upper) return [zeroCount, (lower + upper) / 2];
    return [zeroCount * ((bound - lower) / (upper - lower)), (lower + bound) / 2];
  }
  if (bound <= lower) return [zeroCount, (lower + upper) / 2];
  if (bound >= upper) return [0, 0];
  return [zeroCount * ((upper - bound) / (upper - lower)), (bound + upper) / 2];
}

/** What the observations between two values of one bucket are taken to be. */
function middle(lower: number, upper: number, isPositive: boolean, linear: boolean): number {
  if (Number.isFinite(lower) && Number.isFinite(upper)) {
    if (linear) return (lower + upper) / 2;
    const mean = Math.sqrt(Math.abs(lower * upper));
    return isPositive ? mean : -mean;
  }
  if (Number.isFinite(lower)) return lower;
  if (!Number.isFinite(upper)) return 0;
  return upper > 0 ? upper / 2 : upper;
}

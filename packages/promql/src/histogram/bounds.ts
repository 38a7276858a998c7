import { type Buckets, CUSTOM_SCHEMA, type FloatHistogram, MAX_SCHEMA } from './histogram.ts';

const FRACTIONS = 2 ** MAX_SCHEMA;

/**
 * 2^(i/256) for i below 256 with exactly the digits of Prometheus' table (model/histogram/generic.go): a product of
 * nested square roots, the greatest first, in which the square root of 2 is rounded down.
 */
const POWERS = powersOfTwo();

function powersOfTwo(): Float64Array {
  const roots = [Math.SQRT2 - Number.EPSILON];
  for (let root = Math.SQRT2; roots.length < MAX_SCHEMA; ) {
    root = Math.sqrt(root);
    roots.push(root);
  }
  return Float64Array.from({ length: FRACTIONS }, (_, i) =>
    roots.reduce((power, root, bit) => (i & (FRACTIONS >> (bit + 1)) ? power * root : power), 1),
  );
}

const LOWEST_EXPONENT = -1074;

/** 2^n from the smallest number to the greatest power of two that is finite. */
const WHOLE_POWERS = Float64Array.from({ length: 1024 - LOWEST_EXPONENT }, (_, i) => 2 ** (i + LOWEST_EXPONENT));

/** Upper bound of the positive bucket `index` of an exponential schema; the greatest finite one is `Number.MAX_VALUE`. */
export function exponentialBound(index: number, schema: number): number {
  const exponent = schema < 0 ? index * 2 ** -schema : index >> schema;
  const power = schema < 0 ? 1 : POWERS[(index & ((1 << schema) - 1)) << (MAX_SCHEMA - schema)]!;
  if (exponent >= 1024) return exponent === 1024 && power === 1 ? Number.MAX_VALUE : Number.POSITIVE_INFINITY;
  if (exponent >= LOWEST_EXPONENT) return power * WHOLE_POWERS[exponent - LOWEST_EXPONENT]!;
  // Half of the smallest number rounds to it or to 0.
  return exponent === LOWEST_EXPONENT - 1 && power > 1 ? Number.MIN_VALUE : 0;
}

/** Upper bound of a custom bucket; -1 has the lower bound of the first. */
function customBound(index: number, bounds: Float64Array): number {
  if (index < 0) return Number.NEGATIVE_INFINITY;
  return index < bounds.length ? bounds[index]! : Number.POSITIVE_INFINITY;
}

/** Upper bound of bucket `index` of `positive`; for `negative` it is the absolute lower bound. */
export function boundOf(histogram: FloatHistogram, index: number): number {
  return histogram.schema === CUSTOM_SCHEMA
    ? customBound(index, histogram.bounds)
    : exponentialBound(index, histogram.schema);
}

/** How many of the first buckets end at or below `threshold`. */
export function bucketsUpTo(buckets: Buckets, schema: number, threshold: number): number {
  if (threshold === 0) return 0;
  let count = 0;
  while (count < buckets.indexes.length && exponentialBound(buckets.indexes[count]!, schema) <= threshold) count++;
  return count;
}

/**
 * All buckets stand in one row in ascending order: negative ones, the zero bucket if it counts something, positive ones.
 * `bucketTotal` is the length of that row, the functions after it read a place of it without making objects.
 */
export function bucketTotal(histogram: FloatHistogram): number {
  return histogram.negative.indexes.length + (histogram.zeroCount > 0 ? 1 : 0) + histogram.positive.indexes.length;
}

const NEGATIVE = -1;
const ZERO = 0;
const POSITIVE = 1;

function sideAt(histogram: FloatHistogram, place: number): -1 | 0 | 1 {
  const negatives = histogram.negative.indexes.length;
  if (place < negatives) return NEGATIVE;
  return place === negatives && histogram.zeroCount > 0 ? ZERO : POSITIVE;
}

/** Where the bucket at `place` is in the arrays of its side. */
function slotAt(histogram: FloatHistogram, place: number): number {
  const negatives = histogram.negative.indexes.length;
  if (place < negatives) return negatives - 1 - place;
  return place - negatives - (histogram.zeroCount > 0 ? 1 : 0);
}

export function countAt(histogram: FloatHistogram, place: number): number {
  const side = sideAt(histogram, place);
  if (side === ZERO) return histogram.zeroCount;
  return (side === POSITIVE ? histogram.positive : histogram.negative).counts[slotAt(histogram, place)]!;
}

/** Lower bound; a bucket that the zero bucket reaches into begins where that one ends. */
export function lowerAt(histogram: FloatHistogram, place: number): number {
  const side = sideAt(histogram, place);
  const { zeroThreshold, positive, negative } = histogram;
  if (side === ZERO) return -zeroThreshold;
  if (side === NEGATIVE) return -boundOf(histogram, negative.indexes[slotAt(histogram, place)]!);
  const lower = boundOf(histogram, positive.indexes[slotAt(histogram, place)]! - 1);
  return lower > 0 && lower < zeroThreshold ? zeroThreshold : lower;
}

/** Upper bound; a bucket that the zero bucket reaches into ends where that one begins. */
export function upperAt(histogram: FloatHistogram, place: number): number {
  const side = sideAt(histogram, place);
  const { zeroThreshold, positive, negative } = histogram;
  if (side === ZERO) return zeroThreshold;
  if (side === POSITIVE) return boundOf(histogram, positive.indexes[slotAt(histogram, place)]!);
  const upper = -boundOf(histogram, negative.indexes[slotAt(histogram, place)]! - 1);
  return upper < 0 && upper > -zeroThreshold ? -zeroThreshold : upper;
}

export interface BoundedBucket {
  readonly lower: number;
  readonly upper: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
  readonly count: number;
  /** Index within its side; 0 for the zero bucket. */
  readonly index: number;
}

/** All buckets in ascending order with their bounds. For loops over many histograms read `countAt`, `lowerAt`, `upperAt`. */
export function* bucketsOf(histogram: FloatHistogram): Generator<BoundedBucket> {
  const custom = histogram.schema === CUSTOM_SCHEMA;
  const total = bucketTotal(histogram);
  for (let place = 0; place < total; place++) {
    const side = sideAt(histogram, place);
    const lower = lowerAt(histogram, place);
    const upper = upperAt(histogram, place);
    const index =
      side === ZERO
        ? 0
        : (side === POSITIVE ? histogram.positive : histogram.negative).indexes[slotAt(histogram, place)]!;
    yield {
      lower,
      upper,
      lowerInclusive: custom ? index === 0 : side !== POSITIVE,
      upperInclusive: custom || side !== NEGATIVE,
      count: countAt(histogram, place),
      index,
    };
  }
}

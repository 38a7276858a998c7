import { bucketsUpTo } from './bounds.ts';
import {
  addBuckets,
  commonBounds,
  customTargets,
  divideBuckets,
  multiplyBuckets,
  populated,
  reduceBuckets,
  sameBounds,
  sameIndexes,
  withoutFirst,
} from './buckets.ts';
import { checkCompatible, combinedHint, hintsCollide } from './compatibility.ts';
import { type Buckets, CUSTOM_SCHEMA, type FloatHistogram, NO_BUCKETS, type ResetHint } from './histogram.ts';
import { widenZeroBucket } from './zeroBucket.ts';

export { HistogramMean, HistogramSum } from './aggregates.ts';
export { IncompatibleSchemasError } from './compatibility.ts';

export interface Combined {
  readonly histogram: FloatHistogram;
  /** One side says that its counter was reset, the other that it was not. */
  readonly resetCollision: boolean;
  /** The custom bounds differed, so only those that both have are left. */
  readonly boundsReconciled: boolean;
}

/** @throws IncompatibleSchemasError if one has exponential buckets and the other custom ones */
export function add(a: FloatHistogram, b: FloatHistogram): Combined {
  return combine(a, b, 1);
}

/**
 * `a - b`, with the hint that a sum would have. PromQL's `-` operator marks its result as a gauge: `copyWithHint`.
 * @throws IncompatibleSchemasError if one has exponential buckets and the other custom ones
 */
export function subtract(a: FloatHistogram, b: FloatHistogram): Combined {
  return combine(a, b, -1);
}

/** The parts of a histogram that do not depend on its layout are added here, the others as the layouts need it. */
function combine(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): Combined {
  checkCompatible(a, b);
  const custom = a.schema === CUSTOM_SCHEMA;
  const boundsReconciled = custom && !sameBounds(a.bounds, b.bounds);
  const { schema, zeroThreshold, zeroCount, positive, negative, bounds } = boundsReconciled
    ? reconciled(a, b, sign)
    : a.schema === b.schema && a.zeroThreshold === b.zeroThreshold
      ? sameLayout(a, b, sign)
      : exponential(a, b, sign);
  const histogram: FloatHistogram = {
    schema,
    count: a.count + sign * b.count,
    sum: a.sum + sign * b.sum,
    zeroThreshold,
    zeroCount,
    positive,
    negative,
    bounds,
    resetHint: combinedHint(a.resetHint, b.resetHint),
  };
  return { histogram, resetCollision: hintsCollide(a.resetHint, b.resetHint), boundsReconciled };
}

type Layout = Omit<FloatHistogram, 'count' | 'sum' | 'resetHint'>;

function sameLayout(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): Layout {
  const { schema, zeroThreshold, bounds } = a;
  return {
    schema,
    zeroThreshold,
    zeroCount: a.zeroCount + sign * b.zeroCount,
    positive: addBuckets(a.positive, outsideZero(b.positive, schema, zeroThreshold), sign),
    negative: addBuckets(a.negative, outsideZero(b.negative, schema, zeroThreshold), sign),
    bounds,
  };
}

function outsideZero(side: Buckets, schema: number, zeroThreshold: number): Buckets {
  return withoutFirst(side, bucketsUpTo(side, schema, zeroThreshold));
}

/** Buckets of both between the custom bounds in common. */
function reconciled(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): Layout {
  const bounds = commonBounds(a.bounds, b.bounds);
  const counts = new Float64Array(bounds.length + 1);
  const take = ({ positive, bounds: own }: FloatHistogram, factor: number) => {
    const targets = customTargets(positive.indexes, own, bounds);
    for (let i = 0; i < targets.length; i++) counts[targets[i]!]! += factor * positive.counts[i]!;
  };
  take(a, 1);
  take(b, sign);
  const indexes = Int32Array.from(counts, (_, i) => i);
  return { ...a, bounds, positive: populated(indexes, counts) };
}

/**
 * Zero bucket and buckets of both in the lower schema (model/histogram/float_histogram.go, Add and Sub). Where the zero
 * bucket of `b` has to grow, its buckets are left as they are and those that end inside are not counted, at the resolution
 * of the result, which is how Prometheus has it.
 */
function exponential(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): Layout {
  const [left, right] = withOneThreshold(a, b);
  const { zeroThreshold, bounds } = left;
  const schema = Math.min(a.schema, b.schema);
  const side = (mine: Buckets, other: Buckets) => {
    const theirs = reduceBuckets(other, b.schema - schema);
    return addBuckets(reduceBuckets(mine, a.schema - schema), outsideZero(theirs, schema, zeroThreshold), sign);
  };
  return {
    schema,
    zeroThreshold,
    zeroCount: left.zeroCount + sign * right.zeroCount,
    positive: side(left.positive, b.positive),
    negative: side(left.negative, b.negative),
    bounds,
  };
}

/** Widens the zero buckets until both end at one value that is inside no bucket of either. */
function withOneThreshold(a: FloatHistogram, b: FloatHistogram): [FloatHistogram, FloatHistogram] {
  let left = a;
  let right = b;
  while (left.zeroThreshold !== right.zeroThreshold) {
    if (left.zeroThreshold > right.zeroThreshold) right = widenZeroBucket(b, left.zeroThreshold);
    else left = widenZeroBucket(left, right.zeroThreshold);
  }
  return [left, right];
}

/** Multiplies everything that is counted. A negative factor makes a gauge. */
export function multiply(histogram: FloatHistogram, factor: number): FloatHistogram {
  const { schema, zeroThreshold, bounds } = histogram;
  return {
    schema,
    count: histogram.count * factor,
    sum: histogram.sum * factor,
    zeroThreshold,
    zeroCount: schema === CUSTOM_SCHEMA ? 0 : histogram.zeroCount * factor,
    positive: multiplyBuckets(histogram.positive, factor),
    negative: multiplyBuckets(histogram.negative, factor),
    bounds,
    resetHint: factor < 0 ? 'gauge' : histogram.resetHint,
  };
}

/** Divides everything that is counted. Division by 0 leaves no buckets, and a negative divisor makes a gauge. */
export function divide(histogram: FloatHistogram, divisor: number): FloatHistogram {
  const { schema, zeroThreshold, bounds } = histogram;
  return {
    schema,
    count: histogram.count / divisor,
    sum: histogram.sum / divisor,
    zeroThreshold,
    zeroCount: schema === CUSTOM_SCHEMA ? 0 : histogram.zeroCount / divisor,
    positive: divisor === 0 ? NO_BUCKETS : divideBuckets(histogram.positive, divisor),
    negative: divisor === 0 ? NO_BUCKETS : divideBuckets(histogram.negative, divisor),
    bounds,
    resetHint: divisor < 0 ? 'gauge' : histogram.resetHint,
  };
}

/** PromQL's unary minus. */
export function negate(histogram: FloatHistogram): FloatHistogram {
  return multiply(histogram, -1);
}

export function copyWithHint(histogram: FloatHistogram, resetHint: ResetHint): FloatHistogram {
  return histogram.resetHint === resetHint ? histogram : { ...histogram, resetHint };
}

/** PromQL's `==`: the same layout and the same figures (NaN equals NaN, 0 is not -0); hints do not matter. */
export function equal(a: FloatHistogram, b: FloatHistogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    sameBounds(a.bounds, b.bounds) &&
    sameBuckets(a.positive, b.positive) &&
    sameBuckets(a.negative, b.negative)
  );
}

function sameBuckets(a: Buckets, b: Buckets): boolean {
  return sameIndexes(a.indexes, b.indexes) && a.counts.every((count, i) => Object.is(count, b.counts[i]));
}

/** One bucket of an exponential histogram: `count` observations with absolute value in (base^index, base^(index+1)]. */
export interface ExponentialBucket {
  readonly index: number;
  readonly count: number;
}

/** An exponential histogram, base = 2^(2^-scale); both bucket lists ascend by index. */
export interface ExponentialBuckets {
  readonly scale: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: readonly ExponentialBucket[];
  readonly negative: readonly ExponentialBucket[];
}

/** A classic bucket: `count` observations at or below `bound`. */
export interface ClassicBucket {
  readonly bound: number;
  count: number;
}

/** OpenTelemetry's SDKs use scales in this range; a bound outside it would not be a useful double. */
export const MIN_SCALE = -10;
export const MAX_SCALE = 20;

// Four buckets to a doubling: finer ones would multiply the series, and the coarser bounds are a subset of the finer
// ones, so the bucket series of a metric stay the same when its exporter rescales.
const CLASSIC_SCALE = 2;

/**
 * Converts an exponential histogram to classic buckets: ascending bounds, cumulative counts, without the +Inf bucket.
 * The zero bucket ends at the zero threshold. `scale` must be within MIN_SCALE..MAX_SCALE.
 */
export function classicBuckets(histogram: ExponentialBuckets): ClassicBucket[] {
  const shift = Math.max(0, histogram.scale - CLASSIC_SCALE);
  const perBucket = 2 ** shift;
  const exponent = 2 ** -(histogram.scale - shift);
  const out: ClassicBucket[] = [];
  for (let i = histogram.negative.length - 1; i >= 0; i--) {
    const { index, count } = histogram.negative[i]!;
    append(out, -(2 ** (Math.floor(index / perBucket) * exponent)), count);
  }
  append(out, histogram.zeroThreshold, histogram.zeroCount);
  for (const { index, count } of histogram.positive) {
    append(out, 2 ** ((Math.floor(index / perBucket) + 1) * exponent), count);
  }
  return out;
}

function append(out: ClassicBucket[], bound: number, count: number): void {
  if (bound === Infinity) return;
  const last = out.at(-1);
  if (last === undefined) out.push({ bound, count });
  else if (bound <= last.bound) last.count += count;
  else out.push({ bound, count: last.count + count });
}

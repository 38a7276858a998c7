import { WireError } from '../batch.ts';
import { type ClassicBucket, classicBuckets, MAX_SCALE, MIN_SCALE } from '../exponential-buckets.ts';
import type { Buckets, ExponentialPoint, HistogramPoint } from './metric-messages.ts';

/** Classic buckets without +Inf: ascending bounds, cumulative counts. @throws WireError for a point that is none. */
export function explicitBuckets(point: HistogramPoint, metric: string): ClassicBucket[] {
  const { explicitBounds, bucketCounts } = point;
  if (bucketCounts.length > 0 && bucketCounts.length !== explicitBounds.length + 1) {
    throw new WireError(
      `OTLP metrics: histogram ${JSON.stringify(metric)} has ${bucketCounts.length} buckets for ${explicitBounds.length} bounds`,
    );
  }
  const buckets: ClassicBucket[] = [];
  let total = 0;
  for (let i = 0; i + 1 < bucketCounts.length; i++) {
    const bound = explicitBounds[i]!;
    if (!(i === 0 ? !Number.isNaN(bound) : bound > explicitBounds[i - 1]!)) {
      throw new WireError(`OTLP metrics: the bounds of histogram ${JSON.stringify(metric)} do not ascend at ${bound}`);
    }
    total += bucketCounts[i]!;
    if (bound !== Infinity) buckets.push({ bound, count: total });
  }
  return buckets;
}

/** As `explicitBuckets`, at most four buckets to a doubling. */
export function exponentialBuckets(point: ExponentialPoint, metric: string): ClassicBucket[] {
  const { scale, zeroThreshold, zeroCount, positive, negative } = point;
  if (scale < MIN_SCALE || scale > MAX_SCALE) {
    throw new WireError(
      `OTLP metrics: histogram ${JSON.stringify(metric)} has scale ${scale}, expected ${MIN_SCALE} to ${MAX_SCALE}`,
    );
  }
  return classicBuckets({ scale, zeroThreshold, zeroCount, positive: indexed(positive), negative: indexed(negative) });
}

function indexed(buckets: Buckets | undefined) {
  if (buckets === undefined) return [];
  return buckets.bucketCounts.map((count, i) => ({ index: buckets.offset + i, count }));
}

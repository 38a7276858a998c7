import { WireError } from '../batch.ts';
import type { ClassicBucket } from '../classic-histogram.ts';
import { checkedHistogram } from '../histogram/checked.ts';
import { MAX_SCHEMA, MIN_SCHEMA, type NativeHistogram } from '../histogram/histogram.ts';
import { HistogramMessage, type SpannedBuckets } from '../histogram/message.ts';
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

/** Prometheus takes this one whatever the point says (storage/remote/otlptranslator/prometheusremotewrite/histograms.go). */
const ZERO_THRESHOLD = 1e-128;

/**
 * A native histogram: OpenTelemetry's bucket i, (base^i, base^(i+1)], is Prometheus' i + 1. A sum that is not there is 0.
 * @throws WireError for a point that is none.
 */
export function exponentialHistogram(point: ExponentialPoint, metric: string): NativeHistogram {
  const { scale, count, sum = 0, zeroCount, positive, negative } = point;
  const where = `OTLP metrics: histogram ${JSON.stringify(metric)}`;
  if (scale < MIN_SCHEMA) {
    throw new WireError(
      `${where}: cannot convert exponential to native histogram. Scale must be >= ${MIN_SCHEMA}, was ${scale}`,
    );
  }
  const message = new HistogramMessage();
  const finer = Math.max(0, scale - MAX_SCHEMA);
  Object.assign(message, { schema: scale - finer, count, sum, zeroThreshold: ZERO_THRESHOLD, zeroCount });
  addBuckets(message.positive, positive, finer);
  addBuckets(message.negative, negative, finer);
  try {
    return checkedHistogram(message);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new WireError(`${where}: ${error.message}`);
  }
}

/** One span; of a scale that is finer than the finest schema, 2^finer buckets become one. */
function addBuckets({ spans, deltas }: SpannedBuckets, buckets: Buckets | undefined, finer: number): void {
  if (buckets === undefined || buckets.bucketCounts.length === 0) return;
  const placeOf = (index: number) => Math.floor(index / 2 ** finer) + 1;
  const first = placeOf(buckets.offset);
  const counts = new Array<number>(placeOf(buckets.offset + buckets.bucketCounts.length - 1) - first + 1).fill(0);
  for (const [i, count] of buckets.bucketCounts.entries()) counts[placeOf(buckets.offset + i) - first]! += count;
  spans.push(first, counts.length);
  let before = 0;
  for (const count of counts) {
    deltas.push(count - before);
    before = count;
  }
}

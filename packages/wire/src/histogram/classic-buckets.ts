import { WireError } from '../batch.ts';
import { openMetricsFloat } from '../open-metrics-float.ts';
import {
  CUSTOM_SCHEMA,
  type HistogramBuckets,
  MOST_BUCKETS,
  type NativeHistogram,
  NO_BUCKETS,
  populated,
} from './histogram.ts';

/** As Go's `%g`, for the reasons that Prometheus gives. */
const shown = (value: number): string => openMetricsFloat(value).replace(/\.0$/, '');

interface Bucket {
  readonly bound: number;
  /** Observations at or below the bound. */
  readonly count: number;
}

/**
 * Collects what a classic histogram says, in any order, and makes of it a native one with custom buckets, by the rules of
 * Prometheus (util/convertnhcb): of a bound that is there twice the first counts; a count that is missing is that of the
 * last bucket, a bucket +Inf that is missing has the count, a sum that is missing is 0.
 */
export class ClassicBuckets {
  private buckets: Bucket[] = [];
  private isSorted = true;
  private count: number | undefined;
  private sum = 0;
  /** The first reason why there is no such histogram; '' for none. */
  private fault = '';

  clear(): void {
    this.buckets = [];
    this.isSorted = true;
    this.count = undefined;
    this.sum = 0;
    this.fault = '';
  }

  addBucket(bound: number, count: number): void {
    if (this.fault !== '') return;
    if (Number.isNaN(bound)) this.fault = 'bucket boundary must not be NaN';
    else if (count < 0) {
      this.fault = `bucket count must be non-negative: le=${shown(bound)}, count=${shown(count)}`;
    } else if (this.buckets.length === MOST_BUCKETS) this.fault = `a histogram has more than ${MOST_BUCKETS} buckets`;
    else {
      const last = this.buckets.at(-1);
      if (last && last.bound === bound) return;
      if (last && last.bound > bound) this.isSorted = false;
      this.buckets.push({ bound, count });
    }
  }

  setCount(count: number): void {
    if (this.fault !== '') return;
    if (count < 0) this.fault = `count must be non-negative: count=${shown(count)}`;
    else this.count = count;
  }

  setSum(sum: number): void {
    this.sum = sum;
  }

  /** @throws WireError with the reason where it is no histogram */
  convert(resetHint: NativeHistogram['resetHint'] = 'unknown'): NativeHistogram {
    if (this.fault !== '') throw new WireError(this.fault);
    const buckets = this.isSorted ? [...this.buckets] : inOrder(this.buckets);
    checkCumulative(buckets);
    const count = this.count ?? buckets.at(-1)?.count ?? 0;
    if (buckets.at(-1)?.bound !== Infinity) buckets.push({ bound: Infinity, count });
    const last = buckets.at(-1)!.count;
    if (count !== last) throw new WireError(`count mismatch: count=${shown(count)} != le=+Inf count=${shown(last)}`);
    const isInteger = Number.isSafeInteger(count) && buckets.every((bucket) => Number.isInteger(bucket.count));
    return {
      ...(isInteger && { isInteger }),
      schema: CUSTOM_SCHEMA,
      count,
      sum: this.sum,
      zeroThreshold: 0,
      zeroCount: 0,
      positive: differences(buckets),
      negative: NO_BUCKETS,
      bounds: Float64Array.from(buckets.slice(0, -1), ({ bound }) => bound),
      resetHint,
    };
  }
}

/** By their bounds, the first of each. */
function inOrder(buckets: readonly Bucket[]): Bucket[] {
  const sorted = buckets.toSorted((a, b) => (a.bound < b.bound ? -1 : a.bound > b.bound ? 1 : 0));
  return sorted.filter(({ bound }, i) => i === 0 || bound !== sorted[i - 1]!.bound);
}

function checkCumulative(buckets: readonly Bucket[]): void {
  for (let i = 1; i < buckets.length; i++) {
    const [before, { count }] = [buckets[i - 1]!.count, buckets[i]!];
    if (count < before) throw new WireError(`count is not cumulative: ${shown(count)} < ${shown(before)}`);
  }
}

/** @throws WireError where the count, in place of a bucket +Inf, is less than what the buckets have. */
function differences(buckets: readonly Bucket[]): HistogramBuckets {
  const counts = buckets.map(({ count }, i) => count - (buckets[i - 1]?.count ?? 0));
  const last = counts.at(-1)!;
  if (last < 0) {
    throw new WireError(
      `positive side: bucket number ${counts.length} has observation count of ${shown(last)}: histogram has a bucket whose observation count is negative`,
    );
  }
  return populated([...counts.keys()], counts);
}

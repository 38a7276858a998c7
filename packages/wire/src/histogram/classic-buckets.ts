import { WireError } from '../batch.ts';
import { openMetricsFloat } from '../open-metrics-float.ts';
import {
  CUSTOM_SCHEMA,
  type HistogramBuckets,
  MOST_BUCKETS,
  type NativeHistogram,
  NO_BOUNDS,
  NO_BUCKETS,
} from './histogram.ts';

/** As Go's `%g`, for the reasons that Prometheus gives. */
const shown = (value: number): string => openMetricsFloat(value).replace(/\.0$/, '');

/**
 * Collects what a classic histogram says, in any order, and makes of it a native one with custom buckets, by the rules of
 * Prometheus (util/convertnhcb): of a bound that is there twice the first counts; a count that is missing is that of the
 * last bucket, a bucket +Inf that is missing has the count, a sum that is missing is 0.
 */
export class ClassicBuckets {
  /** Upper bounds, and the observations at or below each. */
  private bounds: number[] = [];
  private counts: number[] = [];
  private isSorted = true;
  private count: number | undefined;
  private sum = 0;
  /** The first reason why there is no such histogram; '' for none. */
  private fault = '';
  /** Those of the histogram before, which are shared with one that has the same. */
  private lastBounds = NO_BOUNDS;

  clear(): void {
    this.bounds.length = 0;
    this.counts.length = 0;
    this.isSorted = true;
    this.count = undefined;
    this.sum = 0;
    this.fault = '';
  }

  addBucket(bound: number, count: number): void {
    const { bounds } = this;
    const { length } = bounds;
    if (this.fault !== '') return;
    if (Number.isNaN(bound)) this.fault = 'bucket boundary must not be NaN';
    else if (count < 0) {
      this.fault = `bucket count must be non-negative: le=${shown(bound)}, count=${shown(count)}`;
    } else if (length === MOST_BUCKETS) this.fault = `a histogram has more than ${MOST_BUCKETS} buckets`;
    else {
      if (length > 0 && bounds[length - 1]! >= bound) {
        if (bounds[length - 1] === bound) return;
        this.isSorted = false;
      }
      bounds.push(bound);
      this.counts.push(count);
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

  /** Once for what was collected. @throws WireError with the reason where it is no histogram */
  convert(resetHint: NativeHistogram['resetHint'] = 'unknown'): NativeHistogram {
    if (this.fault !== '') throw new WireError(this.fault);
    if (!this.isSorted) this.sort();
    const { bounds, counts } = this;
    for (let i = 1; i < counts.length; i++) {
      if (counts[i]! >= counts[i - 1]! || Number.isNaN(counts[i]! - counts[i - 1]!)) continue;
      throw new WireError(`count is not cumulative: ${shown(counts[i]!)} < ${shown(counts[i - 1]!)}`);
    }
    const count = this.count ?? counts.at(-1) ?? 0;
    if (bounds.at(-1) !== Infinity) {
      bounds.push(Infinity);
      counts.push(count);
    }
    const last = counts.at(-1)!;
    if (count !== last) throw new WireError(`count mismatch: count=${shown(count)} != le=+Inf count=${shown(last)}`);
    const isInteger = Number.isSafeInteger(count) && counts.every(Number.isInteger);
    return {
      ...(isInteger && { isInteger }),
      schema: CUSTOM_SCHEMA,
      count,
      sum: this.sum,
      zeroThreshold: 0,
      zeroCount: 0,
      positive: differences(counts),
      negative: NO_BUCKETS,
      bounds: this.finiteBounds(),
      resetHint,
    };
  }

  /** By their bounds, the first of each. */
  private sort(): void {
    const { bounds, counts } = this;
    const order = [...bounds.keys()].sort((a, b) => compare(bounds[a]!, bounds[b]!) || a - b);
    const kept = order.filter((place, i) => i === 0 || bounds[place] !== bounds[order[i - 1]!]);
    this.bounds = kept.map((place) => bounds[place]!);
    this.counts = kept.map((place) => counts[place]!);
  }

  private finiteBounds(): Float64Array {
    const { bounds, lastBounds } = this;
    const size = bounds.length - 1;
    let isSame = lastBounds.length === size;
    for (let i = 0; isSame && i < size; i++) isSame = Object.is(bounds[i], lastBounds[i]);
    if (!isSame) this.lastBounds = Float64Array.from(bounds.slice(0, size));
    return this.lastBounds;
  }
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

/** @throws WireError where the count, in place of a bucket +Inf, is less than what the buckets have. */
function differences(cumulative: readonly number[]): HistogramBuckets {
  const { length } = cumulative;
  const counts = new Float64Array(length);
  const indexes = new Int32Array(length);
  let size = 0;
  let before = 0;
  for (let i = 0; i < length; i++) {
    const count = cumulative[i]! - before;
    before = cumulative[i]!;
    if (count < 0) {
      throw new WireError(
        `positive side: bucket number ${i + 1} has observation count of ${shown(count)}: histogram has a bucket whose observation count is negative`,
      );
    }
    if (count === 0) continue;
    indexes[size] = i;
    counts[size++] = count;
  }
  return size === length ? { indexes, counts } : { indexes: indexes.slice(0, size), counts: counts.slice(0, size) };
}

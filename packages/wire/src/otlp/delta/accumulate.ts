/**
 * Deltas become cumulative as OpenTelemetry's deltatocumulative processor does it: each is added to what the stream has,
 * gaps add nothing, a point that is not newer than the last is refused, and a histogram whose explicit bounds change
 * begins again. Beyond it: a point that reaches back before the end of the last is refused too, because what overlaps
 * would count twice; and a stream that begins has a zero first, so that `increase` sees its first delta.
 */
import type { ClassicBucket } from '../../classic-histogram.ts';
import { addedHistograms } from '../../histogram/add.ts';
import type { NativeHistogram } from '../../histogram/histogram.ts';
import type { Counted, DeltaPoint } from './point.ts';

export interface SumTotal {
  readonly kind: 'sum';
  readonly value: number;
}

/** `counts[i]` observations above the bound before and at or below `bounds[i]`; those above all bounds are in `count` alone. */
export interface HistogramTotal {
  readonly kind: 'histogram';
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number | undefined;
}

/** Of an exponential histogram. */
export interface NativeTotal {
  readonly kind: 'native';
  readonly histogram: NativeHistogram;
}

export type Total = SumTotal | HistogramTotal | NativeTotal;

/** What a stream has come to. Immutable. */
export interface DeltaState {
  /** Points up to this time (Unix nanoseconds) are counted already. */
  readonly time: bigint;
  /** No interval may begin before this one's end. */
  readonly end: bigint;
  /** Unix milliseconds of the last sample that was made of it. */
  readonly timestamp: number;
  readonly total: Total;
}

export interface Accumulated {
  readonly state: DeltaState;
  /** Unix milliseconds at which the stream was zero, where it begins and that is to be seen. */
  readonly zeroAt: number | undefined;
}

/** Buckets that one stream of exponential histograms may gather, before its resolution goes down: twice OpenTelemetry's 160 a side. */
const MOST_BUCKETS = 640;
/** A first interval that is longer gets no zero: its begin is more likely the sender's mistake. */
const LONGEST_FIRST_MS = 3_600_000;
const NANOS = 1_000_000n;

export const millis = (nanos: bigint): number => Number(nanos / NANOS);

/** The state of `stream` with the point added, or why it cannot be added: a text. */
export function accumulate(state: DeltaState | undefined, point: DeltaPoint): Accumulated | string {
  const { counted, start, time } = point;
  const fault = faultOf(counted);
  if (fault !== undefined) return `delta of ${JSON.stringify(point.family)} ${fault}`;
  if (state !== undefined) {
    if (time <= state.time)
      return `delta of ${JSON.stringify(point.family)} is out of order: it was counted already up to its time`;
    if (start !== 0n && start < state.end) return `delta of ${JSON.stringify(point.family)} overlaps the one before`;
  }
  // Two points within a millisecond are two samples all the same.
  const timestamp = Math.max(millis(time), state === undefined ? 0 : state.timestamp + 1);
  const sum = point.stale ? state?.total : state && added(state.total, counted);
  const begins = sum === undefined;
  const total = sum ?? totalOf(counted);
  return {
    state: { time, end: time, timestamp, total },
    zeroAt: begins && !point.stale ? zeroAt(state, point, timestamp) : undefined,
  };
}

function faultOf(counted: Counted): string | undefined {
  const value = amountOf(counted);
  if (!Number.isFinite(value)) return `is ${value}, which cannot be added up`;
  return counted.kind === 'sum' && counted.monotonic && value < 0 ? `is ${value}, but it only goes up` : undefined;
}

function amountOf(counted: Counted): number {
  if (counted.kind === 'sum') return counted.value;
  return counted.kind === 'native' ? counted.histogram.sum : (counted.sum ?? 0);
}

function zeroAt(state: DeltaState | undefined, { counted, start }: DeltaPoint, timestamp: number): number | undefined {
  if (counted.kind === 'sum' && !counted.monotonic) return undefined;
  const after = state === undefined ? 0 : state.timestamp + 1;
  if (start === 0n && state === undefined) return undefined;
  // An interval that lies within one millisecond began in the one before, as far as samples can tell.
  const at = Math.max(Math.min(millis(start), timestamp - 1), after);
  return at < timestamp && timestamp - at <= LONGEST_FIRST_MS ? at : undefined;
}

function totalOf(counted: Counted): Total {
  if (counted.kind === 'sum') return { kind: 'sum', value: counted.value };
  if (counted.kind === 'native') return counted;
  return { kind: 'histogram', ...single(counted.buckets), count: counted.count, sum: counted.sum };
}

/** undefined where the two have nothing in common: the stream begins again. */
function added(total: Total, counted: Counted): Total | undefined {
  if (counted.kind === 'sum') {
    return total.kind === 'sum' ? { kind: 'sum', value: total.value + counted.value } : undefined;
  }
  if (counted.kind === 'native') {
    if (total.kind !== 'native') return undefined;
    return { kind: 'native', histogram: addedHistograms(total.histogram, counted.histogram, MOST_BUCKETS) };
  }
  if (total.kind !== 'histogram') return undefined;
  const merged = sameBounds(total, single(counted.buckets));
  if (merged === undefined) return undefined;
  const sum = total.sum === undefined || counted.sum === undefined ? undefined : total.sum + counted.sum;
  return { kind: 'histogram', ...merged, count: total.count + counted.count, sum };
}

type Counts = Pick<HistogramTotal, 'bounds' | 'counts'>;

/** Cumulative counts as the counts of each bucket alone. */
function single(buckets: readonly ClassicBucket[]): Counts {
  const counts = buckets.map(({ count }, i) => count - (i === 0 ? 0 : buckets[i - 1]!.count));
  return { bounds: buckets.map(({ bound }) => bound), counts };
}

function sameBounds(a: Counts, b: Counts): Counts | undefined {
  if (a.bounds.length !== b.bounds.length || a.bounds.some((bound, i) => bound !== b.bounds[i])) return undefined;
  return { bounds: a.bounds, counts: a.counts.map((count, i) => count + b.counts[i]!) };
}

/** The buckets of a total as the writer of classic histograms wants them. */
export function bucketsOf({ bounds, counts }: HistogramTotal): ClassicBucket[] {
  let total = 0;
  return bounds.map((bound, i) => {
    total += counts[i]!;
    return { bound, count: total };
  });
}

/**
 * A stream's state from its last sample (Unix milliseconds), which knows its time less exactly: what falls into the same
 * millisecond counts as counted, and an interval may begin a little before.
 */
export function restored(timestamp: number, total: Total): DeltaState {
  const nanos = BigInt(timestamp) * NANOS;
  return { time: nanos + NANOS - 1n, end: nanos - NANOS, timestamp, total };
}

/** @param buckets ascending bounds without +Inf, cumulative counts */
export function restoredHistogram(
  timestamp: number,
  buckets: readonly ClassicBucket[],
  count: number,
  sum: number | undefined,
): DeltaState {
  return restored(timestamp, { kind: 'histogram', ...single(buckets), count, sum });
}

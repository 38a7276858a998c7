/**
 * Deltas become cumulative as OpenTelemetry's deltatocumulative processor does it: each is added to what the stream has,
 * gaps add nothing, a point that is not newer than the last is refused, and a histogram whose explicit bounds change
 * begins again. Beyond it: a point that reaches back before the end of the last is refused too, because what overlaps
 * would count twice; and a stream that begins has a zero first, so that `increase` sees its first delta.
 */
import type { ClassicBucket } from '../../exponential-buckets.ts';
import type { DeltaHistogram, DeltaPoint, DeltaSum } from './point.ts';

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

/** What a stream has come to. Immutable. */
export interface DeltaState {
  /** Points up to this time (Unix nanoseconds) are counted already. */
  readonly time: bigint;
  /** No interval may begin before this one's end. */
  readonly end: bigint;
  /** Unix milliseconds of the last sample that was made of it. */
  readonly timestamp: number;
  readonly total: SumTotal | HistogramTotal;
}

export interface Accumulated {
  readonly state: DeltaState;
  /** Unix milliseconds at which the stream was zero, where it begins and that is to be seen. */
  readonly zeroAt: number | undefined;
}

/** Bounds that one stream of exponential histograms may gather: 160 doublings at four buckets each. */
const MOST_BOUNDS = 640;
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

function faultOf(counted: DeltaSum | DeltaHistogram): string | undefined {
  const value = counted.kind === 'sum' ? counted.value : (counted.sum ?? 0);
  if (!Number.isFinite(value)) return `is ${value}, which cannot be added up`;
  return counted.kind === 'sum' && counted.monotonic && value < 0 ? `is ${value}, but it only goes up` : undefined;
}

function zeroAt(state: DeltaState | undefined, { counted, start }: DeltaPoint, timestamp: number): number | undefined {
  if (counted.kind === 'sum' && !counted.monotonic) return undefined;
  const after = state === undefined ? 0 : state.timestamp + 1;
  if (start === 0n && state === undefined) return undefined;
  // An interval that lies within one millisecond began in the one before, as far as samples can tell.
  const at = Math.max(Math.min(millis(start), timestamp - 1), after);
  return at < timestamp && timestamp - at <= LONGEST_FIRST_MS ? at : undefined;
}

function totalOf(counted: DeltaSum | DeltaHistogram): SumTotal | HistogramTotal {
  if (counted.kind === 'sum') return { kind: 'sum', value: counted.value };
  return { kind: 'histogram', ...single(counted.buckets), count: counted.count, sum: counted.sum };
}

/** undefined where the two have nothing in common: the stream begins again. */
function added(total: SumTotal | HistogramTotal, counted: DeltaSum | DeltaHistogram): typeof total | undefined {
  if (counted.kind === 'sum') {
    return total.kind === 'sum' ? { kind: 'sum', value: total.value + counted.value } : undefined;
  }
  if (total.kind !== 'histogram') return undefined;
  const more = single(counted.buckets);
  const merged = counted.mergeable ? union(total, more) : sameBounds(total, more);
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

function union(a: Counts, b: Counts): Counts | undefined {
  const bounds: number[] = [];
  const counts: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.bounds.length || j < b.bounds.length) {
    const [left = Infinity, right = Infinity] = [a.bounds[i], b.bounds[j]];
    bounds.push(Math.min(left, right));
    counts.push((left <= right ? a.counts[i++]! : 0) + (right <= left ? b.counts[j++]! : 0));
  }
  return bounds.length > MOST_BOUNDS ? undefined : { bounds, counts };
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
export function restored(timestamp: number, total: SumTotal | HistogramTotal): DeltaState {
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

import { hasNaN, staleTest } from '../engine/staleness.ts';
import { ENDED, FALLS, LARGE, type RollupRows } from './columns.ts';

/** A sum of as many of these as there can be is still finite. */
const LARGEST = 1e280;
/** Parts that falls make of a bucket at most. */
const MOST_FALLS = 16;

/** So many falls of a counter are kept exactly; what falls more often is a gauge. */
const fallsKept = (samples: number): number => Math.min(MOST_FALLS, Math.max(1, Math.floor(samples / 5)));

/**
 * Appends the roll-ups of a series' samples (times in Unix milliseconds, ascending) in buckets `(k * width, (k + 1) * width]`.
 * The roll-ups of samples that are cut into pieces anywhere, one after the other, stand for the same.
 */
export function rollUp(timestamps: Float64Array, values: Float64Array, width: number, into: RollupRows): void {
  const isStale = hasNaN(values) ? staleTest(values) : undefined;
  for (let from = 0; from < timestamps.length; ) {
    const end = Math.ceil(timestamps[from]! / width) * width;
    let to = from + 1;
    while (to < timestamps.length && timestamps[to]! <= end) to++;
    if (isStale) rollUpBucketWithMarkers(timestamps, values, from, to, end, isStale, into);
    else rollUpBucket(timestamps, values, from, to, end, into);
    from = to;
  }
}

function rollUpBucketWithMarkers(
  timestamps: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
  end: number,
  isStale: (index: number) => boolean,
  into: RollupRows,
): void {
  const places: number[] = [];
  for (let i = from; i < to; i++) if (!isStale(i)) places.push(i);
  const times = Float64Array.from(places, (i) => timestamps[i]!);
  if (places.length > 0) {
    const own = Float64Array.from(places, (i) => values[i]!);
    rollUpBucket(times, own, 0, places.length, end, into);
  } else {
    addMarker(timestamps[from]!, timestamps[to - 1]!, end, into);
  }
  if (!isStale(to - 1)) return;
  const last = into.length - 1;
  into.columns.flags[last] = into.columns.flags[last]! | ENDED;
}

function addMarker(first: number, last: number, end: number, into: RollupRows): void {
  const row = into.push();
  const { columns } = into;
  columns.ends[row] = end;
  columns.firstTimes[row] = first;
  columns.lastTimes[row] = last;
  columns.firsts[row] = 0;
  columns.lasts[row] = 0;
  columns.counts[row] = 0;
  columns.changes[row] = 0;
  columns.mins[row] = 0;
  columns.maxs[row] = 0;
  columns.sums[row] = 0;
  columns.compensations[row] = 0;
  columns.flags[row] = 0;
}

function rollUpBucket(
  timestamps: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
  end: number,
  into: RollupRows,
): void {
  let falls = 0;
  for (let i = from + 1; i < to; i++) if (values[i]! < values[i - 1]!) falls++;
  if (falls === 0 || falls > fallsKept(to - from)) {
    addPart(timestamps, values, from, to, end, falls === 0 ? 0 : FALLS, into);
    return;
  }
  let start = from;
  for (let i = from + 1; i < to; i++) {
    if (!(values[i]! < values[i - 1]!)) continue;
    addPart(timestamps, values, start, i, end, 0, into);
    start = i;
  }
  addPart(timestamps, values, start, to, end, 0, into);
}

function addPart(
  timestamps: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
  end: number,
  flag: number,
  into: RollupRows,
): void {
  let before = values[from]!;
  let min = before;
  let max = before;
  let sum = before;
  let compensation = 0;
  let changes = 0;
  let isLarge = isTooLarge(before);
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    if (value !== before && !(Number.isNaN(value) && Number.isNaN(before))) {
      changes++;
      if (value < min || Number.isNaN(min)) min = value;
      if (value > max || Number.isNaN(max)) max = value;
      isLarge ||= isTooLarge(value);
    }
    before = value;
    const next = sum + value;
    if (Math.abs(next) === Number.POSITIVE_INFINITY) compensation = 0;
    else if (Math.abs(sum) >= Math.abs(value)) compensation += sum - next + value;
    else compensation += value - next + sum;
    sum = next;
  }
  const row = into.push();
  const { columns } = into;
  columns.ends[row] = end;
  columns.firstTimes[row] = timestamps[from]!;
  columns.lastTimes[row] = timestamps[to - 1]!;
  columns.firsts[row] = values[from]!;
  columns.lasts[row] = before;
  columns.counts[row] = to - from;
  columns.changes[row] = changes;
  columns.mins[row] = min;
  columns.maxs[row] = max;
  columns.sums[row] = sum;
  columns.compensations[row] = Number.isNaN(sum) ? 0 : compensation;
  columns.flags[row] = isLarge ? flag | LARGE : flag;
}

function isTooLarge(value: number): boolean {
  const size = Math.abs(value);
  return size > LARGEST && size !== Number.POSITIVE_INFINITY;
}

import { type FloatWindows, fillPresent, type Row, type RowFunction } from '../engine/rows.ts';
import { secondsOf } from '../engine/window.ts';
import type { RateKind } from './rate.ts';

/**
 * `rate`, `increase` and `delta` of floats without start timestamps, all steps of a series at once, to the same bits as
 * window by window. What is extrapolated follows from the times, but for counters that would have been below zero.
 */
export function rateRows(kind: RateKind): () => RowFunction {
  return () => {
    let known: Extrapolation | undefined;
    let version = -1;
    return (windows, into) => {
      known ??= newExtrapolation(windows, kind);
      if (version !== windows.version) extrapolationOf(windows, known);
      version = windows.version;
      return (kind.isCounter ? counterRow : increases)(windows, known, kind, into);
    };
  };
}

/** By step: seconds between first and last sample, seconds to add before and after, and what that makes to multiply with. */
interface Extrapolation {
  /** Where they are, one behind the other, in the memory of the loops; -1 where they are elsewhere. */
  readonly columnsAt: number;
  readonly sampled: Float64Array;
  readonly toStart: Float64Array;
  readonly toEnd: Float64Array;
  readonly factor: Float64Array;
  /** An increase below the first value times this is not that of a counter that would have been below zero; a little less than the bound. */
  readonly reach: Float64Array;
  /** Seconds of the range of a rate; else 1. */
  readonly divisor: number;
}

function newExtrapolation({ memory, references, range }: FloatWindows, { perSecond }: RateKind): Extrapolation {
  const { length } = references;
  const columns = memory?.doubles(5 * length) ?? new Float64Array(5 * length);
  const column = (place: number) => columns.subarray(place * length, (place + 1) * length);
  return {
    columnsAt: memory?.addressOf(columns) ?? -1,
    sampled: column(0),
    toStart: column(1),
    toEnd: column(2),
    factor: column(3),
    reach: column(4),
    divisor: perSecond ? secondsOf(range) : 1,
  };
}

/** More than what rounding makes of it. */
const LITTLE_LESS = 1 - 1e-9;

/** Prometheus' extrapolatedRate (promql/functions.go), as far as it is about times. */
function extrapolationOf(windows: FloatWindows, into: Extrapolation): void {
  const { from, to, timestamps, references, range } = windows;
  const { length } = references;
  for (let step = 0; step < length; step++) {
    const count = to[step]! - from[step]!;
    if (count < 2) continue;
    const first = timestamps[from[step]!]!;
    const last = timestamps[to[step]! - 1]!;
    const sampled = (last - first) / 1000;
    const gap = sampled / (count - 1);
    const threshold = gap * 1.1;
    let toStart = (first - (references[step]! - range)) / 1000;
    if (toStart >= threshold) toStart = gap / 2;
    let toEnd = (references[step]! - last) / 1000;
    if (toEnd >= threshold) toEnd = gap / 2;
    const factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
    into.sampled[step] = sampled;
    into.toStart[step] = toStart;
    into.toEnd[step] = toEnd;
    into.factor[step] = factor / into.divisor;
    into.reach[step] = (sampled / toStart) * LITTLE_LESS;
  }
}

function counterRow(windows: FloatWindows, known: Extrapolation, kind: RateKind, into: Row): number {
  const size = increases(windows, known, kind, into);
  const { from, to, values } = windows;
  const { length } = from;
  const stop = to[length - 1]!;
  // The windows that see a fall are done again.
  let step = 0;
  for (let fall = nextFall(windows, from[0]! + 1, stop); fall < stop; fall = nextFall(windows, fall + 1, stop)) {
    step = firstAbove(to, fall, step);
    for (; step < length && from[step]! < fall; step++) {
      if (to[step]! - from[step]! < 2) continue;
      const first = values[from[step]!]!;
      let increase = values[to[step]! - 1]! - first;
      for (let i = from[step]! + 1; i < to[step]!; i++) if (values[i]! < values[i - 1]!) increase += values[i - 1]!;
      into.values[step] = increase * factorOf(step, first, increase, known);
    }
  }
  return size;
}

/** The place of the first value of from <= i < to that is less than the one before; at least `to` where there is none. */
function nextFall({ memory, values, valuesAt }: FloatWindows, from: number, to: number): number {
  if (memory && valuesAt >= 0) return memory.loops.nextFall(valuesAt, from, to);
  let i = from;
  while (i < to && !(values[i]! < values[i - 1]!)) i++;
  return i;
}

/** The first step from `begin` on whose place is above `place`; places ascend. */
function firstAbove(places: Int32Array, place: number, begin: number): number {
  let low = begin;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (places[middle]! > place) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What comes of each window between its first and its last value, as of a counter that never falls. */
function increases(windows: FloatWindows, known: Extrapolation, kind: RateKind, into: Row): number {
  const { runs, size } = windows.stepsWith(2);
  fillPresent(into, runs);
  const { memory, fromAt, toAt, valuesAt } = windows;
  const { columnsAt, divisor } = known;
  const isHere = fromAt >= 0 && toAt >= 0 && valuesAt >= 0 && columnsAt >= 0 && into.at >= 0;
  const loops = isHere ? memory?.loops : undefined;
  for (let i = 0; i < runs.length; i += 2) {
    const [begin, end] = [runs[i]!, runs[i + 1]!];
    if (!loops) increasesOf(windows, known, kind, into.values, begin, end);
    else
      loops.increases(
        valuesAt,
        fromAt,
        toAt,
        columnsAt,
        windows.from.length,
        into.at,
        begin,
        end,
        kind.isCounter,
        windows.slidesFrom(begin, end),
        divisor,
      );
  }
  return size;
}

/** The steps begin <= step < end, all of which have a result. */
function increasesOf(
  { from, to, values }: FloatWindows,
  known: Extrapolation,
  kind: RateKind,
  into: Float64Array,
  begin: number,
  end: number,
): void {
  const { factor, reach } = known;
  for (let step = begin; step < end; step++) {
    const first = values[from[step]!]!;
    const increase = values[to[step]! - 1]! - first;
    const mayReachZero = kind.isCounter && first * reach[step]! <= increase;
    into[step] = increase * (mayReachZero ? factorOf(step, first, increase, known) : factor[step]!);
  }
}

/** What to multiply an increase with; a counter is not extrapolated to below zero. */
function factorOf(
  step: number,
  first: number,
  increase: number,
  { sampled, toStart, toEnd, factor, divisor }: Extrapolation,
): number {
  if (!(increase > 0 && first >= 0)) return factor[step]!;
  const between = sampled[step]!;
  const toZero = between * (first / increase);
  if (!(toZero < toStart[step]!)) return factor[step]!;
  const times = between === 0 ? 1 : (between + toZero + toEnd[step]!) / between;
  return times / divisor;
}

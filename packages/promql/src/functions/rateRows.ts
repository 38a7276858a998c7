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
      if (version !== windows.version || !known) {
        known = extrapolationOf(windows, kind, known);
        version = windows.version;
      }
      return kind.isCounter ? counterRow(windows, known, kind, into) : gaugeRow(windows, known, into);
    };
  };
}

/** By step: seconds between first and last sample, seconds to add before and after, and what that makes to multiply with. */
interface Extrapolation {
  readonly sampled: Float64Array;
  readonly toStart: Float64Array;
  readonly toEnd: Float64Array;
  readonly factor: Float64Array;
  /** An increase below the first value times this is not that of a counter that would have been below zero; a little less than the bound. */
  readonly reach: Float64Array;
  readonly rangeSeconds: number;
}

/** More than what rounding makes of it. */
const LITTLE_LESS = 1 - 1e-9;

/** Prometheus' extrapolatedRate (promql/functions.go), as far as it is about times. */
function extrapolationOf(windows: FloatWindows, { perSecond }: RateKind, reused?: Extrapolation): Extrapolation {
  const { from, to, timestamps, references, range } = windows;
  const { length } = references;
  const into = reused ?? {
    sampled: new Float64Array(length),
    toStart: new Float64Array(length),
    toEnd: new Float64Array(length),
    factor: new Float64Array(length),
    reach: new Float64Array(length),
    rangeSeconds: secondsOf(range),
  };
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
    into.factor[step] = perSecond ? factor / into.rangeSeconds : factor;
    into.reach[step] = (sampled / toStart) * LITTLE_LESS;
  }
  return into;
}

function counterRow(windows: FloatWindows, known: Extrapolation, kind: RateKind, into: Row): number {
  const { from, to, values } = windows;
  const { length } = from;
  const { runs, size } = windows.stepsWith(2);
  fillPresent(into, runs);
  if (!falls(values, from[0]!, to[length - 1]!)) {
    for (let i = 0; i < runs.length; i += 2) risingRow(windows, known, kind, into.values, runs[i]!, runs[i + 1]!);
    return size;
  }
  // The last place up to the end of the window where a value is less than the one before.
  let fall = 0;
  let seen = 1;
  for (let step = 0; step < length; step++) {
    const start = from[step]!;
    const end = to[step]!;
    for (; seen < end; seen++) if (values[seen]! < values[seen - 1]!) fall = seen;
    if (end - start < 2) continue;
    const first = values[start]!;
    let increase = values[end - 1]! - first;
    if (fall > start) {
      for (let i = start + 1; i < end; i++) if (values[i]! < values[i - 1]!) increase += values[i - 1]!;
    }
    into.values[step] = increase * factorOf(step, first, increase, known, kind);
  }
  return size;
}

function falls(values: Float64Array, from: number, to: number): boolean {
  for (let i = from + 1; i < to; i++) if (values[i]! < values[i - 1]!) return true;
  return false;
}

/** The steps `begin <= step < end` of a counter that never falls, all of which have a result. */
function risingRow(
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
    const mayReachZero = first * reach[step]! <= increase;
    into[step] = increase * (mayReachZero ? factorOf(step, first, increase, known, kind) : factor[step]!);
  }
}

/** What to multiply an increase with; a counter is not extrapolated to below zero. */
function factorOf(
  step: number,
  first: number,
  increase: number,
  { sampled, toStart, toEnd, factor, rangeSeconds }: Extrapolation,
  { perSecond }: RateKind,
): number {
  if (!(increase > 0 && first >= 0)) return factor[step]!;
  const between = sampled[step]!;
  const toZero = between * (first / increase);
  if (!(toZero < toStart[step]!)) return factor[step]!;
  const times = between === 0 ? 1 : (between + toZero + toEnd[step]!) / between;
  return perSecond ? times / rangeSeconds : times;
}

function gaugeRow(windows: FloatWindows, { factor }: Extrapolation, into: Row): number {
  const { from, to, values } = windows;
  const { runs, size } = windows.stepsWith(2);
  fillPresent(into, runs);
  for (let i = 0; i < runs.length; i += 2) {
    for (let step = runs[i]!; step < runs[i + 1]!; step++) {
      into.values[step] = (values[to[step]! - 1]! - values[from[step]!]!) * factor[step]!;
    }
  }
  return size;
}

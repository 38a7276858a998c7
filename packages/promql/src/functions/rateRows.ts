import type { FloatWindows, Row, RowFunction } from '../engine/rows.ts';
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
  readonly rangeSeconds: number;
}

/** Prometheus' extrapolatedRate (promql/functions.go), as far as it is about times. */
function extrapolationOf(windows: FloatWindows, { perSecond }: RateKind, reused?: Extrapolation): Extrapolation {
  const { from, to, timestamps, references, range } = windows;
  const { length } = references;
  const into = reused ?? {
    sampled: new Float64Array(length),
    toStart: new Float64Array(length),
    toEnd: new Float64Array(length),
    factor: new Float64Array(length),
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
  }
  return into;
}

function counterRow(windows: FloatWindows, known: Extrapolation, { perSecond }: RateKind, into: Row): number {
  const { from, to, values } = windows;
  const { sampled, toStart, toEnd, factor, rangeSeconds } = known;
  const { length } = from;
  // The last place up to the end of the window where a value is less than the one before.
  let fall = 0;
  let size = 0;
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
    let times = factor[step]!;
    if (increase > 0 && first >= 0) {
      const toZero = sampled[step]! * (first / increase);
      if (toZero < toStart[step]!) {
        const between = sampled[step]!;
        times = between === 0 ? 1 : (between + toZero + toEnd[step]!) / between;
        if (perSecond) times /= rangeSeconds;
      }
    }
    into.values[step] = increase * times;
    into.present[step] = 1;
    size++;
  }
  return size;
}

function gaugeRow({ from, to, values }: FloatWindows, { factor }: Extrapolation, into: Row): number {
  let size = 0;
  for (let step = 0; step < from.length; step++) {
    const start = from[step]!;
    const end = to[step]!;
    if (end - start < 2) continue;
    into.values[step] = (values[end - 1]! - values[start]!) * factor[step]!;
    into.present[step] = 1;
    size++;
  }
  return size;
}

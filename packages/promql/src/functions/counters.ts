import { nothing, type Window } from '../engine/window.ts';
import { type FunctionTable, overWindow } from './function.ts';

/** Prometheus' extrapolatedRate (promql/functions.go). */
function extrapolated(window: Window, isCounter: boolean, isRate: boolean): number {
  const { timestamps, values, from, to } = window;
  const gaps = to - from - 1;
  if (gaps < 1) return nothing(window);
  const first = values[from]!;
  let result = values[to - 1]! - first;
  if (isCounter) {
    for (let i = from + 1; i < to; i++) if (values[i]! < values[i - 1]!) result += values[i - 1]!;
  }
  const sampled = (timestamps[to - 1]! - timestamps[from]!) / 1000;
  const gap = sampled / gaps;
  const threshold = gap * 1.1;
  let toStart = (timestamps[from]! - window.rangeStart) / 1000;
  let toEnd = (window.rangeEnd - timestamps[to - 1]!) / 1000;
  if (toStart >= threshold) toStart = gap / 2;
  // A counter cannot have been below zero, so extrapolation ends where it would have been zero.
  if (isCounter && result > 0 && first >= 0) toStart = Math.min(toStart, sampled * (first / result));
  if (toEnd >= threshold) toEnd = gap / 2;
  let factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  if (isRate) factor /= (window.rangeEnd - window.rangeStart) / 1000;
  return result * factor;
}

function instant(window: Window, isRate: boolean): number {
  const { timestamps, values, to } = window;
  if (to - window.from < 2) return nothing(window);
  const last = values[to - 1]!;
  const previous = values[to - 2]!;
  const change = isRate && last < previous ? last : last - previous;
  const seconds = (timestamps[to - 1]! - timestamps[to - 2]!) / 1000;
  if (seconds === 0) return nothing(window);
  return isRate ? change / seconds : change;
}

function count(window: Window, differs: (previous: number, current: number) => boolean): number {
  let times = 0;
  for (let i = window.from + 1; i < window.to; i++) if (differs(window.values[i - 1]!, window.values[i]!)) times++;
  return times;
}

export const COUNTERS: FunctionTable = [
  ['rate', overWindow((window) => extrapolated(window, true, true))],
  ['increase', overWindow((window) => extrapolated(window, true, false))],
  ['delta', overWindow((window) => extrapolated(window, false, false))],
  ['irate', overWindow((window) => instant(window, true))],
  ['idelta', overWindow((window) => instant(window, false))],
  ['resets', overWindow((window) => count(window, (a, b) => b < a))],
  ['changes', overWindow((window) => count(window, (a, b) => a !== b && !(Number.isNaN(a) && Number.isNaN(b))))],
];

import type { Window } from '../engine/window.ts';
import { KahanMean, KahanSum, quantileOf } from '../numeric.ts';
import { type FunctionTable, overWindow } from './function.ts';

function sum({ values, from, to }: Window): number {
  const total = new KahanSum();
  for (let i = from; i < to; i++) total.add(values[i]!);
  return Math.abs(total.sum) === Number.POSITIVE_INFINITY ? total.sum : total.total;
}

function average({ values, from, to }: Window): number {
  const mean = new KahanMean();
  for (let i = from; i < to; i++) mean.add(values[i]!);
  return mean.mean;
}

/** Index of the sample that wins every comparison; NaN loses against any number. */
function best({ values, from, to }: Window, wins: (value: number, best: number) => boolean): number {
  let index = from;
  for (let i = from + 1; i < to; i++) {
    if (wins(values[i]!, values[index]!) || Number.isNaN(values[index]!)) index = i;
  }
  return index;
}

function variance({ values, from, to }: Window): number {
  const mean = new KahanSum();
  const squares = new KahanSum();
  for (let i = from; i < to; i++) {
    const delta = values[i]! - mean.total;
    mean.add(delta / (i - from + 1));
    squares.add(delta * (values[i]! - mean.total));
  }
  return squares.total / (to - from);
}

function medianAbsoluteDeviation({ values, from, to }: Window): number {
  if (values.subarray(from, to).some((value) => Number.isNaN(value))) return Number.NaN;
  const median = quantileOf(0.5, values.slice(from, to));
  return quantileOf(
    0.5,
    values.slice(from, to).map((value) => Math.abs(value - median)),
  );
}

const seconds = (window: Window, index: number) => window.timestamps[index]! / 1000;
const greater = (a: number, b: number) => a > b;
const less = (a: number, b: number) => a < b;
const greaterOrEqual = (a: number, b: number) => a >= b;
const lessOrEqual = (a: number, b: number) => a <= b;

export const OVER_TIME: FunctionTable = [
  ['sum_over_time', overWindow(sum)],
  ['avg_over_time', overWindow(average)],
  ['count_over_time', overWindow((window) => window.to - window.from)],
  ['min_over_time', overWindow((window) => window.values[best(window, less)]!)],
  ['max_over_time', overWindow((window) => window.values[best(window, greater)]!)],
  ['first_over_time', overWindow((window) => window.values[window.from]!, true)],
  ['last_over_time', overWindow((window) => window.values[window.to - 1]!, true)],
  ['present_over_time', overWindow(() => 1)],
  ['stdvar_over_time', overWindow(variance)],
  ['stddev_over_time', overWindow((window) => Math.sqrt(variance(window)))],
  ['mad_over_time', overWindow(medianAbsoluteDeviation)],
  ['quantile_over_time', overWindow((w) => quantileOf(w.scalars[0]!, w.values.slice(w.from, w.to)))],
  ['ts_of_first_over_time', overWindow((window) => seconds(window, window.from))],
  ['ts_of_last_over_time', overWindow((window) => seconds(window, window.to - 1))],
  ['ts_of_min_over_time', overWindow((window) => seconds(window, best(window, lessOrEqual)))],
  ['ts_of_max_over_time', overWindow((window) => seconds(window, best(window, greaterOrEqual)))],
];

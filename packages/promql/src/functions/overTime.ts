import { invalidQuantile } from '../engine/remarks.ts';
import { histogramResult, type Window, type WindowFunction } from '../engine/window.ts';
import { KahanMean, KahanSum, quantileOf } from '../numeric.ts';
import { formatGeneral } from '../result/numbers.ts';
import { type FunctionTable, type OverWindow, overWindow } from './function.ts';
import { histogramAverage, histogramTotal } from './histogramsOverTime.ts';
import { eitherKind, floatsOnly } from './sampleKinds.ts';
import { type FloatWindow, rowsOf } from './windowRows.ts';

function sum({ values, from, to }: FloatWindow): number {
  const total = new KahanSum();
  for (let i = from; i < to; i++) total.add(values[i]!);
  return Math.abs(total.sum) === Number.POSITIVE_INFINITY ? total.sum : total.total;
}

/** As `KahanMean`, which it needs only where the sum overflows. */
function average({ values, from, to }: FloatWindow): number {
  const total = new KahanSum(values[from]!);
  for (let i = from + 1; i < to; i++) {
    total.add(values[i]!);
    if (Math.abs(total.sum) === Number.POSITIVE_INFINITY) return averageOfLarge(values, from, to);
  }
  const count = to - from;
  return total.sum / count + total.compensation / count;
}

function averageOfLarge(values: Float64Array, from: number, to: number): number {
  const mean = new KahanMean();
  for (let i = from; i < to; i++) mean.add(values[i]!);
  return mean.mean;
}

function largest({ values, from, to }: FloatWindow): number {
  let i = firstNumber(values, from, to);
  let best = values[i]!;
  for (i++; i < to; i++) if (values[i]! > best) best = values[i]!;
  return best;
}

function least({ values, from, to }: FloatWindow): number {
  let i = firstNumber(values, from, to);
  let best = values[i]!;
  for (i++; i < to; i++) if (values[i]! < best) best = values[i]!;
  return best;
}

/** The place of the first of from <= i < to that is not NaN, which loses against any number; the last one where there is none. */
function firstNumber(values: Float64Array, from: number, to: number): number {
  let i = from;
  while (i < to - 1 && Number.isNaN(values[i]!)) i++;
  return i;
}

/** Index of the sample that wins every comparison; NaN loses against any number. */
function best({ values, from, to }: Window, wins: (value: number, best: number) => boolean): number {
  let index = from;
  for (let i = from + 1; i < to; i++) {
    if (wins(values[i]!, values[index]!) || Number.isNaN(values[index]!)) index = i;
  }
  return index;
}

function variance({ values, from, to }: FloatWindow): number {
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

function quantile({ values, from, to, scalars, annotations, span }: Window): number {
  const q = scalars[0]!;
  if (!(q >= 0 && q <= 1)) annotations.warn(invalidQuantile(formatGeneral(q)), span);
  return quantileOf(q, values.slice(from, to));
}

/** The sample at an index as the result, whichever kind it is. */
function sampleAt(index: (window: Window) => number): WindowFunction {
  return (window) => {
    const i = index(window);
    const histogram = window.histograms?.[i];
    return histogram ? histogramResult(window, histogram) : window.values[i]!;
  };
}

const first = ({ from }: Window) => from;
const last = ({ to }: Window) => to - 1;
const seconds = (window: Window, index: number) => window.timestamps[index]! / 1000;
const greaterOrEqual = (a: number, b: number) => a >= b;
const lessOrEqual = (a: number, b: number) => a <= b;

const ofFloats = (apply: WindowFunction) => overWindow(floatsOnly(apply));

/** `over`, which does to windows of floats what `apply` does. */
const inRows = (over: OverWindow, apply: (window: FloatWindow) => number): OverWindow => ({
  ...over,
  rows: rowsOf(apply),
  rescans: true,
});

const count = ({ from, to }: FloatWindow) => to - from;
const deviation = (window: FloatWindow) => Math.sqrt(variance(window));

export const OVER_TIME: FunctionTable = [
  ['sum_over_time', inRows(overWindow(eitherKind(sum, histogramTotal)), sum)],
  ['avg_over_time', inRows(overWindow(eitherKind(average, histogramAverage)), average)],
  ['count_over_time', inRows(overWindow(count), count)],
  ['min_over_time', inRows(ofFloats(least), least)],
  ['max_over_time', inRows(ofFloats(largest), largest)],
  ['first_over_time', overWindow(sampleAt(first), true)],
  ['last_over_time', overWindow(sampleAt(last), true)],
  ['present_over_time', overWindow(() => 1)],
  ['stdvar_over_time', inRows(ofFloats(variance), variance)],
  ['stddev_over_time', inRows(ofFloats(deviation), deviation)],
  ['mad_over_time', ofFloats(medianAbsoluteDeviation)],
  ['quantile_over_time', ofFloats(quantile)],
  ['ts_of_first_over_time', overWindow((window) => seconds(window, first(window)))],
  ['ts_of_last_over_time', overWindow((window) => seconds(window, last(window)))],
  ['ts_of_min_over_time', ofFloats((window) => seconds(window, best(window, lessOrEqual)))],
  ['ts_of_max_over_time', ofFloats((window) => seconds(window, best(window, greaterOrEqual)))],
];

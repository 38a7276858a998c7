import { PromqlExecutionError } from '../engine/errors.ts';
import { nothing, type Window, type WindowFunction } from '../engine/window.ts';
import { KahanSum } from '../numeric.ts';
import { type FunctionTable, overWindow } from './function.ts';
import { floatsOnly } from './sampleKinds.ts';

/** Least squares over the window; the intercept is the line's value at `interceptTime` (ms), the slope is per second. */
function linearRegression(window: Window, interceptTime: number): { slope: number; intercept: number } {
  const { timestamps, values, from, to } = window;
  const [sumX, sumY, sumXY, sumX2] = [new KahanSum(), new KahanSum(), new KahanSum(), new KahanSum()];
  let constant = true;
  for (let i = from; i < to; i++) {
    const x = (timestamps[i]! - interceptTime) / 1000;
    const y = values[i]!;
    constant &&= y === values[from];
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumX2.add(x * x);
  }
  if (constant) {
    const level = values[from]!;
    return Number.isFinite(level) ? { slope: 0, intercept: level } : { slope: Number.NaN, intercept: Number.NaN };
  }
  const n = to - from;
  const covariance = sumXY.total - (sumX.total * sumY.total) / n;
  const variance = sumX2.total - (sumX.total * sumX.total) / n;
  const slope = covariance / variance;
  return { slope, intercept: sumY.total / n - (slope * sumX.total) / n };
}

function deriv(window: Window): number {
  if (window.to - window.from < 2) return nothing(window);
  return linearRegression(window, window.timestamps[window.from]!).slope;
}

function predictLinear(window: Window): number {
  if (window.to - window.from < 2) return nothing(window);
  const { slope, intercept } = linearRegression(window, window.evaluationTime);
  return slope * window.scalars[0]! + intercept;
}

function doubleExponentialSmoothing(window: Window): number {
  const { values, from, to } = window;
  const [smoothing, trendFactor] = window.scalars as [number, number];
  if (to - from < 2) return nothing(window);
  let previous = 0;
  let smoothed = values[from]!;
  let trend = values[from + 1]! - values[from]!;
  for (let i = from + 1; i < to; i++) {
    if (i > from + 1) trend = trendFactor * (smoothed - previous) + (1 - trendFactor) * trend;
    const next = smoothing * values[i]! + (1 - smoothing) * (smoothed + trend);
    previous = smoothed;
    smoothed = next;
  }
  return smoothed;
}

/** @throws PromqlExecutionError for a factor out of bounds, whatever samples there are; NaN is none. */
function withFactors(apply: WindowFunction): WindowFunction {
  return (window) => {
    checkFactor('smoothing', 'sf', window.scalars[0]!);
    checkFactor('trend', 'tf', window.scalars[1]!);
    return apply(window);
  };
}

function checkFactor(name: string, short: string, value: number): void {
  if (!(value <= 0 || value >= 1)) return;
  throw new PromqlExecutionError(`invalid ${name} factor. Expected: 0 < ${short} < 1, got: ${fixed(value)}`);
}

/** Go's `%f`. */
function fixed(value: number): string {
  if (Number.isFinite(value)) return value.toFixed(6);
  return value > 0 ? '+Inf' : '-Inf';
}

export const TRENDS: FunctionTable = [
  ['deriv', overWindow(floatsOnly(deriv))],
  ['predict_linear', overWindow(floatsOnly(predictLinear))],
  ['double_exponential_smoothing', overWindow(withFactors(floatsOnly(doubleExponentialSmoothing)))],
];

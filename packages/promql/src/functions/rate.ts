import { histogramResult, nothing, type Window, type WindowFunction } from '../engine/window.ts';
import { multiply } from '../histogram/arithmetic.ts';
import { extendedHistogramRate, extendedRate } from './extendedRate.ts';
import { histogramIncrease } from './histogramIncrease.ts';
import { combine } from './histogramSteps.ts';
import { eitherKind } from './sampleKinds.ts';
import { startInside, startsAnew, warnOfOverlap } from './startTimes.ts';

/** `rate` is of a counter and per second, `increase` of a counter, `delta` of a gauge. */
export interface RateKind {
  readonly isCounter: boolean;
  readonly perSecond: boolean;
}

export function rateOver(kind: RateKind): WindowFunction {
  const plain = eitherKind(
    (window) => floatRate(window, kind),
    (window) => histogramRate(window, kind),
  );
  const extended = eitherKind(
    (window) => extendedRate(window, kind),
    (window) => extendedHistogramRate(window, kind),
  );
  return (window) => (window.extension ? extended(window) : plain(window));
}

/** Prometheus' extrapolatedRate (promql/functions.go) for floats. */
function floatRate(window: Window, kind: RateKind): number {
  const { values, from, to } = window;
  const start = kind.isCounter ? startInside(window) : undefined;
  if (to - from < 2 && start === undefined) return nothing(window);
  const first = values[from]!;
  let increase = values[to - 1]! - first;
  if (kind.isCounter) {
    if (window.startTimestamps) {
      warnOfOverlap(window);
      for (let i = from + 1; i < to; i++) {
        if (values[i]! < values[i - 1]! || startsAnew(window, i)) increase += values[i - 1]!;
      }
    } else if (fallsWithin(window)) {
      for (let i = from + 1; i < to; i++) if (values[i]! < values[i - 1]!) increase += values[i - 1]!;
    }
  }
  if (start !== undefined) increase += first;
  const fromZero = increase > 0 && first >= 0 ? first / increase : undefined;
  return increase * extrapolation(extentOf(window), kind, start, fromZero);
}

/** Below this many samples it is faster to look at each than to look up what is known of the series. */
const FEW = 32;

/** Whether any value of the window may be less than the one before. */
function fallsWithin(window: Window): boolean {
  const { values, from, to } = window;
  if (to - from < FEW) return true;
  window.falls ??= fallsOf(values);
  return window.falls[to - 1] !== window.falls[from];
}

function fallsOf(values: Float64Array): Uint32Array {
  const falls = new Uint32Array(values.length);
  for (let i = 1; i < values.length; i++) falls[i] = falls[i - 1]! + (values[i]! < values[i - 1]! ? 1 : 0);
  return falls;
}

/** `rate` and the like for native histograms, whose count tells where a counter was zero. */
function histogramRate(window: Window, kind: RateKind): number {
  const { from, to } = window;
  const start = kind.isCounter ? startInside(window) : undefined;
  const first = window.histograms![from]!;
  let increase = to - from > 1 ? histogramIncrease(window, kind.isCounter) : undefined;
  if (!increase && (to - from > 1 || start === undefined)) return nothing(window);
  if (start !== undefined) increase = increase ? combine('addition', increase, first, window) : first;
  if (!increase) return nothing(window);
  const fromZero = increase.count > 0 && first.count >= 0 ? first.count / increase.count : undefined;
  return histogramResult(window, multiply(increase, extrapolation(extentOf(window), kind, start, fromZero)));
}

/** Where the samples of a window are: times in milliseconds. */
export interface Extent {
  readonly first: number;
  readonly last: number;
  readonly samples: number;
  readonly rangeStart: number;
  readonly rangeEnd: number;
  readonly rangeSeconds: number;
}

function extentOf({ timestamps, from, to, rangeStart, rangeEnd, rangeSeconds }: Window): Extent {
  return {
    first: timestamps[from]!,
    last: timestamps[to - 1]!,
    samples: to - from,
    rangeStart,
    rangeEnd,
    rangeSeconds,
  };
}

/**
 * What to multiply the increase between the first and last sample with, so that it stands for the whole range, or for a
 * second of it. `start`: when counting began, if inside the range. `fromZero`: the first value as a share of the increase,
 * which tells when a counter was zero; extrapolation never goes further back than that.
 */
export function extrapolation(
  { first, last, samples, rangeStart, rangeEnd, rangeSeconds }: Extent,
  { isCounter, perSecond }: RateKind,
  start: number | undefined,
  fromZero: number | undefined,
): number {
  const gap = samples > 1 ? (last - first) / 1000 / (samples - 1) : 0;
  const threshold = gap * 1.1;
  const sampled = (last - (start ?? first)) / 1000;
  let toStart = 0;
  if (start === undefined) {
    toStart = (first - rangeStart) / 1000;
    if (toStart >= threshold) toStart = gap / 2;
    const toZero = isCounter && fromZero !== undefined ? sampled * fromZero : toStart;
    if (toZero < toStart) toStart = toZero;
  }
  let toEnd = (rangeEnd - last) / 1000;
  if (toEnd >= threshold) toEnd = gap / 2;
  const factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  return perSecond ? factor / rangeSeconds : factor;
}

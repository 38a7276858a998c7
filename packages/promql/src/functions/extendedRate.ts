import { interpolate, interpolateHistograms } from '../engine/interpolation.ts';
import { histogramResult, nothing, type Window } from '../engine/window.ts';
import { copyWithHint, divide } from '../histogram/arithmetic.ts';
import { type FloatHistogram, isCustom } from '../histogram/histogram.ts';
import { isReset } from '../histogram/resets.ts';
import { isGauge } from './histogramIncrease.ts';
import { combine, orIncompatible, warnOfCounter, warnOfGauge, warnOfSchemas } from './histogramSteps.ts';
import type { RateKind } from './rate.ts';

/**
 * `rate`, `increase` and `delta` over `anchored` and `smoothed` ranges: nothing is extrapolated, since samples from beyond
 * the range tell its ends (promql/functions.go, extendedRate and extendedHistogramRate).
 */

/** The samples that tell the ends of the range: the last one up to its start, and the last one up to its end, or the first from there on. */
interface Ends {
  readonly first: number;
  readonly last: number;
}

function endsOf({ timestamps, from, to, rangeStart, rangeEnd, extension }: Window): Ends | undefined {
  const isSmoothed = extension === 'smoothed';
  let last = to - 1;
  let first = from;
  while (first < last && timestamps[first]! <= rangeStart) first++;
  first = Math.max(from, first - 1);
  if (isSmoothed) {
    const most = last;
    last = from;
    while (last < most && timestamps[last]! < rangeEnd) last++;
  }
  if (timestamps[last]! <= rangeStart) return undefined;
  return isSmoothed && timestamps[first]! > rangeEnd ? undefined : { first, last };
}

/** Where the start of the range lies between two samples, if it does so and matters. */
function aroundStart({ timestamps, rangeStart, extension }: Window, { first }: Ends) {
  if (extension !== 'smoothed' || timestamps[first]! >= rangeStart) return undefined;
  return { from: timestamps[first]!, to: timestamps[first + 1]!, at: rangeStart };
}

function aroundEnd({ timestamps, from, rangeEnd, extension }: Window, { last }: Ends) {
  if (extension !== 'smoothed' || last === from || timestamps[last]! <= rangeEnd) return undefined;
  return { from: timestamps[last - 1]!, to: timestamps[last]!, at: rangeEnd };
}

export function extendedRate(window: Window, { isCounter, perSecond }: RateKind): number {
  const { timestamps, values, rangeStart, rangeEnd, rangeSeconds } = window;
  const ends = endsOf(window);
  if (!ends) return nothing(window);
  const { first, last } = ends;
  const start = aroundStart(window, ends);
  const end = aroundEnd(window, ends);
  const left = start ? interpolate(values[first]!, values[first + 1]!, start, isCounter) : values[first]!;
  const right = end ? interpolate(values[last - 1]!, values[last]!, end, isCounter) : values[last]!;
  let increase = right - left;
  if (isCounter) {
    const inner = values.subarray(
      timestamps[first]! <= rangeStart ? first + 1 : first,
      timestamps[last]! >= rangeEnd ? last : last + 1,
    );
    increase += lostToResets(left, right, inner);
  }
  return perSecond ? increase / rangeSeconds : increase;
}

function lostToResets(left: number, right: number, inner: Float64Array): number {
  let lost = 0;
  let previous = left;
  for (const value of inner) {
    if (value < previous) lost += previous;
    previous = value;
  }
  return right < previous ? lost + previous : lost;
}

export function extendedHistogramRate(window: Window, { isCounter, perSecond }: RateKind): number {
  const ends = endsOf(window);
  if (!ends || !checkKinds(window, ends, isCounter)) return nothing(window);
  const histograms = window.histograms!;
  const start = aroundStart(window, ends);
  const end = aroundEnd(window, ends);
  const { annotations, span } = window;
  const bounds = orIncompatible(window, () => ({
    left: start
      ? interpolateHistograms(histograms[ends.first]!, histograms[ends.first + 1]!, start, isCounter, annotations, span)
      : histograms[ends.first]!,
    right: end
      ? interpolateHistograms(histograms[ends.last - 1]!, histograms[ends.last]!, end, isCounter, annotations, span)
      : histograms[ends.last]!,
  }));
  if (!bounds) return nothing(window);
  const { left, right } = bounds;
  if (!isCounter && !(isGauge(left) && isGauge(right))) warnOfCounter(window);
  let increase = combine('subtraction', right, left, window);
  if (isCounter && increase) {
    const [first, ...more] = histogramsLostToResets(window, ends, left, right);
    let lost = first;
    for (const each of more) lost = lost && combine('addition', lost, each, window);
    if (first) increase = lost && combine('addition', increase, lost, window);
  }
  if (!increase) return nothing(window);
  return histogramResult(window, copyWithHint(perSecond ? divide(increase, window.rangeSeconds) : increase, 'gauge'));
}

/** False, with a warning, if exponential and custom buckets are mixed. */
function checkKinds(window: Window, { first, last }: Ends, isCounter: boolean): boolean {
  const custom = isCustom(window.histograms![first]!);
  for (let i = first; i <= last; i++) {
    const each = window.histograms![i]!;
    if (isCustom(each) !== custom) {
      warnOfSchemas(window);
      return false;
    }
    if (isCounter && isGauge(each)) warnOfGauge(window);
  }
  return true;
}

/**
 * The histograms that a reset followed. The ends stand for the outermost samples. A reset that the interpolation at the
 * start went across is in `left` already, so the sample after it only serves for comparison.
 */
function histogramsLostToResets(
  window: Window,
  { first, last }: Ends,
  left: FloatHistogram,
  right: FloatHistogram,
): FloatHistogram[] {
  const histograms = window.histograms!;
  let previous = left;
  let next = first + 1;
  if (aroundStart(window, { first, last }) && isReset(histograms[first + 1]!, histograms[first]!)) {
    previous = histograms[first + 1]!;
    next++;
  }
  if (next > last) return [];
  const lost: FloatHistogram[] = [];
  for (; next < last; next++) {
    const current = histograms[next]!;
    if (isReset(current, previous)) lost.push(previous);
    previous = current;
  }
  if (isReset(right, previous)) lost.push(previous);
  return lost;
}

import type { Evaluation } from '../engine/evaluation.ts';
import { metricNameOf, mixedFloatsAndHistograms } from '../engine/remarks.ts';
import type { StepSeries } from '../engine/values.ts';
import { histogramResult, nothing, type Window, type WindowFunction } from '../engine/window.ts';
import { copyWithHint, divide, equal } from '../histogram/arithmetic.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import { isReset } from '../histogram/resets.ts';
import type { Span } from '../parser/ast.ts';
import { quote } from '../parser/quote.ts';
import type { Labels } from '../source.ts';
import { type FunctionTable, overWindow } from './function.ts';
import { isGauge } from './histogramIncrease.ts';
import { combine, warnOfCounter, warnOfGauge } from './histogramSteps.ts';
import { type RateKind, rateOver } from './rate.ts';
import { rateRows } from './rateRows.ts';
import { startsAnew } from './startTimes.ts';

/** `irate` and `idelta`: from the last sample but one to the last. */
function betweenLastTwo(isCounter: boolean): WindowFunction {
  return (window) => {
    const { timestamps, values, histograms, from, to } = window;
    if (to - from < 2) return nothing(window);
    const seconds = (timestamps[to - 1]! - timestamps[to - 2]!) / 1000;
    const previous = histograms?.[to - 2];
    const current = histograms?.[to - 1];
    if (current && previous) {
      const change = histogramChange(window, previous, current, isCounter);
      return change ? histogramResult(window, isCounter ? divide(change, seconds) : change) : nothing(window);
    }
    if (current || previous) {
      window.annotations.warn(mixedFloatsAndHistograms(metricNameOf(window.labels)), window.span);
      return nothing(window);
    }
    const last = values[to - 1]!;
    if (!isCounter) return last - values[to - 2]!;
    const wasReset = last < values[to - 2]! || startsAnew(window, to - 1);
    return (wasReset ? last : last - values[to - 2]!) / seconds;
  };
}

function histogramChange(
  window: Window,
  previous: FloatHistogram,
  current: FloatHistogram,
  isCounter: boolean,
): FloatHistogram | undefined {
  if (isCounter && (isGauge(current) || isGauge(previous))) warnOfGauge(window);
  if (!isCounter && !(isGauge(current) && isGauge(previous))) warnOfCounter(window);
  const wasReset = isCounter && (startsAnew(window, window.to - 1) || isReset(current, previous));
  const change = wasReset ? current : combine('subtraction', current, previous, window);
  return change && copyWithHint(change, 'gauge');
}

/** Counts the samples that differ from the one before; from an `anchored` range on, from the last one up to its start. */
function count(
  floatsDiffer: (window: Window, i: number) => boolean,
  histogramsDiffer: (window: Window, i: number, previous: FloatHistogram, current: FloatHistogram) => boolean,
): WindowFunction {
  return (window) => {
    const from = window.extension ? anchor(window) : window.from;
    if (from === undefined) return nothing(window);
    const { histograms, to } = window;
    let times = 0;
    for (let i = from + 1; i < to; i++) {
      const previous = histograms?.[i - 1];
      const current = histograms?.[i];
      if (previous && current ? histogramsDiffer(window, i, previous, current) : previous || current) times++;
      else if (!previous && !current && floatsDiffer(window, i)) times++;
    }
    return times;
  };
}

/** The last sample up to the start of the range, or the first; undefined if the range itself has none. */
function anchor({ timestamps, rangeStart, from, to }: Window): number | undefined {
  if (timestamps[to - 1]! <= rangeStart) return undefined;
  let first = from;
  while (timestamps[first]! <= rangeStart) first++;
  return Math.max(from, first - 1);
}

const resets = count(
  (window, i) => window.values[i]! < window.values[i - 1]! || startsAnew(window, i),
  (window, i, previous, current) => startsAnew(window, i) || isReset(current, previous),
);

const changes = count(
  ({ values }, i) => values[i] !== values[i - 1] && !(Number.isNaN(values[i]) && Number.isNaN(values[i - 1])),
  (_, __, previous, current) => !equal(current, previous),
);

const COUNTER_NAME = /_(?:total|sum|count|bucket)$/;

/** Says so where the name or type of a series of floats is not that of a counter. */
function suspectGauge(labels: Labels, result: StepSeries, span: Span, evaluation: Evaluation): void {
  const name = metricNameOf(labels);
  if (name === '' || !hasFloat(result)) return;
  if (evaluation.settings.features.typeAndUnitLabels) {
    const type = labels.get('__type__') ?? '';
    if (type === 'counter' || type === 'histogram') return;
    evaluation.annotations.info(
      `metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${quote(type)}: ${quote(name)}`,
      span,
    );
  } else if (!COUNTER_NAME.test(name)) {
    evaluation.annotations.info(
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(name)}`,
      span,
    );
  }
}

function hasFloat({ present, histograms }: StepSeries): boolean {
  return !histograms || present.some((there, step) => there === 1 && !histograms[step]);
}

const extrapolated = (kind: RateKind) => ({ ...overWindow(rateOver(kind)), rows: rateRows(kind) });

export const COUNTERS: FunctionTable = [
  ['rate', { ...extrapolated({ isCounter: true, perSecond: true }), inspect: suspectGauge }],
  ['increase', { ...extrapolated({ isCounter: true, perSecond: false }), inspect: suspectGauge }],
  ['delta', extrapolated({ isCounter: false, perSecond: false })],
  ['irate', overWindow(betweenLastTwo(true))],
  ['idelta', overWindow(betweenLastTwo(false))],
  ['resets', overWindow(resets)],
  ['changes', overWindow(changes)],
];

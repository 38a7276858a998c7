import type { Window } from '../engine/window.ts';
import { copyWithHint } from '../histogram/arithmetic.ts';
import { EMPTY_HISTOGRAM, type FloatHistogram, isCustom } from '../histogram/histogram.ts';
import { isReset } from '../histogram/resets.ts';
import { reduceResolution } from '../histogram/resolution.ts';
import { combine, warnOfCounter, warnOfGauge, warnOfSchemas } from './histogramSteps.ts';
import { startsAnew, warnOfOverlap } from './startTimes.ts';

/**
 * From the first to the last of at least two histograms of a window, without extrapolation (promql/functions.go,
 * histogramRate). A counter's resets are made up for. Undefined, with a warning, where layouts cannot be combined.
 */
export function histogramIncrease(window: Window, isCounter: boolean): FloatHistogram | undefined {
  const { from, to } = window;
  const histograms = window.histograms!;
  const first = histograms[from]!;
  const last = histograms[to - 1]!;
  const start = isCounter ? startOf(window) : first;
  if (isCustom(last) !== isCustom(start)) {
    if (isCounter && (isGauge(first) || isGauge(last))) warnOfGauge(window);
    warnOfSchemas(window);
    return undefined;
  }
  const schema = isCounter ? commonSchema(window, start) : Math.min(start.schema, last.schema);
  if (schema === undefined) {
    warnOfSchemas(window);
    return undefined;
  }
  let result = combine('subtraction', last.schema > schema ? reduceResolution(last, schema) : last, start, window);
  if (isCounter) {
    warnOfOverlap(window);
    let previous = start;
    for (let i = from + 1; result && i < to; i++) {
      const current = histograms[i]!;
      if (startsAnew(window, i) || isReset(current, previous)) result = combine('addition', result, previous, window);
      previous = current;
    }
    if (result && anyGauge(window)) warnOfGauge(window);
  } else if (result && !(isGauge(first) && isGauge(last))) {
    warnOfCounter(window);
  }
  return result && copyWithHint(result, 'gauge');
}

/** The first histogram; if the counter was reset right after it, an empty one, since its layout does not matter then. */
function startOf(window: Window): FloatHistogram {
  const first = window.histograms![window.from]!;
  const second = window.histograms![window.from + 1]!;
  if (!startsAnew(window, window.from + 1) && !isReset(second, first)) return first;
  return { ...EMPTY_HISTOGRAM, schema: second.schema, bounds: second.bounds };
}

/** The lowest resolution from `start` on; undefined if exponential and custom buckets are mixed. */
function commonSchema({ histograms, from, to }: Window, start: FloatHistogram): number | undefined {
  let schema = start.schema;
  for (let i = from + 1; i < to; i++) {
    const each = histograms![i]!;
    if (isCustom(each) !== isCustom(start)) return undefined;
    schema = Math.min(schema, each.schema);
  }
  return schema;
}

function anyGauge({ histograms, from, to }: Window): boolean {
  for (let i = from; i < to; i++) if (isGauge(histograms![i]!)) return true;
  return false;
}

export function isGauge(histogram: FloatHistogram): boolean {
  return histogram.resetHint === 'gauge';
}

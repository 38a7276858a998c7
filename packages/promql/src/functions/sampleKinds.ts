import { histogramsIgnoredInRange, metricNameOf, mixedFloatsAndHistograms } from '../engine/remarks.ts';
import { nothing, type Window, type WindowFunction } from '../engine/window.ts';

/** How the window functions deal with ranges in which native histograms occur. */

function histogramsIn({ histograms, from, to }: Window): number {
  let count = 0;
  if (histograms) for (let i = from; i < to; i++) if (histograms[i]) count++;
  return count;
}

/** One function for floats, another for histograms; a range with both has no result, and a warning says so. */
export function eitherKind(ofFloats: WindowFunction, ofHistograms: WindowFunction): WindowFunction {
  return (window) => {
    if (!window.histograms) return ofFloats(window);
    const count = histogramsIn(window);
    if (count === 0) return ofFloats(window);
    if (count === window.to - window.from) return ofHistograms(window);
    window.annotations.warn(mixedFloatsAndHistograms(metricNameOf(window.labels)), window.span);
    return nothing(window);
  };
}

/** A function that knows floats only: it does not see the histograms among them, which an info says. */
export function floatsOnly(ofFloats: WindowFunction): WindowFunction {
  return (window) => {
    if (!window.histograms) return ofFloats(window);
    const count = histogramsIn(window);
    if (count === 0) return ofFloats(window);
    if (count === window.to - window.from) return nothing(window);
    window.annotations.info(histogramsIgnoredInRange(metricNameOf(window.labels)), window.span);
    const floats = withoutHistograms(window, window.histograms);
    const value = ofFloats(floats);
    window.absent = floats.absent;
    return value;
  };
}

function withoutHistograms(window: Window, histograms: NonNullable<Window['histograms']>): Window {
  const { from, to } = window;
  const isFloat = (_: number, i: number) => histograms[from + i] === undefined;
  const timestamps = window.timestamps.subarray(from, to).filter(isFloat);
  const values = window.values.subarray(from, to).filter(isFloat);
  const startTimestamps = window.startTimestamps?.subarray(from, to).filter(isFloat);
  return {
    ...window,
    timestamps,
    values,
    startTimestamps,
    histograms: undefined,
    falls: undefined,
    from: 0,
    to: values.length,
  };
}

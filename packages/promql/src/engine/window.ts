import type { FloatHistogram } from '../histogram/histogram.ts';
import { NO_LABELS } from '../labels.ts';
import type { Labels } from '../source.ts';
import type { Evaluation } from './evaluation.ts';
import type { RangeVector } from './selector.ts';
import { dropName, isEmpty, newSeries, type StepSeries } from './values.ts';

/** The samples `from <= i < to` of one series that one step of a range function sees. Reused from step to step. */
export interface Window {
  timestamps: Float64Array;
  values: Float64Array;
  /** Where sample i is a native histogram it is here; undefined if all samples are floats. */
  histograms: readonly (FloatHistogram | undefined)[] | undefined;
  /** As in `SeriesData`. */
  startTimestamps: Float64Array | undefined;
  labels: Labels;
  from: number;
  to: number;
  /** Milliseconds; the range is open at its start. */
  rangeStart: number;
  rangeEnd: number;
  /** The evaluation's own time, which differs from `rangeEnd` by offset and `@`. */
  evaluationTime: number;
  /** The scalar arguments of the call at this step, in order. */
  scalars: number[];
  /** Set by `nothing`. */
  absent: boolean;
  /** Set by `histogramResult`. */
  histogram: FloatHistogram | undefined;
}

/** Computes the value of one window, which has at least one sample. */
export type WindowFunction = (window: Window) => number;

/** What a window function returns when the step is to have no sample. */
export function nothing(window: Window): number {
  window.absent = true;
  return Number.NaN;
}

/** What a window function returns when its result is a native histogram. */
export function histogramResult(window: Window, histogram: FloatHistogram): number {
  window.histogram = histogram;
  return 0;
}

/** Slides a function over every series and step. Ends only move forward, so finding all windows is linear in the samples. */
export function slide(
  ranges: RangeVector,
  apply: WindowFunction,
  scalars: readonly Float64Array[],
  times: (step: number) => number,
  keepName: boolean,
  evaluation: Evaluation,
): StepSeries[] {
  const { references, range } = ranges;
  const window: Window = { ...EMPTY, scalars: scalars.map(() => 0) };
  const results: StepSeries[] = [];
  for (const series of ranges.series) {
    evaluation.checkAborted();
    const plain = newSeries(series.labels, references.length, series.dropName);
    let histograms: (FloatHistogram | undefined)[] | undefined;
    window.timestamps = series.timestamps;
    window.values = series.values;
    window.histograms = series.histograms;
    window.startTimestamps = series.startTimestamps;
    window.labels = series.labels;
    window.from = 0;
    window.to = 0;
    for (let step = 0; step < references.length; step++) {
      place(window, references[step]!, range);
      if (window.from === window.to) continue;
      window.evaluationTime = times(step);
      for (let i = 0; i < scalars.length; i++) window.scalars[i] = scalars[i]![step]!;
      window.absent = false;
      window.histogram = undefined;
      const value = apply(window);
      if (window.absent) continue;
      plain.values[step] = value;
      plain.present[step] = 1;
      if (window.histogram) {
        histograms ??= new Array(references.length);
        histograms[step] = window.histogram;
      }
    }
    const result = histograms ? { ...plain, histograms } : plain;
    if (isEmpty(result)) continue;
    evaluation.spend(references.length);
    results.push(keepName ? result : dropName(result, evaluation.delayedNameRemoval));
  }
  return results;
}

const EMPTY: Window = {
  timestamps: new Float64Array(),
  values: new Float64Array(),
  histograms: undefined,
  startTimestamps: undefined,
  labels: NO_LABELS,
  from: 0,
  to: 0,
  rangeStart: 0,
  rangeEnd: 0,
  evaluationTime: 0,
  scalars: [],
  absent: false,
  histogram: undefined,
};

function place(window: Window, reference: number, range: number): void {
  const { timestamps } = window;
  window.rangeEnd = reference;
  window.rangeStart = reference - range;
  while (window.to < timestamps.length && timestamps[window.to]! <= reference) window.to++;
  while (window.from < window.to && timestamps[window.from]! <= window.rangeStart) window.from++;
}

import type { FloatHistogram } from '../histogram/histogram.ts';
import { NO_LABELS } from '../labels.ts';
import type { Span } from '../parser/ast.ts';
import type { Labels, SeriesSamples } from '../source.ts';
import type { Annotations } from './annotations.ts';
import type { Evaluation } from './evaluation.ts';
import type { RowMemory } from './rowMemory.ts';
import { FloatWindows, type RowFunction } from './rows.ts';
import type { Extension, RangeVector } from './selector.ts';
import { dropName, isEmpty, newSeries, type StepSeries } from './values.ts';

const NO_SAMPLES = new Float64Array();

/** The samples `from <= i < to` of one series that one step of a range function sees. Reused from step to step. */
export interface Window {
  timestamps: Float64Array;
  values: Float64Array;
  /** Where sample i is a native histogram it is here; undefined if all samples are floats. */
  histograms: readonly (FloatHistogram | undefined)[] | undefined;
  /** As in `SeriesData`. */
  startTimestamps: Float64Array | undefined;
  labels: Labels;
  /** How many values up to each are less than the one before; made by the first function that asks, for all windows of the series. */
  falls: Uint32Array | undefined;
  from: number;
  to: number;
  /** Milliseconds; the range is open at its start. An extended selector puts samples before and after it in the window too. */
  rangeStart: number;
  rangeEnd: number;
  rangeSeconds: number;
  extension: Extension | undefined;
  /** The evaluation's own time, which differs from `rangeEnd` by offset and `@`. */
  evaluationTime: number;
  /** The scalar arguments of the call at this step, in order. */
  scalars: number[];
  /** Where remarks on the answer go, and the place in the query that they are about. */
  annotations: Annotations;
  span: Span;
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

/** How a range function is applied to its windows. */
export interface Sliding {
  readonly apply: WindowFunction;
  readonly scalars: readonly Float64Array[];
  /** The evaluation's own time at a step. */
  readonly times: (step: number) => number;
  readonly keepName: boolean;
  /** Does the same for all steps of a series of floats, where nothing but its samples matters. */
  readonly rows?: (() => RowFunction) | undefined;
  /** Whether `rows` goes through all samples of each window, so that one series may take long. */
  readonly rescans?: boolean | undefined;
  /** The place in the query that remarks are about. */
  readonly span: Span;
  /** Called for each series that has a result. */
  readonly inspect?: ((labels: Labels, result: StepSeries, span: Span, evaluation: Evaluation) => void) | undefined;
}

/** Samples within one series after which it is asked whether the query is to go on. */
const CHECK_AFTER = 200_000;

/** Samples of all windows of one series that are gone through without asking: some milliseconds. */
const MOST_AT_ONCE = 2_000_000;

/** Slides a function over every series and step. Ends only move forward, so finding all windows is linear in the samples. */
export async function slide(
  ranges: RangeVector,
  { apply, scalars, times, keepName, rows, rescans, span, inspect }: Sliding,
  evaluation: Evaluation,
): Promise<StepSeries[]> {
  const { references } = ranges;
  const window = newWindow(ranges, scalars.length, span, evaluation);
  const results: StepSeries[] = [];
  const windows = ranges.extension ? undefined : floatWindows(references, ranges.range, evaluation);
  const row = rows?.();
  for (const series of ranges.series) {
    const pause = evaluation.pause();
    if (pause) await pause;
    const isShort = !rescans || series.timestamps.length * references.length <= MOST_AT_ONCE;
    if (row && windows && isShort && isPlain(series, evaluation)) {
      const result = newSeries(series.labels, references.length, series.dropName);
      windows.place(series);
      const size = row(windows, { values: result.values, at: -1, present: result.present });
      evaluation.samples.windowedSteps(windows.largest, windows.last, size);
      if (size === 0) continue;
      inspect?.(series.labels, result, span, evaluation);
      evaluation.spend(references.length);
      results.push(keepName ? result : dropName(result, evaluation.delayedNameRemoval));
      continue;
    }
    const counter = evaluation.samples.windows(series.histograms);
    const plain = newSeries(series.labels, references.length, series.dropName);
    let histograms: (FloatHistogram | undefined)[] | undefined;
    window.timestamps = series.timestamps;
    window.values = series.values;
    window.histograms = series.histograms;
    window.startTimestamps = evaluation.settings.features.startTimestamps ? series.startTimestamps : undefined;
    window.labels = series.labels;
    window.falls = undefined;
    window.from = 0;
    window.to = 0;
    let unchecked = 0;
    for (let step = 0; step < references.length; step++) {
      place(window, references[step]!, ranges);
      unchecked += window.to - window.from;
      if (unchecked > CHECK_AFTER) {
        unchecked = 0;
        const turn = evaluation.pause();
        if (turn) await turn;
      }
      counter.see(step, window.from, window.to);
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
    evaluation.samples.windowed(counter, result);
    if (isEmpty(result)) continue;
    inspect?.(series.labels, result, span, evaluation);
    evaluation.spend(references.length);
    results.push(keepName ? result : dropName(result, evaluation.delayedNameRemoval));
  }
  windows?.finish();
  return results;
}

/** Windows that are counted as samples that the query looked at. */
export function floatWindows(
  references: Float64Array,
  range: number,
  evaluation: Evaluation,
  memory?: RowMemory,
): FloatWindows {
  const saw = (windows: FloatWindows, series: number) => evaluation.samples.sawWindows(windows, series);
  return new FloatWindows(references, range, saw, memory);
}

/** Whether a series is floats whose start times do not matter. */
export function isPlain({ histograms, startTimestamps }: SeriesSamples, { settings }: Evaluation): boolean {
  return !histograms && !(startTimestamps && settings.features.startTimestamps);
}

function newWindow({ range, extension }: RangeVector, scalars: number, span: Span, evaluation: Evaluation): Window {
  return {
    timestamps: NO_SAMPLES,
    values: NO_SAMPLES,
    histograms: undefined,
    startTimestamps: undefined,
    labels: NO_LABELS,
    falls: undefined,
    from: 0,
    to: 0,
    rangeStart: 0,
    rangeEnd: 0,
    rangeSeconds: secondsOf(range),
    extension,
    evaluationTime: 0,
    scalars: new Array(scalars).fill(0),
    annotations: evaluation.annotations,
    span,
    absent: false,
    histogram: undefined,
  };
}

/** As Go's Duration.Seconds adds it up, which can differ from a division in the last place. */
export function secondsOf(ms: number): number {
  return Math.trunc(ms / 1000) + ((ms % 1000) * 1e6) / 1e9;
}

function place(window: Window, reference: number, { range, before, after }: RangeVector): void {
  const { timestamps } = window;
  window.rangeEnd = reference;
  window.rangeStart = reference - range;
  const end = reference + after;
  const start = window.rangeStart - before;
  while (window.to < timestamps.length && timestamps[window.to]! <= end) window.to++;
  while (window.from < window.to && timestamps[window.from]! <= start) window.from++;
}

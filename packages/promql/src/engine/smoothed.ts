import { copyWithHint, IncompatibleSchemasError } from '../histogram/arithmetic.ts';
import { type FloatHistogram, isCustom } from '../histogram/histogram.ts';
import type { Span } from '../parser/ast.ts';
import type { SeriesData } from '../source.ts';
import type { Annotations } from './annotations.ts';
import { interpolate, interpolateHistograms } from './interpolation.ts';
import { metricNameOf, mixedExponentialAndCustom, mixedFloatsAndHistograms } from './remarks.ts';
import { withoutStale } from './staleness.ts';
import { newSeries, type StepSeries } from './values.ts';

export interface Smoothing {
  /** Milliseconds that are looked at before and after each step. */
  readonly lookback: number;
  /** The selector's place in the query. */
  readonly span: Span;
  readonly annotations: Annotations;
}

/** The samples around one step: `before <= i < after`; `next` is the first that is not earlier than the step. */
interface Around {
  readonly before: number;
  readonly after: number;
  readonly next: number;
}

/**
 * The value of a `smoothed` instant selector at each step (promql/engine.go, smoothSeries): on the line between the samples
 * around it, or the last one where there is no later one. Floats are not taken for counters.
 */
export function smoothedAt(series: SeriesData, references: Float64Array, smoothing: Smoothing): StepSeries {
  const samples = { labels: series.labels, ...withoutStale(series) };
  const { timestamps } = samples;
  const result = newSeries(series.labels, references.length);
  const histograms: (FloatHistogram | undefined)[] | undefined = samples.histograms && new Array(references.length);
  let [before, after, next] = [0, 0, 0];
  for (let step = 0; step < references.length; step++) {
    const at = references[step]!;
    while (after < timestamps.length && timestamps[after]! <= at + smoothing.lookback) after++;
    while (before < after && timestamps[before]! <= at - smoothing.lookback) before++;
    next = Math.max(next, before);
    while (next < after && timestamps[next]! < at) next++;
    const value = valueAt(samples, { before, after, next }, at, smoothing);
    if (value === undefined) continue;
    result.present[step] = 1;
    if (typeof value === 'number') result.values[step] = value;
    else histograms![step] = value;
  }
  return histograms ? { ...result, histograms } : result;
}

function valueAt(
  samples: SeriesData,
  { before, after, next }: Around,
  at: number,
  smoothing: Smoothing,
): number | FloatHistogram | undefined {
  const { timestamps, values, histograms } = samples;
  if (before === after) return undefined;
  const kind = histograms ? kindOf(histograms, before, after) : 'floats';
  if (kind === 'mixed') {
    smoothing.annotations.warn(mixedFloatsAndHistograms(metricNameOf(samples.labels)), smoothing.span);
    return undefined;
  }
  const exact = next < after && timestamps[next] === at;
  if (!exact && next === before) return undefined;
  if (kind === 'histograms') return histogramAt(samples, next, { exact, last: next === after }, at, smoothing);
  if (exact) return values[next]!;
  if (next === after) return values[next - 1]!;
  const between = { from: timestamps[next - 1]!, to: timestamps[next]!, at };
  return interpolate(values[next - 1]!, values[next]!, between, false);
}

function kindOf(histograms: readonly (FloatHistogram | undefined)[], from: number, to: number) {
  let count = 0;
  for (let i = from; i < to; i++) if (histograms[i]) count++;
  if (count === 0) return 'floats';
  return count === to - from ? 'histograms' : 'mixed';
}

function histogramAt(
  { labels, timestamps, histograms }: SeriesData,
  next: number,
  { exact, last }: { readonly exact: boolean; readonly last: boolean },
  at: number,
  { annotations, span }: Smoothing,
): FloatHistogram | undefined {
  if (exact) return histograms![next];
  const left = histograms![next - 1]!;
  // The hint tells of the step from one sample to the next, so it does not belong to the value alone.
  if (last) return copyWithHint(left, 'unknown');
  const right = histograms![next]!;
  const isCounter = left.resetHint !== 'gauge' || right.resetHint !== 'gauge';
  try {
    if (isCustom(left) !== isCustom(right)) throw new IncompatibleSchemasError();
    const between = { from: timestamps[next - 1]!, to: timestamps[next]!, at };
    return interpolateHistograms(left, right, between, isCounter, annotations, span);
  } catch (error) {
    if (!(error instanceof IncompatibleSchemasError)) throw error;
    annotations.warn(mixedExponentialAndCustom(metricNameOf(labels)), span);
    return undefined;
  }
}

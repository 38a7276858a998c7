import type { FloatHistogram } from '../histogram/histogram.ts';
import { compareLabels } from '../labels.ts';
import type { AtModifier, MatrixSelector, Subquery, VectorSelector } from '../parser/ast.ts';
import { resolveDuration, resolvePositive } from '../parser/durations.ts';
import { overRollups, rollupsFor } from '../rollup/evaluate.ts';
import { CURRENT_TIME, CURRENT_VALUE } from '../rollup/functions.ts';
import type { SelectRequest, SeriesData } from '../source.ts';
import { withoutBuckets } from './countsOnly.ts';
import type { Evaluation } from './evaluation.ts';
import { smoothedAt } from './smoothed.ts';
import { staleTest, withoutStale } from './staleness.ts';
import { type Grid, isEmpty, newSeries, type StepSeries, timeAt } from './values.ts';

/** One series of a range vector: all samples that any window of the grid can reach, without stale markers. */
export interface RangeSeries extends SeriesData {
  readonly dropName: boolean;
}

/** What `anchored` and `smoothed` do to a selector: its windows reach beyond the range by the look-back. */
export type Extension = 'anchored' | 'smoothed';

export interface RangeVector {
  readonly series: readonly RangeSeries[];
  /** Milliseconds; a range is `(reference - range, reference]`. */
  readonly range: number;
  readonly extension: Extension | undefined;
  /** Milliseconds by which a window reaches beyond its range. */
  readonly before: number;
  readonly after: number;
  /** The right end of the window of each step, ascending. */
  readonly references: Float64Array;
}

/** The moments that the steps look at, after `@` and offset; ascending. */
export function referenceTimes(
  node: { readonly offset: VectorSelector['offset']; readonly at?: AtModifier },
  grid: Grid,
  evaluation: Evaluation,
): Float64Array {
  const offset = resolveDuration(node.offset, evaluation.durations);
  const fixed = fixedTime(node.at, evaluation);
  return Float64Array.from({ length: grid.count }, (_, i) => (fixed ?? timeAt(grid, i)) - offset);
}

/** The moment that `@` pins a selector to; undefined without. */
export function fixedTime(at: AtModifier | undefined, evaluation: Evaluation): number | undefined {
  if (at === 'start') return evaluation.whole.start;
  return at === 'end' ? evaluation.end : at;
}

/** What was planned for the selector. */
export async function select(node: VectorSelector, evaluation: Evaluation): Promise<readonly SeriesData[]> {
  const preloaded = evaluation.preloaded.get(node);
  if (preloaded) {
    evaluation.preloaded.delete(node);
    return preloaded;
  }
  const planned = evaluation.plan.get(node);
  if (!planned) throw new TypeError('a selector that is not part of the query');
  const series = await load(planned, evaluation);
  return evaluation.countsOnly.has(node) ? series.map(withoutBuckets) : series;
}

/** Asks the source, within the limits of the query; in order of labels. */
export async function load(
  request: Omit<SelectRequest, 'budget' | 'signal'>,
  evaluation: Evaluation,
): Promise<readonly SeriesData[]> {
  evaluation.checkAborted();
  const budget = evaluation.budget();
  const signal = evaluation.signal ? { signal: evaluation.signal } : {};
  const series = await evaluation.settings.source.select({ ...request, budget, ...signal });
  budget.loaded(series);
  if (evaluation.settings.source.sorted) return series;
  return [...series].sort((a, b) => compareLabels(a.labels, b.labels));
}

/** What of a sample is wanted: itself, or the seconds of its time or start time. */
type Wanted = 'value' | 'time' | 'start';

/** The last sample of each series within the look-back of each step. */
export async function evaluateVectorSelector(
  node: VectorSelector,
  grid: Grid,
  evaluation: Evaluation,
  wanted: Wanted = 'value',
): Promise<StepSeries[]> {
  const references = referenceTimes(node, grid, evaluation);
  const lookback = evaluation.settings.lookbackMs;
  const rolledUp = wanted === 'start' ? undefined : await lastOfRollups(node, references, wanted, evaluation);
  if (rolledUp) return rolledUp;
  const smoothed = node.smoothed === true && wanted === 'value';
  const all = await select(node, evaluation);
  evaluation.spend(all.length * grid.count);
  const found: StepSeries[] = [];
  for (const series of all) {
    const pause = evaluation.pause();
    if (pause) await pause;
    const steps = smoothed
      ? smoothedAt(series, references, { lookback, span: node.span, annotations: evaluation.annotations })
      : atReferences(series, references, lookback, wanted);
    if (!isEmpty(steps)) found.push(steps);
  }
  if (wanted === 'value') evaluation.samples.selected(found);
  else evaluation.samples.timed(found);
  return found;
}

/** Undefined where the samples are to be read. */
async function lastOfRollups(
  node: VectorSelector,
  references: Float64Array,
  wanted: Exclude<Wanted, 'start'>,
  evaluation: Evaluation,
): Promise<StepSeries[] | undefined> {
  const read = rollupsFor(node, evaluation);
  if (!read) return undefined;
  const windows = { references, range: evaluation.settings.lookbackMs, counted: false };
  const found = await overRollups(read, wanted === 'value' ? CURRENT_VALUE : CURRENT_TIME, windows, evaluation);
  if (!found) return undefined;
  if (wanted === 'value') evaluation.samples.selected(found);
  else evaluation.samples.timed(found);
  return found;
}

export function atReferences(
  series: SeriesData,
  references: Float64Array,
  lookback: number,
  wanted: Wanted,
): StepSeries {
  const { timestamps, values, startTimestamps } = series;
  const result = newSeries(series.labels, references.length);
  const histograms: (FloatHistogram | undefined)[] | undefined =
    series.histograms && wanted === 'value' ? new Array(references.length) : undefined;
  const isStale = staleTest(values);
  let next = 0;
  for (let step = 0; step < references.length; step++) {
    const reference = references[step]!;
    while (next < timestamps.length && timestamps[next]! <= reference) next++;
    const last = next - 1;
    if (last < 0 || timestamps[last]! <= reference - lookback || isStale(last)) continue;
    result.present[step] = 1;
    if (wanted === 'value') result.values[step] = values[last]!;
    else result.values[step] = (wanted === 'time' ? timestamps[last]! : (startTimestamps?.[last] ?? 0)) / 1000;
    if (histograms) histograms[step] = series.histograms![last];
  }
  return histograms ? { ...result, histograms } : result;
}

export async function evaluateMatrixSelector(
  node: MatrixSelector,
  grid: Grid,
  evaluation: Evaluation,
): Promise<RangeVector> {
  const references = referenceTimes(node.selector, grid, evaluation);
  const range = resolvePositive(node.range, evaluation.durations);
  const extension = extensionOf(node.selector);
  const before = extension ? evaluation.settings.lookbackMs : 0;
  const after = extension === 'smoothed' ? evaluation.settings.lookbackMs : 0;
  const all = await select(node.selector, evaluation);
  const series = all.map((each) => ({ labels: each.labels, dropName: false, ...withoutStale(each) }));
  return { series, range, extension, before, after, references };
}

export function extensionOf({ anchored, smoothed }: VectorSelector): Extension | undefined {
  if (anchored) return 'anchored';
  return smoothed ? 'smoothed' : undefined;
}

/** The grid of a subquery: absolute multiples of its step, over everything that the windows of the outer grid reach. */
export function subqueryGrid(node: Subquery, references: Float64Array, range: number, evaluation: Evaluation): Grid {
  const step = node.step ? resolvePositive(node.step, evaluation.durations) : evaluation.settings.subqueryStepMs;
  const after = references[0]! - range;
  let start = step * Math.trunc(after / step);
  if (start <= after) start += step;
  const end = references.at(-1)!;
  return { start, step, count: Math.max(0, Math.floor((end - start) / step) + 1), end };
}

/** Turns steps into samples again. */
export function asRangeSeries(series: StepSeries, grid: Grid): RangeSeries {
  const count = series.present.reduce((sum, present) => sum + present, 0);
  const timestamps = new Float64Array(count);
  const values = new Float64Array(count);
  const histograms: (FloatHistogram | undefined)[] | undefined = series.histograms && new Array(count);
  for (let i = 0, out = 0; i < series.present.length; i++) {
    if (series.present[i] === 0) continue;
    timestamps[out] = timeAt(grid, i);
    if (histograms) histograms[out] = series.histograms![i];
    values[out++] = series.values[i]!;
  }
  const { labels, dropName } = series;
  return { labels, dropName, timestamps, values, ...(histograms ? { histograms } : {}) };
}

import type { FloatHistogram } from '../histogram/histogram.ts';
import { compareLabels } from '../labels.ts';
import type { AtModifier, MatrixSelector, Subquery, VectorSelector } from '../parser/ast.ts';
import { resolveDuration, resolvePositive } from '../parser/durations.ts';
import { overRollups, rollupsFor } from '../rollup/evaluate.ts';
import { CURRENT_TIME, CURRENT_VALUE } from '../rollup/functions.ts';
import type { Labels, SelectRequest, SeriesData, SeriesReader, SeriesSamples } from '../source.ts';
import { withoutBuckets } from './countsOnly.ts';
import type { Evaluation } from './evaluation.ts';
import { readAll, SeriesList } from './readers.ts';
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
  /** One after the other: what one holds is given up with the next. */
  readonly series: Iterable<RangeSeries>;
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
export async function select(node: VectorSelector, evaluation: Evaluation): Promise<SeriesReader> {
  const preloaded = evaluation.preloaded.get(node);
  if (preloaded) {
    evaluation.preloaded.delete(node);
    return preloaded;
  }
  const planned = evaluation.plan.get(node);
  if (!planned) throw new TypeError('a selector that is not part of the query');
  const reader = await open(planned, evaluation);
  if (!reader.hasHistograms || !evaluation.countsOnly.has(node)) return reader;
  return new SeriesList(readAll(reader).map(withoutBuckets));
}

type Wish = Omit<SelectRequest, 'budget' | 'signal'>;

/** Asks the source, within the limits of the query; in order of labels. */
async function open(wish: Wish, evaluation: Evaluation): Promise<SeriesReader> {
  const { source } = evaluation.settings;
  evaluation.checkAborted();
  const budget = evaluation.budget();
  const request = { ...wish, budget, ...(evaluation.signal ? { signal: evaluation.signal } : {}) };
  if (source.open) {
    const reader = await source.open(request);
    evaluation.checkAborted();
    return reader;
  }
  const series = await source.select(request);
  budget.loaded(series);
  return new SeriesList(source.sorted ? series : [...series].sort((a, b) => compareLabels(a.labels, b.labels)));
}

/** The same, all at once. */
export async function load(wish: Wish, evaluation: Evaluation): Promise<readonly SeriesData[]> {
  return readAll(await open(wish, evaluation));
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
  evaluation.spend(all.labels.length * grid.count);
  const found: StepSeries[] = [];
  for (const [place, labels] of all.labels.entries()) {
    const pause = evaluation.pauseAfter(grid.count);
    if (pause) await pause;
    const series = all.read(place);
    const steps = smoothed
      ? smoothedAt({ labels, ...series }, references, {
          lookback,
          span: node.span,
          annotations: evaluation.annotations,
        })
      : atReferences(labels, series, references, lookback, wanted);
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
  labels: Labels,
  series: SeriesSamples,
  references: Float64Array,
  lookback: number,
  wanted: Wanted,
): StepSeries {
  const { timestamps, values, startTimestamps } = series;
  const result = newSeries(labels, references.length);
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
  const series = { [Symbol.iterator]: () => rangeSeriesOf(all) };
  return { series, range, extension, before, after, references };
}

function* rangeSeriesOf(all: SeriesReader): Generator<RangeSeries> {
  for (const [place, labels] of all.labels.entries()) {
    const samples = withoutStale(all.read(place));
    const { timestamps, values, histograms, startTimestamps } = samples;
    if (timestamps.length === 0) continue;
    if (histograms || startTimestamps) yield { labels, dropName: false, ...samples };
    else yield { labels, dropName: false, timestamps, values };
  }
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

import { DEFAULT_FEATURES, type PromqlFeatures } from '../features.ts';
import { compareLabels, withoutMetadata } from '../labels.ts';
import { type Expr, selectorsOf, stripParens } from '../parser/ast.ts';
import { typeOf } from '../parser/check.ts';
import { parse } from '../parser/parse.ts';
import { planSelects } from '../plan/plan.ts';
import type { MatrixSeries, QueryResult, VectorSample } from '../result/result.ts';
import type { SeriesSource } from '../source.ts';
import { windowContents } from './contents.ts';
import { countsOnlySelectors } from './countsOnly.ts';
import { PromqlLimitError, PromqlTypeError } from './errors.ts';
import { evaluate, evaluateRange } from './evaluate.ts';
import { type Checkpoint, Evaluation, type EvaluationSettings } from './evaluation.ts';
import { sizeOfHistogram } from './samples.ts';
import { asRangeSeries } from './selector.ts';
import { type Grid, isEmpty, mergeSameLabels, type StepSeries, timeAt } from './values.ts';

export interface EvaluatorOptions {
  /** How long a sample counts as current. Default 5 minutes, as in Prometheus. */
  readonly lookbackMs?: number;
  /** Selectors that one query may have, each of which asks the source. No limit unless told. */
  readonly maxSelectors?: number;
  /** Samples that one query may hold at once, counted as Prometheus does. Default 50 million, as there. */
  readonly maxSamples?: number;
  /** Series that all selectors of one query may read together. No limit unless told. */
  readonly maxSeries?: number;
  /** Bytes that one query may hold, estimated from the samples loaded and the results made. No limit unless told. */
  readonly maxBytes?: number;
  /** Step of a subquery that states none. Default 1 minute, Prometheus' default evaluation interval. */
  readonly subqueryStepMs?: number;
  /** What to switch on beyond Prometheus' defaults. */
  readonly features?: Partial<PromqlFeatures>;
}

/** What differs from query to query. */
export interface QueryOptions {
  readonly signal?: AbortSignal;
  /** Asked within loops, so that a deadline is seen although no timer fires meanwhile, and others get their turn. */
  readonly checkpoint?: Checkpoint;
  /** Instead of the evaluator's own. */
  readonly lookbackMs?: number;
  /** Whether the result says how many samples were looked at. */
  readonly statistics?: boolean;
}

export interface Evaluator {
  /** @throws PromqlParseError, PromqlExecutionError, PromqlLimitError, or the signal's reason. */
  instant(query: string | Expr, timeMs: number, options?: QueryOptions): Promise<QueryResult>;
  /** Both bounds are included. @throws as `instant`, and RangeError for a step that is not positive or an end before the start. */
  range(
    query: string | Expr,
    startMs: number,
    endMs: number,
    stepMs: number,
    options?: QueryOptions,
  ): Promise<QueryResult>;
}

/** An evaluator of PromQL as Prometheus 3 (ranges and look-back open at the left) over any source of series. */
export function createEvaluator(source: SeriesSource, options: EvaluatorOptions = {}): Evaluator {
  const settings: EvaluationSettings = {
    source,
    lookbackMs: options.lookbackMs ?? 300_000,
    limits: {
      maxSelectors: options.maxSelectors ?? Number.POSITIVE_INFINITY,
      maxSamples: options.maxSamples ?? 50_000_000,
      maxSeries: options.maxSeries ?? Number.POSITIVE_INFINITY,
      maxBytes: options.maxBytes ?? Number.POSITIVE_INFINITY,
    },
    subqueryStepMs: options.subqueryStepMs ?? 60_000,
    features: { ...DEFAULT_FEATURES, ...options.features },
  };
  const begin = (query: string | Expr, grid: Grid, own: QueryOptions) =>
    new Evaluation(
      {
        ...settings,
        lookbackMs: own.lookbackMs ?? settings.lookbackMs,
        ...(own.checkpoint ? { checkpoint: own.checkpoint } : {}),
      },
      typeof query === 'string' ? query : '',
      grid,
      own.signal,
    );
  return {
    async instant(query, timeMs, own = {}) {
      const grid = { start: timeMs, step: 0, count: 1 };
      const evaluation = begin(query, grid, own);
      return withStatistics(await instant(toExpr(query, settings.features), grid, evaluation), evaluation, own);
    },
    async range(query, startMs, endMs, stepMs, own = {}) {
      if (!(stepMs > 0)) throw new RangeError(`step must be greater than 0 milliseconds, got ${stepMs}`);
      if (!(endMs >= startMs)) throw new RangeError(`end ${endMs} is before start ${startMs}`);
      const grid = { start: startMs, step: stepMs, count: Math.floor((endMs - startMs) / stepMs) + 1, end: endMs };
      const evaluation = begin(query, grid, own);
      return withStatistics(await overRange(toExpr(query, settings.features), grid, evaluation), evaluation, own);
    },
  };
}

function withStatistics(result: QueryResult, evaluation: Evaluation, { statistics }: QueryOptions): QueryResult {
  return statistics ? { ...result, statistics: evaluation.samples.statistics() } : result;
}

function toExpr(query: string | Expr, features: PromqlFeatures): Expr {
  return typeof query === 'string' ? parse(query, features) : query;
}

function notes(evaluation: Evaluation): Pick<QueryResult, 'warnings' | 'infos'> {
  const { annotations, query } = evaluation;
  return { warnings: annotations.texts('warning', query), infos: annotations.texts('info', query) };
}

/** @throws PromqlLimitError, PromqlExecutionError */
function prepare(expr: Expr, grid: Grid, evaluation: Evaluation): void {
  const { maxSelectors } = evaluation.settings.limits;
  const selectors = selectorsOf(expr).length;
  if (selectors > maxSelectors) throw new PromqlLimitError('maxSelectors', maxSelectors, selectors);
  evaluation.countsOnly = countsOnlySelectors(expr);
  evaluation.plan = planSelects(expr, grid, evaluation.settings);
}

async function instant(expr: Expr, grid: Grid, evaluation: Evaluation): Promise<QueryResult> {
  prepare(expr, grid, evaluation);
  if (typeOf(expr) === 'matrix') {
    const ranges = await evaluateRange(expr, grid, evaluation);
    const series = windowContents(ranges);
    if (stripParens(expr).kind === 'MatrixSelector') evaluation.samples.contents(series.map(sizeOfSeries));
    return { resultType: 'matrix', series, ...notes(evaluation) };
  }
  const value = await evaluate(expr, grid, evaluation);
  const time = grid.start;
  if (value.kind === 'string') return { resultType: 'string', time, value: value.value, ...notes(evaluation) };
  if (value.kind === 'scalar') return { resultType: 'scalar', time, value: value.values[0]!, ...notes(evaluation) };
  const samples: VectorSample[] = finish(value.series, evaluation).map(({ labels, values, histograms }) => ({
    labels,
    time,
    value: values[0]!,
    ...(histograms?.[0] ? { histogram: histograms[0] } : {}),
  }));
  return { resultType: 'vector', samples, ...notes(evaluation) };
}

async function overRange(expr: Expr, grid: Grid, evaluation: Evaluation): Promise<QueryResult> {
  const type = typeOf(expr);
  if (type !== 'vector' && type !== 'scalar') {
    const got = type === 'matrix' ? 'range vector' : type;
    throw new PromqlTypeError(`invalid expression type "${got}" for range query, must be Scalar or instant Vector`);
  }
  prepare(expr, grid, evaluation);
  const value = await evaluate(expr, grid, evaluation);
  const all: readonly StepSeries[] =
    value.kind === 'vector'
      ? finish(value.series, evaluation)
      : value.kind === 'scalar'
        ? [{ labels: new Map(), values: value.values, present: new Uint8Array(grid.count).fill(1), dropName: false }]
        : [];
  const times = Float64Array.from({ length: grid.count }, (_, step) => timeAt(grid, step));
  const series = Array.from(evaluation.each(all), (each) => {
    const run = runOf(each, times);
    if (run) return run;
    const { dropName: _, ...samples } = asRangeSeries(each, grid);
    return samples;
  });
  if (!areInOrder(series)) series.sort((a, b) => compareLabels(a.labels, b.labels));
  return { resultType: 'matrix', series, ...notes(evaluation) };
}

/** A series of floats that is there at all steps between its first and last, with the arrays that there are already. */
function runOf({ labels, values, present, histograms }: StepSeries, times: Float64Array): MatrixSeries | undefined {
  const from = present.indexOf(1);
  const to = present.lastIndexOf(1) + 1;
  const gap = present.indexOf(0, from);
  if (histograms || (gap >= 0 && gap < to)) return undefined;
  if (to - from === times.length) return { labels, timestamps: times, values };
  return { labels, timestamps: times.subarray(from, to), values: values.subarray(from, to) };
}

function areInOrder(all: readonly MatrixSeries[]): boolean {
  for (let i = 1; i < all.length; i++) if (compareLabels(all[i - 1]!.labels, all[i]!.labels) > 0) return false;
  return true;
}

/** Removes the names that were marked, and the series that have no sample. */
function finish(all: readonly StepSeries[], evaluation: Evaluation): readonly StepSeries[] {
  const named = all.some(({ dropName }) => dropName)
    ? all.map((series) => (series.dropName ? { ...series, labels: withoutMetadata(series.labels) } : series))
    : all;
  return mergeSameLabels(named, evaluation).filter((series) => !isEmpty(series));
}

function sizeOfSeries({ timestamps, histograms }: MatrixSeries): number {
  if (!histograms) return timestamps.length;
  return histograms.reduce((size, histogram) => size + (histogram ? sizeOfHistogram(histogram) : 1), 0);
}

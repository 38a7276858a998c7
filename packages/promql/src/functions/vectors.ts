import { mapFloats } from '../engine/mapSamples.ts';
import { evaluateVectorSelector } from '../engine/selector.ts';
import { dropName, type Grid, isEmpty, newSeries, type StepSeries, timeAt, vectorOf } from '../engine/values.ts';
import { METRIC_NAME, sorted } from '../labels.ts';
import { type Expr, stripParens } from '../parser/ast.ts';
import type { Labels } from '../source.ts';
import { maxOf, minOf } from './extremes.ts';
import { type CallContext, type FunctionTable, ofCall, overWindow } from './function.ts';
import { scalarArg, vectorArg } from './scalars.ts';

/** The labels that `absent` can tell from the selector: those with exactly one equality matcher. */
function labelsOfSelector(expr: Expr): Labels {
  const arg = stripParens(expr);
  const selector = arg.kind === 'MatrixSelector' ? arg.selector : arg;
  const labels = new Map<string, string>();
  if (selector.kind !== 'VectorSelector') return labels;
  const seen = new Set<string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (op === '=' && !seen.has(name)) {
      seen.add(name);
      if (value !== '') labels.set(name, value);
    } else labels.delete(name);
  }
  return sorted(labels);
}

function missing(series: Iterable<StepSeries>, labels: Labels, count: number) {
  const result = newSeries(labels, count);
  result.present.fill(1);
  result.values.fill(1);
  for (const { present } of series) {
    for (let step = 0; step < count; step++) if (present[step] === 1) result.present[step] = 0;
  }
  return vectorOf(result.present.includes(1) ? [result] : []);
}

async function absent(context: CallContext) {
  const arg = context.call.args[0]!;
  const present = await vectorArg(context, arg);
  return missing(context.evaluation.each(present), labelsOfSelector(arg), context.grid.count);
}

async function absentOverTime(context: CallContext) {
  const present = await context.overWindows(overWindow(() => 1, true));
  return missing(context.evaluation.each(present), labelsOfSelector(context.call.args[0]!), context.grid.count);
}

async function timestamp(context: CallContext) {
  const { grid, evaluation } = context;
  const arg = stripParens(context.call.args[0]!);
  const series =
    arg.kind === 'VectorSelector'
      ? await evaluateVectorSelector(arg, grid, evaluation, 'time')
      : (await vectorArg(context, arg)).map((each) => atSteps(each, grid));
  return vectorOf(series.map((each) => dropName(each, evaluation.delayedNameRemoval)));
}

/** The time of the step, in seconds, wherever the series has a sample. */
function atSteps({ labels, present, dropName }: StepSeries, grid: Grid): StepSeries {
  return { labels, present, dropName, values: Float64Array.from(present, (_, step) => timeAt(grid, step) / 1000) };
}

/** Only a selector knows the start times of its samples, so any other argument has no result. */
async function startTimestamp(context: CallContext) {
  const { grid, evaluation } = context;
  const arg = stripParens(context.call.args[0]!);
  if (arg.kind !== 'VectorSelector') await vectorArg(context, arg);
  if (arg.kind !== 'VectorSelector' || !evaluation.settings.features.startTimestamps) return vectorOf([]);
  const series = await evaluateVectorSelector(arg, grid, evaluation, 'start');
  return vectorOf(series.map((each) => dropName(each, evaluation.delayedNameRemoval)));
}

async function clamp(context: CallContext) {
  const [vector, leastArg, mostArg] = context.call.args;
  const least = await scalarArg(context, leastArg!);
  const most = await scalarArg(context, mostArg!);
  const delayed = context.evaluation.delayedNameRemoval;
  const all = await vectorArg(context, vector!);
  const clamped = Array.from(context.evaluation.each(all), (series) => {
    const within = mapFloats(series, (value, step) => maxOf(least[step]!, minOf(most[step]!, value)));
    const present = within.present.map((there, step) => (most[step]! < least[step]! ? 0 : there));
    return { ...within, present };
  });
  return vectorOf(clamped.filter((series) => !isEmpty(series)).map((series) => dropName(series, delayed)));
}

export const VECTORS: FunctionTable = [
  ['absent', ofCall(absent)],
  ['absent_over_time', ofCall(absentOverTime)],
  ['timestamp', ofCall(timestamp)],
  ['clamp', ofCall(clamp)],
  ['start_timestamp', ofCall(startTimestamp)],
];

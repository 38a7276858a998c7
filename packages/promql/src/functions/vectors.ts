import { mapSamples } from '../engine/mapSamples.ts';
import { evaluateVectorSelector } from '../engine/selector.ts';
import { dropName, newSeries, type StepSeries, timeAt, vectorOf } from '../engine/values.ts';
import { compareLabels, compareText, sorted } from '../labels.ts';
import { nanFirst } from '../numeric.ts';
import { type Expr, stripParens } from '../parser/ast.ts';
import type { Labels } from '../source.ts';
import { type CallContext, type FunctionTable, ofCall } from './function.ts';
import { textArg } from './labelFunctions.ts';
import { scalarArg, vectorArg } from './scalars.ts';

/** The labels that `absent` can tell from the selector: those with exactly one equality matcher. */
function labelsOfSelector(expr: Expr): Labels {
  const selector = expr.kind === 'MatrixSelector' ? expr.selector : expr;
  const labels = new Map<string, string>();
  if (selector.kind !== 'VectorSelector') return labels;
  const seen = new Set<string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === '__name__') continue;
    if (op === '=' && !seen.has(name)) {
      seen.add(name);
      if (value !== '') labels.set(name, value);
    } else labels.delete(name);
  }
  return sorted(labels);
}

function missing(series: readonly StepSeries[], labels: Labels, count: number) {
  const result = newSeries(labels, count);
  for (let step = 0; step < count; step++) {
    if (series.some((each) => each.present[step] === 1)) continue;
    result.present[step] = 1;
    result.values[step] = 1;
  }
  return vectorOf(result.present.includes(1) ? [result] : []);
}

async function absent(context: CallContext) {
  const arg = context.call.args[0]!;
  return missing(await vectorArg(context, arg), labelsOfSelector(arg), context.grid.count);
}

async function absentOverTime(context: CallContext) {
  const arg = context.call.args[0]!;
  const present = await context.evaluate({ ...context.call, func: 'present_over_time' });
  const series = present.kind === 'vector' ? present.series : [];
  return missing(series, labelsOfSelector(arg), context.grid.count);
}

async function timestamp(context: CallContext) {
  const { grid, evaluation } = context;
  const arg = stripParens(context.call.args[0]!);
  const series =
    arg.kind === 'VectorSelector'
      ? await evaluateVectorSelector(arg, grid, evaluation, 'timestamp', 'time')
      : (await vectorArg(context, arg)).map((each) => mapSamples(each, (_, step) => timeAt(grid, step) / 1000));
  return vectorOf(series.map((each) => dropName(each, evaluation.delayedNameRemoval)));
}

async function clamp(context: CallContext) {
  const [vector, leastArg, mostArg] = context.call.args;
  const least = await scalarArg(context, leastArg!);
  const most = await scalarArg(context, mostArg!);
  const delayed = context.evaluation.delayedNameRemoval;
  const clamped = (await vectorArg(context, vector!)).map((series) => {
    const present = series.present.map((there, step) => (most[step]! < least[step]! ? 0 : there));
    const within = mapSamples(series, (value, step) => Math.max(least[step]!, Math.min(most[step]!, value)));
    return dropName({ ...within, present }, delayed);
  });
  return vectorOf(clamped);
}

/** Sorting has a meaning for instant queries only; a range query sorts its result by labels. */
async function sortByValue(context: CallContext, compare: (a: number, b: number) => number) {
  const all = await vectorArg(context, context.call.args[0]!);
  return vectorOf(context.grid.count > 1 ? all : [...all].sort((a, b) => compare(a.values[0]!, b.values[0]!)));
}

/** Numbers before NaN. */
function ascending(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? nanFirst(b, a) : a - b;
}

function descending(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? nanFirst(b, a) : b - a;
}

async function sortByLabel(context: CallContext, direction: 1 | -1) {
  const [vector, ...names] = context.call.args;
  const wanted = names.map(textArg);
  const compare = (a: StepSeries, b: StepSeries) => {
    for (const name of wanted) {
      const order = compareNatural(a.labels.get(name) ?? '', b.labels.get(name) ?? '');
      if (order !== 0) return direction * order;
    }
    return direction * compareLabels(a.labels, b.labels);
  };
  return vectorOf([...(await vectorArg(context, vector!))].sort(compare));
}

/** Runs of digits compare as numbers, all else as text. */
function compareNatural(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i]!, right[i]!];
    const bothNumbers = /^\d/.test(x) && /^\d/.test(y);
    const order = (bothNumbers ? Number(x) - Number(y) : 0) || (bothNumbers ? y.length - x.length : compareText(x, y));
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

export const VECTORS: FunctionTable = [
  ['absent', ofCall(absent)],
  ['absent_over_time', ofCall(absentOverTime)],
  ['timestamp', ofCall(timestamp)],
  ['clamp', ofCall(clamp)],
  ['sort', ofCall((context) => sortByValue(context, ascending))],
  ['sort_desc', ofCall((context) => sortByValue(context, descending))],
  ['sort_by_label', ofCall((context) => sortByLabel(context, 1))],
  ['sort_by_label_desc', ofCall((context) => sortByLabel(context, -1))],
];

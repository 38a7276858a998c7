import { isStepInvariant } from '../engine/invariance.ts';
import { floatsOf } from '../engine/mapSamples.ts';
import { isEmpty, type StepSeries, vectorOf } from '../engine/values.ts';
import { compareLabels, compareText } from '../labels.ts';
import { nanFirst } from '../numeric.ts';
import { type CallContext, type FunctionTable, ofCall } from './function.ts';
import { textArg } from './labelFunctions.ts';
import { vectorArg } from './scalars.ts';

/** Sorting has a meaning for instant queries only; a range query sorts its result by labels, which is remarked. */
function warnOfRange({ grid, evaluation, call }: CallContext): void {
  if (grid.count === 1 && ((grid.end ?? grid.start) === grid.start || isStepInvariant(call))) return;
  evaluation.annotations.warn(
    'sort is ineffective for range queries since results are always ordered by labels',
    call.span,
  );
}

/** Histograms have no order and are left out. */
async function sortByValue(context: CallContext, compare: (a: number, b: number) => number) {
  const all = await vectorArg(context, context.call.args[0]!);
  warnOfRange(context);
  const floats = all.map(floatsOf).filter((series) => !isEmpty(series));
  return vectorOf(context.grid.count > 1 ? floats : floats.sort((a, b) => compare(a.values[0]!, b.values[0]!)));
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
  warnOfRange(context);
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

export const SORTING: FunctionTable = [
  ['sort', ofCall((context) => sortByValue(context, ascending))],
  ['sort_desc', ofCall((context) => sortByValue(context, descending))],
  ['sort_by_label', ofCall((context) => sortByLabel(context, 1))],
  ['sort_by_label_desc', ofCall((context) => sortByLabel(context, -1))],
];

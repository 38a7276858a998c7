import { type OverWindow, type PromqlFunction, placeOf } from '../functions/function.ts';
import { FUNCTIONS } from '../functions/registry.ts';
import { haveOneName } from '../labels.ts';
import { type Call, type Expr, stripParens } from '../parser/ast.ts';
import { typeOf } from '../parser/check.ts';
import { resolvePositive } from '../parser/durations.ts';
import { overRollups, rollupsFor } from '../rollup/evaluate.ts';
import { ROLLUP_FUNCTIONS } from '../rollup/functions.ts';
import type { Labels } from '../source.ts';
import { PromqlExecutionError } from './errors.ts';
import type { Evaluation } from './evaluation.ts';
import { mapFloats } from './mapSamples.ts';
import { type Extension, extensionOf, type RangeVector, referenceTimes } from './selector.ts';
import {
  checkDistinct,
  dropName,
  type Grid,
  isEmpty,
  markDistinct,
  mergeSameLabels,
  type StepSeries,
  timeAt,
  type Value,
  vectorOf,
} from './values.ts';
import { type Sliding, slide } from './window.ts';

/** How a call evaluates its arguments. */
export interface Evaluators {
  evaluate(expr: Expr, grid: Grid, evaluation: Evaluation): Promise<Value>;
  evaluateRange(expr: Expr, grid: Grid, evaluation: Evaluation): Promise<RangeVector>;
}

export async function evaluateCall(
  call: Call,
  grid: Grid,
  evaluation: Evaluation,
  evaluators: Evaluators,
): Promise<Value> {
  const implementation = FUNCTIONS.get(call.func);
  if (!implementation) throw new PromqlExecutionError(`function ${call.func} is not supported`);
  switch (implementation.kind) {
    case 'window':
      return vectorOf(await overWindows(implementation, call, grid, evaluation, evaluators));
    case 'sample':
      return vectorOf(
        mergeSameLabels(await overSamples(implementation, call, grid, evaluation, evaluators), evaluation),
      );
    case 'call': {
      const value = await implementation.apply({
        call,
        grid,
        evaluation,
        evaluate: (expr) => evaluators.evaluate(expr, grid, evaluation),
        overWindows: (over) => overWindows(over, call, grid, evaluation, evaluators),
      });
      return value.kind === 'vector' ? vectorOf(mergeSameLabels(value.series, evaluation)) : value;
    }
  }
}

async function overWindows(
  over: OverWindow,
  call: Call,
  grid: Grid,
  evaluation: Evaluation,
  { evaluate, evaluateRange }: Evaluators,
): Promise<StepSeries[]> {
  const main = stripParens(call.args.find((arg) => typeOf(arg) !== 'scalar')!);
  checkExtension(main, call.func);
  const rolledUp = await overRolledUpWindows(over, call, main, grid, evaluation);
  if (rolledUp) return rolledUp;
  const { apply, keepName, rows, rescans, inspect } = over;
  const ranges = await evaluateRange(main, grid, evaluation);
  const scalars = await scalarArguments(call, grid, evaluation, evaluate);
  const times = (step: number) => timeAt(grid, step);
  // Prometheus has lost the place of a subquery by the time that it remarks on it.
  const span = main.kind === 'Subquery' && call.args[0] === main ? { start: 0, end: 0 } : placeOf(call, 0);
  const named: Labels[] = [];
  const see: Sliding['inspect'] = (labels, ...rest) => {
    named.push(labels);
    inspect?.(labels, ...rest);
  };
  const sliding = { apply, scalars, times, keepName, rows, rescans, span, inspect: see };
  const results = await slide(ranges, sliding, evaluation);
  if (main.kind === 'MatrixSelector' && haveOneName(named)) markDistinct(results);
  else if (!evaluation.delayedNameRemoval) checkDistinct(results);
  return results;
}

/** Undefined where the samples are to be read. */
async function overRolledUpWindows(
  { keepName, inspect }: OverWindow,
  call: Call,
  main: Expr,
  grid: Grid,
  evaluation: Evaluation,
): Promise<StepSeries[] | undefined> {
  const implementation = ROLLUP_FUNCTIONS.get(call.func);
  const read = implementation && main.kind === 'MatrixSelector' ? rollupsFor(main.selector, evaluation) : undefined;
  if (!read || !implementation || main.kind !== 'MatrixSelector') return undefined;
  const references = referenceTimes(main.selector, grid, evaluation);
  const range = resolvePositive(main.range, evaluation.durations);
  const found = await overRollups(read, implementation, { references, range, counted: true }, evaluation);
  for (const series of found ?? []) inspect?.(series.labels, series, main.span, evaluation);
  if (!found || keepName) return found;
  const results = found.map((series) => dropName(series, evaluation.delayedNameRemoval));
  if (!evaluation.delayedNameRemoval) checkDistinct(results);
  return results;
}

/** The functions that know what to do with samples beyond the range. */
const EXTENDABLE: Readonly<Record<Extension, readonly string[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
};

function checkExtension(main: Expr, func: string): void {
  if (main.kind !== 'MatrixSelector') return;
  const extension = extensionOf(main.selector);
  if (!extension || EXTENDABLE[extension].includes(func)) return;
  throw new PromqlExecutionError(
    `${extension} modifier can only be used with: ${EXTENDABLE[extension].join(', ')} - not with ${func}`,
  );
}

async function overSamples(
  { apply }: Extract<PromqlFunction, { readonly kind: 'sample' }>,
  call: Call,
  grid: Grid,
  evaluation: Evaluation,
  { evaluate }: Evaluators,
): Promise<StepSeries[]> {
  const main = call.args.find((arg) => typeOf(arg) !== 'scalar')!;
  const scalars = await scalarArguments(call, grid, evaluation, evaluate);
  const value = await evaluate(main, grid, evaluation);
  const delayed = evaluation.delayedNameRemoval;
  const series = value.kind === 'vector' ? value.series : [];
  const argsAt = (step: number) => scalars.map((each) => each[step]!);
  return Array.from(evaluation.each(series), (each) => mapFloats(each, (v, step) => apply(v, argsAt(step))))
    .filter((each) => !isEmpty(each))
    .map((each) => dropName(each, delayed));
}

async function scalarArguments(
  call: Call,
  grid: Grid,
  evaluation: Evaluation,
  evaluate: Evaluators['evaluate'],
): Promise<Float64Array[]> {
  const scalars: Float64Array[] = [];
  for (const arg of call.args) {
    if (typeOf(arg) !== 'scalar') continue;
    const value = await evaluate(arg, grid, evaluation);
    if (value.kind === 'scalar') scalars.push(value.values);
  }
  return scalars;
}

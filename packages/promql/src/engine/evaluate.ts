import { aggregate } from '../aggregations/aggregate.ts';
import type { PromqlFunction } from '../functions/function.ts';
import { FUNCTIONS } from '../functions/registry.ts';
import { binaryOperation } from '../operators/binary.ts';
import { type AggregateExpr, type Call, type Expr, type Subquery, stripParens, type UnaryExpr } from '../parser/ast.ts';
import { typeOf } from '../parser/check.ts';
import { resolveDuration } from '../parser/durations.ts';
import { PromqlExecutionError } from './errors.ts';
import type { Evaluation } from './evaluation.ts';
import { isStepInvariant } from './invariance.ts';
import { mapSamples } from './mapSamples.ts';
import {
  asRangeSeries,
  evaluateMatrixSelector,
  evaluateVectorSelector,
  type RangeVector,
  referenceTimes,
  subqueryGrid,
} from './selector.ts';
import { broadcast, dropName, type Grid, mergeSameLabels, timeAt, type Value, vectorOf } from './values.ts';
import { slide } from './window.ts';

/** Evaluates an expression at every step of a grid at once. `func` is the function or aggregation around it. */
export async function evaluate(expr: Expr, grid: Grid, evaluation: Evaluation, func = ''): Promise<Value> {
  evaluation.checkAborted();
  if (grid.count > 1 && isStepInvariant(expr)) {
    return broadcast(await evaluateNode(expr, { ...grid, count: 1 }, evaluation, func), grid.count);
  }
  return evaluateNode(expr, grid, evaluation, func);
}

async function evaluateNode(expr: Expr, grid: Grid, evaluation: Evaluation, func: string): Promise<Value> {
  switch (expr.kind) {
    case 'NumberLiteral':
      return { kind: 'scalar', values: new Float64Array(grid.count).fill(expr.value) };
    case 'StringLiteral':
      return { kind: 'string', value: expr.value };
    case 'ParenExpr':
      return evaluate(expr.expr, grid, evaluation, func);
    case 'UnaryExpr':
      return evaluateUnary(expr, grid, evaluation);
    case 'VectorSelector':
      return vectorOf(await evaluateVectorSelector(expr, grid, evaluation, func));
    case 'BinaryExpr': {
      const left = await evaluate(expr.left, grid, evaluation);
      const right = await evaluate(expr.right, grid, evaluation);
      return binaryOperation(expr, left, right, grid.count, evaluation);
    }
    case 'AggregateExpr':
      return evaluateAggregate(expr, grid, evaluation);
    case 'Call':
      return evaluateCall(expr, grid, evaluation);
    default:
      throw new PromqlExecutionError('a range vector has no value at a single step');
  }
}

async function evaluateUnary(expr: UnaryExpr, grid: Grid, evaluation: Evaluation): Promise<Value> {
  const value = await evaluate(expr.expr, grid, evaluation);
  if (expr.op === '+' || value.kind === 'string') return value;
  if (value.kind === 'scalar') return { kind: 'scalar', values: value.values.map((each) => -each) };
  const delayed = evaluation.delayedNameRemoval;
  const negated = value.series.map((series) =>
    dropName(
      mapSamples(series, (each) => -each),
      delayed,
    ),
  );
  return vectorOf(mergeSameLabels(negated));
}

async function evaluateAggregate(expr: AggregateExpr, grid: Grid, evaluation: Evaluation): Promise<Value> {
  const param = expr.param ? await evaluate(expr.param, grid, evaluation) : undefined;
  const value = await evaluate(expr.expr, grid, evaluation, expr.op);
  const params = {
    ...(param?.kind === 'scalar' ? { scalar: param.values } : {}),
    ...(param?.kind === 'string' ? { text: param.value } : {}),
  };
  return vectorOf(aggregate(expr, value.kind === 'vector' ? value.series : [], params, grid.count, evaluation));
}

async function evaluateCall(call: Call, grid: Grid, evaluation: Evaluation): Promise<Value> {
  const implementation = FUNCTIONS.get(call.func);
  if (!implementation) throw new PromqlExecutionError(`function ${call.func} is not supported`);
  const value = await apply(implementation, call, grid, evaluation);
  return value.kind === 'vector' ? vectorOf(mergeSameLabels(value.series)) : value;
}

async function apply(implementation: PromqlFunction, call: Call, grid: Grid, evaluation: Evaluation): Promise<Value> {
  if (implementation.kind === 'call') {
    return implementation.apply({
      call,
      grid,
      evaluation,
      evaluate: (expr) => evaluate(expr, grid, evaluation, call.func),
    });
  }
  const scalars: Float64Array[] = [];
  for (const arg of call.args) {
    if (typeOf(arg) !== 'scalar') continue;
    const value = await evaluate(arg, grid, evaluation);
    if (value.kind === 'scalar') scalars.push(value.values);
  }
  const main = call.args.find((arg) => typeOf(arg) !== 'scalar')!;
  if (implementation.kind === 'window') {
    const ranges = await evaluateRange(main, grid, evaluation, call.func);
    const times = (step: number) => timeAt(grid, step);
    return vectorOf(slide(ranges, implementation.apply, scalars, times, implementation.keepName, evaluation));
  }
  const value = await evaluate(main, grid, evaluation, call.func);
  const delayed = evaluation.delayedNameRemoval;
  const series = value.kind === 'vector' ? value.series : [];
  const argsAt = (step: number) => scalars.map((each) => each[step]!);
  return vectorOf(
    series.map((each) =>
      dropName(
        mapSamples(each, (v, step) => implementation.apply(v, argsAt(step))),
        delayed,
      ),
    ),
  );
}

/** A range selector or subquery as windows over the steps of a grid. */
export async function evaluateRange(
  expr: Expr,
  grid: Grid,
  evaluation: Evaluation,
  func: string,
): Promise<RangeVector> {
  const range = stripParens(expr);
  if (range.kind === 'MatrixSelector') return evaluateMatrixSelector(range, grid, evaluation, func);
  if (range.kind === 'Subquery') return evaluateSubquery(range, grid, evaluation);
  throw new PromqlExecutionError('expected a range vector');
}

async function evaluateSubquery(node: Subquery, grid: Grid, evaluation: Evaluation): Promise<RangeVector> {
  const references = referenceTimes(node, grid, evaluation);
  const range = resolveDuration(node.range, evaluation.durations);
  const inner = subqueryGrid(node, references, range, evaluation);
  if (inner.count === 0) return { series: [], range, references };
  const value = await evaluate(node.expr, inner, evaluation);
  const series = value.kind === 'vector' ? value.series.map((each) => asRangeSeries(each, inner)) : [];
  return { series, range, references };
}

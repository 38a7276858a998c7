import { aggregate } from '../aggregations/aggregate.ts';
import { FUNCTIONS } from '../functions/registry.ts';
import { copyWithHint, negate } from '../histogram/arithmetic.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import { binaryOperation } from '../operators/binary.ts';
import { type AggregateExpr, type Expr, type Subquery, stripParens, type UnaryExpr } from '../parser/ast.ts';
import { resolveDuration, resolvePositive } from '../parser/durations.ts';
import { evaluateCall } from './call.ts';
import { PromqlExecutionError } from './errors.ts';
import type { Evaluation } from './evaluation.ts';
import { aggregateRows, fusionOf } from './fusion.ts';
import { isStepInvariant } from './invariance.ts';
import type { NodeRole } from './samples.ts';
import {
  asRangeSeries,
  evaluateMatrixSelector,
  evaluateVectorSelector,
  type RangeSeries,
  type RangeVector,
  referenceTimes,
  subqueryGrid,
} from './selector.ts';
import { broadcast, dropName, type Grid, mergeSameLabels, type StepSeries, type Value, vectorOf } from './values.ts';

/** Evaluates an expression at every step of a grid at once. */
export async function evaluate(expr: Expr, grid: Grid, evaluation: Evaluation): Promise<Value> {
  const pause = evaluation.pause();
  if (pause) await pause;
  if (grid.count === 1 || !isStepInvariant(expr)) return evaluateCounted(expr, grid, evaluation);
  const once = { ...grid, count: 1, end: grid.start };
  const outer = evaluation.samples.enter(once);
  const value = broadcast(await evaluateCounted(expr, once, evaluation), grid.count);
  if (value.kind === 'vector') evaluation.spendSeries(value.series);
  evaluation.samples.leaveInvariant(outer, value);
  return value;
}

/** What a node held while it worked is given up when it is done; what it made is held by the node around it. */
async function evaluateCounted(expr: Expr, grid: Grid, evaluation: Evaluation): Promise<Value> {
  const { samples, heldBytes } = evaluation;
  samples.begin();
  const value = await evaluateNode(expr, grid, evaluation);
  samples.end(roleOf(expr), value);
  evaluation.release(heldBytes);
  if (value.kind === 'vector') evaluation.spendSeries(value.series);
  return value;
}

/** Functions that hand their argument on; Prometheus makes no new samples for them. */
const RELABELS: ReadonlySet<string> = new Set(['absent_over_time', 'info', 'label_join', 'label_replace']);

function roleOf(expr: Expr): NodeRole {
  switch (expr.kind) {
    case 'NumberLiteral':
    case 'BinaryExpr':
      return 'makes';
    case 'AggregateExpr':
      return expr.op === 'count_values' ? 'makes' : 'folds';
    case 'Call':
      return RELABELS.has(expr.func) || FUNCTIONS.get(expr.func)?.kind === 'window' ? 'passes' : 'makes';
    default:
      return 'passes';
  }
}

async function evaluateNode(expr: Expr, grid: Grid, evaluation: Evaluation): Promise<Value> {
  switch (expr.kind) {
    case 'NumberLiteral':
      return { kind: 'scalar', values: new Float64Array(grid.count).fill(expr.value) };
    case 'StringLiteral':
      return { kind: 'string', value: expr.value };
    case 'ParenExpr':
      return evaluate(expr.expr, grid, evaluation);
    case 'UnaryExpr':
      return evaluateUnary(expr, grid, evaluation);
    case 'VectorSelector':
      return vectorOf(await evaluateVectorSelector(expr, grid, evaluation));
    case 'BinaryExpr': {
      const left = await evaluate(expr.left, grid, evaluation);
      const right = await evaluate(expr.right, grid, evaluation);
      return binaryOperation(expr, left, right, grid.count, evaluation);
    }
    case 'AggregateExpr':
      return evaluateAggregate(expr, grid, evaluation);
    case 'Call':
      return evaluateCall(expr, grid, evaluation, { evaluate, evaluateRange });
    default:
      throw new PromqlExecutionError('a range vector has no value at a single step');
  }
}

async function evaluateUnary(expr: UnaryExpr, grid: Grid, evaluation: Evaluation): Promise<Value> {
  const value = await evaluate(expr.expr, grid, evaluation);
  if (expr.op === '+' || value.kind === 'string') return value;
  if (value.kind === 'scalar') return { kind: 'scalar', values: value.values.map((each) => -each) };
  const delayed = evaluation.delayedNameRemoval;
  const negatives = Array.from(evaluation.each(value.series), (series) => dropName(negated(series), delayed));
  return vectorOf(mergeSameLabels(negatives, evaluation));
}

function negated(series: StepSeries): StepSeries {
  const values = series.values.map((each) => -each);
  const { histograms } = series;
  if (!histograms) return { ...series, values };
  return { ...series, values, histograms: histograms.map((each) => each && negate(each)) };
}

async function evaluateAggregate(expr: AggregateExpr, grid: Grid, evaluation: Evaluation): Promise<Value> {
  const fusion = fusionOf(expr, grid, evaluation);
  const fused = fusion && (await aggregateRows(expr, fusion, grid, evaluation));
  if (fused) return vectorOf(fused);
  const param = expr.param ? await evaluate(expr.param, grid, evaluation) : undefined;
  const value = await evaluate(expr.expr, grid, evaluation);
  const params = {
    ...(param?.kind === 'scalar' ? { scalar: param.values } : {}),
    ...(param?.kind === 'string' ? { text: param.value } : {}),
  };
  return vectorOf(aggregate(expr, value.kind === 'vector' ? value.series : [], params, grid.count, evaluation));
}

/** A range selector or subquery as windows over the steps of a grid. */
export async function evaluateRange(expr: Expr, grid: Grid, evaluation: Evaluation): Promise<RangeVector> {
  const range = stripParens(expr);
  if (range.kind === 'MatrixSelector') return evaluateMatrixSelector(range, grid, evaluation);
  if (range.kind === 'Subquery') return evaluateSubquery(range, grid, evaluation);
  throw new PromqlExecutionError('expected a range vector');
}

async function evaluateSubquery(node: Subquery, grid: Grid, evaluation: Evaluation): Promise<RangeVector> {
  const references = referenceTimes(node, grid, evaluation);
  const range = resolvePositive(node.range, evaluation.durations);
  const inner = subqueryGrid(node, references, range, evaluation);
  const plain = { range, references, extension: undefined, before: 0, after: 0 };
  if (inner.count === 0) return { series: [], ...plain };
  const outer = evaluation.samples.enter(inner);
  const value = await evaluate(node.expr, inner, evaluation);
  const found = value.kind === 'vector' ? value.series : [];
  evaluation.samples.leaveSubquery(outer, found, resolveDuration(node.offset, evaluation.durations), range);
  const series = Array.from(evaluation.each(found), (each) => withoutHints(asRangeSeries(each, inner)));
  return { series, ...plain };
}

/** A subquery may miss samples or see one twice, so what was known of resets between its samples does not hold any more. */
function withoutHints(series: RangeSeries): RangeSeries {
  if (!series.histograms) return series;
  const forget = (each: FloatHistogram | undefined) =>
    each && (each.resetHint === 'gauge' ? each : copyWithHint(each, 'unknown'));
  return { ...series, histograms: series.histograms.map(forget) };
}

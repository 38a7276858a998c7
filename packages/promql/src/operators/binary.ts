import type { Evaluation } from '../engine/evaluation.ts';
import { mergeSameLabels, type StepSeries, type Value, type VectorValue, vectorOf } from '../engine/values.ts';
import type { BinaryExpr } from '../parser/ast.ts';
import { isSetOperation } from '../parser/check.ts';
import { setOperation } from './sets.ts';
import { vectorOperation } from './vectorMatching.ts';
import { scalarOperation, vectorScalarOperation } from './withScalar.ts';

/** Applies a binary operator to two values on one grid; the type check has ruled out strings. */
export function binaryOperation(
  expr: BinaryExpr,
  left: Value,
  right: Value,
  count: number,
  evaluation: Evaluation,
): Value {
  /** A single step may have several series of the same labels until the names that are still to go are gone. */
  const merged = (series: readonly StepSeries[]): VectorValue =>
    vectorOf(count === 1 && evaluation.delayedNameRemoval ? series : mergeSameLabels(series, evaluation));
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    return { kind: 'scalar', values: scalarOperation(expr, left.values, right.values) };
  }
  if (left.kind === 'vector' && right.kind === 'scalar') {
    return merged(vectorScalarOperation(expr, left.series, right.values, false, evaluation));
  }
  if (left.kind === 'scalar' && right.kind === 'vector') {
    return merged(vectorScalarOperation(expr, right.series, left.values, true, evaluation));
  }
  if (left.kind !== 'vector' || right.kind !== 'vector') throw new TypeError(`no ${expr.op} of strings`);
  if (isSetOperation(expr.op)) return merged(setOperation(expr, left.series, right.series, evaluation));
  return vectorOf(vectorOperation(expr, left.series, right.series, count, evaluation));
}

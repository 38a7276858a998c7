import type { Evaluation } from '../engine/evaluation.ts';
import { mergeSameLabels, type Value, vectorOf } from '../engine/values.ts';
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
  const delayed = evaluation.delayedNameRemoval;
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    return { kind: 'scalar', values: scalarOperation(expr, left.values, right.values) };
  }
  if (left.kind === 'vector' && right.kind === 'scalar') {
    return vectorOf(mergeSameLabels(vectorScalarOperation(expr, left.series, right.values, false, delayed)));
  }
  if (left.kind === 'scalar' && right.kind === 'vector') {
    return vectorOf(mergeSameLabels(vectorScalarOperation(expr, right.series, left.values, true, delayed)));
  }
  if (left.kind !== 'vector' || right.kind !== 'vector') throw new TypeError(`no ${expr.op} of strings`);
  if (isSetOperation(expr.op)) return vectorOf(mergeSameLabels(setOperation(expr, left.series, right.series)));
  return vectorOf(vectorOperation(expr, left.series, right.series, count, evaluation));
}

import { dropName, isEmpty, newSeries, type StepSeries } from '../engine/values.ts';
import type { BinaryExpr } from '../parser/ast.ts';
import { OPERATORS } from './arithmetic.ts';

export function scalarOperation(expr: BinaryExpr, left: Float64Array, right: Float64Array): Float64Array {
  const operator = OPERATORS.get(expr.op)!;
  return left.map((value, step) => Number(operator.apply(value, right[step]!)));
}

/** An operation between a vector and a scalar; a comparison keeps the vector's value, whichever side it is on. */
export function vectorScalarOperation(
  expr: BinaryExpr,
  vector: readonly StepSeries[],
  scalar: Float64Array,
  scalarIsLeft: boolean,
  delayed: boolean,
): StepSeries[] {
  const operator = OPERATORS.get(expr.op)!;
  const changesName = operator.kind === 'compute' || expr.bool;
  return vector
    .map((series) => {
      const result = newSeries(series.labels, scalar.length, series.dropName);
      for (let step = 0; step < scalar.length; step++) {
        if (series.present[step] === 0) continue;
        const value = series.values[step]!;
        const other = scalar[step]!;
        const outcome = scalarIsLeft ? operator.apply(other, value) : operator.apply(value, other);
        if (outcome === false && !expr.bool) continue;
        result.values[step] = operator.kind === 'compare' && !expr.bool ? value : Number(outcome);
        result.present[step] = 1;
      }
      return changesName ? dropName(result, delayed) : result;
    })
    .filter((series) => !isEmpty(series));
}

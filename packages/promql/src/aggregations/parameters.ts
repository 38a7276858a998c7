import { PromqlExecutionError } from '../engine/errors.ts';
import { invalidQuantile } from '../engine/remarks.ts';
import { type AggregateExpr, stripParens } from '../parser/ast.ts';
import { formatGeneral } from '../result/numbers.ts';
import type { Reduction } from './reducer.ts';

/** The first and last float64 that a count may not be (promql/engine.go, minInt64 and maxInt64). */
const LOWEST = -(2 ** 63);
const HIGHEST = 2 ** 63 - 1024;

interface Extremes {
  /** NaN if any value is. */
  readonly min: number;
  readonly max: number;
  readonly nan: boolean;
}

function extremesOf(param: Float64Array): Extremes {
  const min = param.reduce((a, b) => Math.min(a, b), Number.MAX_VALUE);
  const max = param.reduce((a, b) => Math.max(a, b), -Number.MAX_VALUE);
  return { min, max, nan: Number.isNaN(max) };
}

/** How many to keep at each step, at least 0; undefined if that is none at all. @throws PromqlExecutionError */
export function countsOf(param: Float64Array): Float64Array | undefined {
  const { min, max, nan } = extremesOf(param);
  if (max < 1) return undefined;
  if (nan) throw new PromqlExecutionError('Parameter value is NaN');
  if (min <= LOWEST) throw new PromqlExecutionError(`Scalar value ${formatGeneral(min)} underflows int64`);
  if (max >= HIGHEST) throw new PromqlExecutionError(`Scalar value ${formatGeneral(max)} overflows int64`);
  return param.map((value) => Math.max(0, Math.trunc(value)));
}

/** Ratios capped to [-1, 1], which is remarked; undefined if all are 0. @throws PromqlExecutionError */
export function ratiosOf(param: Float64Array, { expr, evaluation }: Reduction): Float64Array | undefined {
  const { min, max, nan } = extremesOf(param);
  if (max === 0 && min === 0) return undefined;
  if (nan) throw new PromqlExecutionError('Ratio value is NaN');
  const warn = (ratio: number, cap: number) =>
    evaluation.annotations.warn(
      `ratio value should be between -1 and 1, got ${formatGeneral(ratio)}, capping to ${cap}`,
      spanOf(expr),
    );
  if (max > 1) warn(max, 1);
  if (min < -1) warn(min, -1);
  return param.map((ratio) => Math.min(1, Math.max(-1, ratio)));
}

export function checkQuantiles({ expr, evaluation, param }: Reduction): void {
  const { min, max, nan } = extremesOf(param!);
  const warn = (q: number) => evaluation.annotations.warn(invalidQuantile(formatGeneral(q)), spanOf(expr));
  if (nan) warn(Number.NaN);
  if (max > 1) warn(max);
  if (min < 0) warn(min);
}

function spanOf(expr: AggregateExpr) {
  return stripParens(expr.param!).span;
}

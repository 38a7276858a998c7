import { childrenOf, type Expr } from '../parser/ast.ts';

/** Functions whose answer depends on the time of evaluation even if their arguments do not. */
const USES_TIME: ReadonlySet<string> = new Set([
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'days_in_month',
  'hour',
  'minute',
  'month',
  'predict_linear',
  'time',
  'timestamp',
  'year',
]);

/** Whether an expression is the same at every step, because everything that it reads is pinned with `@`. */
export function isStepInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'VectorSelector':
      return expr.at !== undefined;
    case 'Subquery':
      return expr.at !== undefined;
    case 'Call':
      return !USES_TIME.has(expr.func) && expr.args.every(isStepInvariant);
    default:
      return childrenOf(expr).every(isStepInvariant);
  }
}

import { childrenOf, type Expr, stripParens } from '../parser/ast.ts';

/** Functions whose answer depends on the time of evaluation even if their arguments do not; so does `timestamp`, but of a selector. */
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
      if (expr.func === 'timestamp')
        return stripParens(expr.args[0]!).kind === 'VectorSelector' && isStepInvariant(expr.args[0]!);
      return !USES_TIME.has(expr.func) && expr.args.every(isStepInvariant);
    default:
      return childrenOf(expr).every(isStepInvariant);
  }
}

import type { Evaluation } from '../engine/evaluation.ts';
import { fixedTime } from '../engine/selector.ts';
import { type Grid, timeAt } from '../engine/values.ts';
import { childrenOf, type Expr, type Subquery, type VectorSelector } from '../parser/ast.ts';
import { resolveDuration } from '../parser/durations.ts';

/** The moments that the first selector of an expression looks at, ranges left aside: after its `@` and offset and those of the subqueries around it. */
export function infoReferences(expr: Expr, grid: Grid, evaluation: Evaluation): Float64Array {
  let fixed: number | undefined;
  let offset = 0;
  for (const node of pathToSelector(expr) ?? []) {
    const at = fixedTime(node.at, evaluation);
    if (at !== undefined) [fixed, offset] = [at, 0];
    offset += resolveDuration(node.offset, evaluation.durations);
  }
  return Float64Array.from({ length: grid.count }, (_, step) => (fixed ?? timeAt(grid, step)) - offset);
}

/** The first selector in the order of the text, after the subqueries that it is in. */
function pathToSelector(expr: Expr): readonly (Subquery | VectorSelector)[] | undefined {
  if (expr.kind === 'VectorSelector') return [expr];
  const children = expr.kind === 'AggregateExpr' ? [expr.expr, ...(expr.param ? [expr.param] : [])] : childrenOf(expr);
  for (const child of children) {
    const path = pathToSelector(child);
    if (path) return expr.kind === 'Subquery' ? [expr, ...path] : path;
  }
  return undefined;
}

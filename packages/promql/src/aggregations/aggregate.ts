import { PromqlExecutionError } from '../engine/errors.ts';
import type { Evaluation } from '../engine/evaluation.ts';
import { isEmpty, newSeries, type StepSeries } from '../engine/values.ts';
import type { AggregateExpr } from '../parser/ast.ts';
import { CHOOSERS } from './choosers.ts';
import { countValues } from './countValues.ts';
import { groupsOf } from './groups.ts';
import { checkQuantiles } from './parameters.ts';
import { REDUCERS } from './reducers.ts';

export interface AggregateParams {
  /** The number in front of the vector, one for each step. */
  readonly scalar?: Float64Array;
  /** The text in front of the vector, which only `count_values` has. */
  readonly text?: string;
}

/** Evaluates an aggregation over series that are on one grid of `count` steps. */
export function aggregate(
  expr: AggregateExpr,
  all: readonly StepSeries[],
  params: AggregateParams,
  count: number,
  evaluation: Evaluation,
): StepSeries[] {
  const reduction = { expr, evaluation, param: params.scalar };
  if (expr.op === 'count_values') return countValues(all, params.text!, count, reduction);
  const groups = groupsOf(expr, evaluation.each(all));
  const chooser = CHOOSERS.get(expr.op);
  if (chooser) {
    return chooser(
      groups.map(({ members }) => members),
      reduction,
    );
  }
  const reducer = REDUCERS.get(expr.op);
  if (!reducer) throw new PromqlExecutionError(`aggregation ${expr.op} is not supported`);
  if (expr.op === 'quantile') checkQuantiles(reduction);
  const results = Array.from(evaluation.each(groups), ({ labels, members }) => {
    evaluation.spend(count);
    const unnamed = members.some((member) => member.dropName);
    return reducer(members, newSeries(labels, count, unnamed), reduction);
  });
  return results.filter((series) => !isEmpty(series));
}

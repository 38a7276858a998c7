import { PromqlExecutionError } from '../engine/errors.ts';
import type { Evaluation } from '../engine/evaluation.ts';
import { isEmpty, mergeSameLabels, newSeries, type StepSeries } from '../engine/values.ts';
import { identity, keepOnly, METRIC_NAME, withLabel, without } from '../labels.ts';
import type { AggregateExpr } from '../parser/ast.ts';
import { formatValue } from '../result/format.ts';
import type { Labels } from '../source.ts';
import { CHOOSERS } from './choosers.ts';
import { REDUCERS } from './reducers.ts';

interface Group {
  readonly labels: Labels;
  readonly members: StepSeries[];
}

export interface AggregateParams {
  readonly scalar?: Float64Array;
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
  evaluation.checkAborted();
  const chooser = CHOOSERS.get(expr.op);
  if (chooser) return groupsOf(expr, all).flatMap((group) => chooser(group.members, params.scalar!));
  if (expr.op === 'count_values') return countValues(expr, all, params.text!, count);
  const reducer = REDUCERS.get(expr.op);
  if (!reducer) throw new PromqlExecutionError(`aggregation ${expr.op} is not supported`);
  if (expr.op === 'quantile') warnOfQuantile(expr, params.scalar!, evaluation);
  return groupsOf(expr, all).map((group) => {
    const result = newSeries(
      group.labels,
      count,
      group.members.some((member) => member.dropName),
    );
    reducer(group.members, result, params.scalar);
    evaluation.spend(count);
    return result;
  });
}

function warnOfQuantile(expr: AggregateExpr, q: Float64Array, evaluation: Evaluation): void {
  const bad = q.find((value) => !(value >= 0 && value <= 1));
  if (bad === undefined) return;
  evaluation.annotations.warn(`quantile value should be between 0 and 1, got ${formatValue(bad)}`, expr.param!.span);
}

function groupLabels(expr: AggregateExpr, labels: Labels): Labels {
  return expr.without ? without(labels, [...expr.grouping, METRIC_NAME]) : keepOnly(labels, expr.grouping);
}

function groupsOf(expr: AggregateExpr, all: readonly StepSeries[]): Group[] {
  const groups = new Map<string, Group>();
  for (const series of all) {
    const labels = groupLabels(expr, series.labels);
    const key = identity(labels);
    const group = groups.get(key);
    if (group) group.members.push(series);
    else groups.set(key, { labels, members: [series] });
  }
  return [...groups.values()];
}

/** One series per group and distinct value, counting the members that have it. */
function countValues(expr: AggregateExpr, all: readonly StepSeries[], label: string, count: number): StepSeries[] {
  if (label === '') throw new PromqlExecutionError('invalid label name ""');
  const results = new Map<string, StepSeries>();
  for (const series of all) {
    for (let step = 0; step < count; step++) {
      if (series.present[step] === 0) continue;
      const valued = withLabel(series.labels, label, formatValue(series.values[step]!));
      const labels = groupLabels(
        { ...expr, grouping: expr.without ? expr.grouping : [...expr.grouping, label] },
        valued,
      );
      const key = identity(labels);
      const result = results.get(key) ?? newSeries(labels, count);
      results.set(key, result);
      result.values[step] = result.values[step]! + 1;
      result.present[step] = 1;
    }
  }
  return [...mergeSameLabels([...results.values()].filter((series) => !isEmpty(series)))];
}

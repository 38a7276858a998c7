import type { StepSeries } from '../engine/values.ts';
import { identity, keepOnly, METRIC_NAME, NO_LABELS, without } from '../labels.ts';
import type { AggregateExpr } from '../parser/ast.ts';
import type { Labels } from '../source.ts';

export interface Group {
  readonly labels: Labels;
  readonly members: StepSeries[];
}

type Grouping = Pick<AggregateExpr, 'grouping' | 'without'>;

/** The labels that all members of a group share, which are those of its result. */
export function groupLabels({ grouping, without: drops }: Grouping, labels: Labels): Labels {
  if (drops) return without(labels, [...grouping, METRIC_NAME]);
  return grouping.length === 0 ? NO_LABELS : keepOnly(labels, grouping);
}

/** Groups and their members in the order in which they are met. */
export function groupsOf(expr: Grouping, all: Iterable<StepSeries>): Group[] {
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

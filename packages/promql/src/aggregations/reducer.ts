import type { Evaluation } from '../engine/evaluation.ts';
import type { StepSeries } from '../engine/values.ts';
import { type AggregateExpr, stripParens } from '../parser/ast.ts';

/** What a reduction works with beside its group. */
export interface Reduction {
  readonly expr: AggregateExpr;
  readonly evaluation: Evaluation;
  /** The aggregation's parameter at each step; absent if it has none. */
  readonly param: Float64Array | undefined;
}

/**
 * Reduces the members of one group, step by step, into a series that is still without samples; the result is that series,
 * with histograms if there are any. Members are read one after the other, which walks through memory in order.
 */
export type Reducer = (members: readonly StepSeries[], into: StepSeries, reduction: Reduction) => StepSeries;

/** Says that native histograms were left out, if there are any. */
export function remarkIgnoredHistograms(members: readonly StepSeries[], { expr, evaluation }: Reduction): void {
  const ignored = members.some(
    ({ histograms, present }) => histograms?.some((histogram, step) => histogram && present[step] === 1) === true,
  );
  if (ignored) evaluation.annotations.info(`ignored histogram in ${expr.op} aggregation`, stripParens(expr.expr).span);
}

/** The members with 0 in `present` wherever there is a histogram. */
export function floatsOf(members: readonly StepSeries[]): readonly StepSeries[] {
  if (!members.some(({ histograms }) => histograms)) return members;
  return members.map((member) => {
    const { histograms } = member;
    if (!histograms) return member;
    return { ...member, present: member.present.map((here, step) => (histograms[step] ? 0 : here)) };
  });
}

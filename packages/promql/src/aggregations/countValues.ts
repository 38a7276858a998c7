import { PromqlExecutionError } from '../engine/errors.ts';
import { newSeries, type StepSeries } from '../engine/values.ts';
import { formatHistogram } from '../histogram/format.ts';
import { identity, METRIC_NAME, withLabel } from '../labels.ts';
import { stripParens } from '../parser/ast.ts';
import { quote } from '../parser/quote.ts';
import { formatValue } from '../result/format.ts';
import { groupLabels } from './groups.ts';
import type { Reduction } from './reducer.ts';

/** One series per group and distinct value, which becomes a label, counting the members that have it. */
export function countValues(
  all: readonly StepSeries[],
  label: string,
  count: number,
  reduction: Reduction,
): StepSeries[] {
  const { expr, evaluation } = reduction;
  checkName(label, reduction);
  const dropped = expr.without && (label === METRIC_NAME || expr.grouping.includes(label));
  const groups = new Map<string, Map<string, StepSeries>>();
  for (const series of evaluation.each(all)) {
    const labels = groupLabels(expr, withLabel(series.labels, label, ''));
    const key = identity(labels);
    const byValue = groups.get(key) ?? new Map<string, StepSeries>();
    groups.set(key, byValue);
    for (let step = 0; step < count; step++) {
      if (series.present[step] === 0) continue;
      const histogram = series.histograms?.[step];
      const value = histogram ? formatHistogram(histogram) : formatValue(series.values[step]!);
      const distinct = dropped ? '' : value;
      let result = byValue.get(distinct);
      if (!result) {
        result = newSeries(dropped ? labels : withLabel(labels, label, value), count);
        byValue.set(distinct, result);
        evaluation.spend(count);
      }
      result.values[step] = result.values[step]! + 1;
      result.present[step] = 1;
    }
  }
  return [...groups.values()].flatMap((byValue) => [...byValue.values()]);
}

/** What was not UTF-8 has been replaced by now, so it is quoted from the query. @throws PromqlExecutionError */
function checkName(label: string, { expr, evaluation }: Reduction): void {
  if (label !== '' && !label.includes('\ufffd')) return;
  const { start, end } = stripParens(expr.param!).span;
  throw new PromqlExecutionError(`invalid label name ${evaluation.query.slice(start, end) || quote(label)}`);
}

import type { PromqlFeatures } from '../features.ts';
import { METADATA_LABELS } from '../labels.ts';
import type { Expr, VectorSelector } from '../parser/ast.ts';
import type { Pushdown } from '../source.ts';

export interface PushdownSettings {
  readonly lookbackMs: number;
  readonly features: Pick<PromqlFeatures, 'startTimestamps'>;
}

/** Functions of one range and nothing else. */
const OF_A_WINDOW: ReadonlySet<string> = new Set([
  'avg_over_time',
  'changes',
  'count_over_time',
  'delta',
  'deriv',
  'first_over_time',
  'idelta',
  'increase',
  'irate',
  'last_over_time',
  'mad_over_time',
  'max_over_time',
  'min_over_time',
  'present_over_time',
  'rate',
  'resets',
  'stddev_over_time',
  'stdvar_over_time',
  'sum_over_time',
]);

/** Those that find a counter reset by start timestamps as well, where that is switched on. */
const OF_COUNTERS: ReadonlySet<string> = new Set(['increase', 'irate', 'rate', 'resets']);

/** Aggregations whose result does not depend on the order of the series, but for the last digit of a sum. */
const OF_A_GROUP: ReadonlySet<string> = new Set(['avg', 'count', 'group', 'max', 'min', 'stddev', 'stdvar', 'sum']);

/**
 * What a store may compute itself. Only where the windows follow from the request: with `@` or within a subquery they do not,
 * and `anchored` and `smoothed` reach beyond them. `path` is what is around the selector, the outermost first.
 */
export function pushdownOf(
  selector: VectorSelector,
  path: readonly Expr[],
  range: number,
  settings: PushdownSettings,
): Pushdown | undefined {
  const moves = selector.at === undefined && !path.some(({ kind }) => kind === 'Subquery');
  if (!moves || selector.anchored || selector.smoothed) return undefined;
  const [parent, around, beyond] = path.toReversed();
  if (range === 0) {
    const aggregation = aggregationOf(parent);
    return aggregation && { func: '', range: settings.lookbackMs, aggregation };
  }
  if (parent?.kind !== 'MatrixSelector' || around?.kind !== 'Call' || !OF_A_WINDOW.has(around.func)) return undefined;
  if (settings.features.startTimestamps && OF_COUNTERS.has(around.func)) return undefined;
  const aggregation = aggregationOf(beyond);
  return { func: around.func, range, ...(aggregation ? { aggregation } : {}) };
}

/** Grouping by the name is left to the evaluator, which knows when names go. */
function aggregationOf(expr: Expr | undefined): Pushdown['aggregation'] {
  if (expr?.kind !== 'AggregateExpr' || !OF_A_GROUP.has(expr.op)) return undefined;
  if (!expr.without && expr.grouping.some((name) => METADATA_LABELS.includes(name))) return undefined;
  return { op: expr.op, by: !expr.without, grouping: expr.grouping };
}

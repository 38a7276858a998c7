import { childrenOf, type Expr } from '../parser/ast.ts';

/** An instant query and when it is asked. */
export interface Asked {
  readonly query: string;
  /** Unix milliseconds. */
  readonly time: number;
}

/** Functions whose result depends on the time of evaluation even if their arguments do not (`timestamp`: on that of the sample). */
const TIME_FUNCTIONS = new Set(
  (
    'days_in_month day_of_month day_of_week day_of_year end hour minute month predict_linear range start step time ' +
    'timestamp year'
  ).split(' '),
);

/** A place in a query where its selector ends, and whether `@ start()` or `@ end()` is there already. */
interface Pin {
  readonly end: number;
  readonly bound: boolean;
}

/**
 * The query with every selector pinned to `time` by `@`, at several times, each of which has to answer as the query does
 * at `time`; none where a function depends on the time itself (prometheus promql/promqltest: atModifierTestCases).
 */
export function pinnedVariations(query: string, expr: Expr, time: number): Asked[] {
  const pins = pinsOf(expr);
  if (!pins) return [];
  const pinned = pins.sort((a, b) => b.end - a.end).reduce((text, each) => pin(text, each, time), query);
  const times = time === 0 ? [-1000, 0, 1000] : [-10 * time, 0, Math.trunc(time / 5), time, 10 * time];
  return times.map((each) => ({ query: pinned, time: each }));
}

/** Undefined if the query cannot be pinned. What is inside a pinned subquery stays as it is. */
function pinsOf(expr: Expr): Pin[] | undefined {
  const target = expr.kind === 'MatrixSelector' ? expr.selector : expr;
  if (target.kind === 'VectorSelector' || target.kind === 'Subquery') {
    return typeof target.at === 'number' ? [] : [{ end: expr.span.end, bound: target.at !== undefined }];
  }
  if (expr.kind === 'Call' && TIME_FUNCTIONS.has(expr.func)) return undefined;
  const found: Pin[] = [];
  for (const child of childrenOf(expr)) {
    const inner = pinsOf(child);
    if (!inner) return undefined;
    found.push(...inner);
  }
  return found;
}

const LAST_BOUND = /@\s*(?:start|end)\s*\(\s*\)(?=[^@]*$)/;

function pin(query: string, { end, bound }: Pin, time: number): string {
  const before = query.slice(0, end);
  const at = `@ ${(time / 1000).toFixed(3)}`;
  return (bound ? before.replace(LAST_BOUND, at) : `${before} ${at}`) + query.slice(end);
}

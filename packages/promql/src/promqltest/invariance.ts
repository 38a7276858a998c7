import { SCRIPT_FEATURES } from '../features.ts';
import { childrenOf, type Expr, type Subquery, type VectorSelector } from '../parser/ast.ts';
import { PromqlParseError } from '../parser/error.ts';
import { parse } from '../parser/parse.ts';
import { formatExpr } from '../printer/format.ts';

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

/** How a string is printed that stood for bytes which are not UTF-8; the tree has lost what they were. */
const NOT_UTF8 = '\\ufffd';

/**
 * The query with every selector pinned to `time` by `@`, and printed, at several times, each of which has to answer as
 * the query does at `time`; none where a function depends on the time itself or the query does not parse (prometheus
 * promql/promqltest: atModifierTestCases).
 */
export function pinnedVariations(query: string, time: number): Asked[] {
  const expr = parsed(query);
  if (!expr || dependsOnTime(expr)) return [];
  const pinned = formatExpr(pin(expr, time));
  if (pinned.includes(NOT_UTF8) && !query.includes(NOT_UTF8)) return [];
  const times = time === 0 ? [-1000, 0, 1000] : [-10 * time, 0, Math.trunc(time / 5), time, 10 * time];
  return times.map((each) => ({ query: pinned, time: each }));
}

function parsed(query: string): Expr | undefined {
  try {
    return parse(query, SCRIPT_FEATURES);
  } catch (error) {
    if (error instanceof PromqlParseError) return undefined;
    throw error;
  }
}

/** What is inside a subquery does not count: its steps are pinned with it. */
function dependsOnTime(expr: Expr): boolean {
  if (expr.kind === 'Subquery') return false;
  return (expr.kind === 'Call' && TIME_FUNCTIONS.has(expr.func)) || childrenOf(expr).some(dependsOnTime);
}

function pin(expr: Expr, time: number): Expr {
  switch (expr.kind) {
    case 'NumberLiteral':
    case 'StringLiteral':
      return expr;
    case 'VectorSelector':
    case 'Subquery':
      return at(expr, time);
    case 'MatrixSelector':
      return { ...expr, selector: at(expr.selector, time) };
    case 'Call':
      return { ...expr, args: expr.args.map((arg) => pin(arg, time)) };
    case 'AggregateExpr': {
      const pinned = { ...expr, expr: pin(expr.expr, time) };
      return expr.param ? { ...pinned, param: pin(expr.param, time) } : pinned;
    }
    case 'BinaryExpr':
      return { ...expr, left: pin(expr.left, time), right: pin(expr.right, time) };
    case 'UnaryExpr':
    case 'ParenExpr':
      return { ...expr, expr: pin(expr.expr, time) };
  }
}

function at<T extends VectorSelector | Subquery>(target: T, time: number): T {
  return typeof target.at === 'number' ? target : { ...target, at: time };
}

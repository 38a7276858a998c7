import { SIGNATURES } from '../functions/signatures.ts';
import { acceptsEmpty } from '../matchers/compile.ts';
import type {
  AggregateExpr,
  BinaryExpr,
  BinaryOp,
  Call,
  Expr,
  Span,
  Subquery,
  UnaryExpr,
  ValueType,
  VectorSelector,
} from './ast.ts';
import { PromqlParseError } from './error.ts';

const DOCUMENTED: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

const COMPARISONS: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['==', '!=', '>', '<', '>=', '<=']);
const SETS: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['and', 'or', 'unless']);
const SCALAR_PARAM: ReadonlySet<string> = new Set(['topk', 'bottomk', 'quantile', 'limitk', 'limit_ratio']);

export function isComparison(op: BinaryOp): boolean {
  return COMPARISONS.has(op);
}

export function isSetOperation(op: BinaryOp): boolean {
  return SETS.has(op);
}

/** The type that an expression evaluates to. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'NumberLiteral':
      return 'scalar';
    case 'StringLiteral':
      return 'string';
    case 'MatrixSelector':
    case 'Subquery':
      return 'matrix';
    case 'Call':
      return SIGNATURES.get(expr.func)!.returns;
    case 'BinaryExpr':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
    case 'UnaryExpr':
    case 'ParenExpr':
      return typeOf(expr.expr);
    default:
      return 'vector';
  }
}

/** Refuses what Prometheus' checkAST (promql/parser/parse.go) refuses, with the same words, in the same order. */
export function checkTypes(expr: Expr, query: string): void {
  const fail: Fail = (span, reason) => {
    throw new PromqlParseError(reason, query, span.start);
  };
  check(expr, fail);
}

type Fail = (span: Span, reason: string) => never;

function check(expr: Expr, fail: Fail): ValueType {
  switch (expr.kind) {
    case 'AggregateExpr':
      checkAggregate(expr, fail);
      break;
    case 'BinaryExpr':
      checkBinary(expr, fail);
      break;
    case 'Call':
      checkCall(expr, fail);
      break;
    case 'UnaryExpr':
      checkUnary(expr, fail);
      break;
    case 'ParenExpr':
      check(expr.expr, fail);
      break;
    case 'Subquery':
      checkSubquery(expr, fail);
      break;
    case 'MatrixSelector':
      checkSelector(expr.selector, fail);
      break;
    case 'VectorSelector':
      checkSelector(expr, fail);
      break;
    default:
      break;
  }
  return typeOf(expr);
}

function expectType(expr: Expr, wanted: ValueType, context: string, fail: Fail): void {
  const got = check(expr, fail);
  if (got !== wanted) fail(expr.span, `expected type ${DOCUMENTED[wanted]} in ${context}, got ${DOCUMENTED[got]}`);
}

function checkAggregate(expr: AggregateExpr, fail: Fail): void {
  expectType(expr.expr, 'vector', 'aggregation expression', fail);
  if (SCALAR_PARAM.has(expr.op)) expectType(expr.param!, 'scalar', 'aggregation parameter', fail);
  if (expr.op === 'count_values') expectType(expr.param!, 'string', 'aggregation parameter', fail);
}

function checkUnary(expr: UnaryExpr, fail: Fail): void {
  const type = check(expr.expr, fail);
  if (type === 'scalar' || type === 'vector') return;
  fail(
    expr.span,
    `unary expression only allowed on expressions of type scalar or instant vector, got "${DOCUMENTED[type]}"`,
  );
}

function checkSubquery(expr: Subquery, fail: Fail): void {
  const type = check(expr.expr, fail);
  if (type !== 'vector') fail(expr.span, `subquery is only allowed on instant vector, got ${type} instead`);
}

function checkSelector(expr: VectorSelector, fail: Fail): void {
  if (expr.name !== '') {
    const twice = expr.matchers.slice(0, -1).find((matcher) => matcher.name === '__name__');
    if (twice) fail(expr.span, `metric name must not be set twice: "${expr.name}" or "${twice.value}"`);
    return;
  }
  if (expr.matchers.every(acceptsEmpty)) {
    fail(expr.span, 'vector selector must contain at least one non-empty matcher');
  }
}

function checkCall(expr: Call, fail: Fail): void {
  const { args, variadic } = SIGNATURES.get(expr.func)!;
  const given = expr.args.length;
  const least = args.length - 1;
  if (variadic === 0) {
    if (given !== args.length) {
      fail(expr.span, `expected ${args.length} argument(s) in call to "${expr.func}", got ${given}`);
    }
  } else if (given < least) {
    fail(expr.span, `expected at least ${least} argument(s) in call to "${expr.func}", got ${given}`);
  } else if (variadic > 0 && given > least + variadic) {
    fail(expr.span, `expected at most ${least + variadic} argument(s) in call to "${expr.func}", got ${given}`);
  }
  expr.args.forEach((arg, i) => {
    expectType(arg, args[Math.min(i, args.length - 1)]!, `call to function "${expr.func}"`, fail);
  });
}

function checkBinary(expr: BinaryExpr, fail: Fail): void {
  const left = check(expr.left, fail);
  const right = check(expr.right, fail);
  const { op, matching } = expr;
  const operator = { start: expr.left.span.end + 1, end: expr.right.span.start };
  if (expr.bool && !isComparison(op)) fail(operator, 'bool modifier can only be used on comparison operators');
  if (isComparison(op) && !expr.bool && left === 'scalar' && right === 'scalar') {
    fail(operator, 'comparisons between scalars must use BOOL modifier');
  }
  const both = matching.on ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
  if (both !== undefined) fail(operator, `label "${both}" must not occur in ON and GROUP clause at once`);
  for (const [type, side] of [
    [left, expr.left],
    [right, expr.right],
  ] as const) {
    if (type !== 'scalar' && type !== 'vector') {
      fail(side.span, 'binary expression must contain only scalar and instant vector types');
    }
  }
  const filled = matching.fillLeft !== undefined || matching.fillRight !== undefined;
  if (left !== 'vector' || right !== 'vector') {
    if (matching.labels.length > 0) fail(expr.span, 'vector matching only allowed between instant vectors');
    if (filled) fail(expr.span, 'filling in missing series only allowed between instant vectors');
    if (isSetOperation(op)) fail(expr.span, `set operator "${op}" not allowed in binary scalar expression`);
  } else if (isSetOperation(op)) {
    if (matching.card !== 'many-to-many') fail(expr.span, `no grouping allowed for "${op}" operation`);
    if (filled) fail(expr.span, 'filling in missing series not allowed for set operators');
  }
}

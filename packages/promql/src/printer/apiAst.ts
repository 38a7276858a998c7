import { SIGNATURES } from '../functions/signatures.ts';
import type { AtModifier, BinaryExpr, Duration, Expr, Subquery, VectorSelector } from '../parser/ast.ts';
import { typeOf } from '../parser/check.ts';
import { secondsOf } from '../parser/literals.ts';
import { formatValue } from '../result/format.ts';

/** A node of the tree as JSON; `type` says which fields it has. */
export interface ApiNode {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The tree as Prometheus' HTTP API answers it to `parse_query` (web/api/v1/translate_ast.go). Times are milliseconds. */
export function toApiAst(expr: Expr): ApiNode {
  switch (expr.kind) {
    case 'NumberLiteral':
      return { type: 'numberLiteral', val: formatValue(expr.value) };
    case 'StringLiteral':
      return { type: 'stringLiteral', val: expr.value };
    case 'VectorSelector':
      return { type: 'vectorSelector', ...selectorFields(expr) };
    case 'MatrixSelector':
      return { type: 'matrixSelector', ...selectorFields(expr.selector), ...durationFields('range', expr.range) };
    case 'Subquery':
      return {
        type: 'subquery',
        expr: toApiAst(expr.expr),
        ...durationFields('range', expr.range),
        ...durationFields('step', expr.step),
        ...shiftFields(expr),
      };
    case 'Call':
      return { type: 'call', func: functionFields(expr.func), args: expr.args.map(toApiAst) };
    case 'AggregateExpr':
      return {
        type: 'aggregation',
        op: expr.op,
        expr: toApiAst(expr.expr),
        param: expr.param ? toApiAst(expr.param) : null,
        grouping: expr.grouping,
        without: expr.without,
      };
    case 'BinaryExpr':
      return {
        type: 'binaryExpr',
        op: expr.op,
        lhs: toApiAst(expr.left),
        rhs: toApiAst(expr.right),
        matching: matchingFields(expr),
        bool: expr.bool,
      };
    case 'UnaryExpr':
      return { type: 'unaryExpr', op: expr.op, expr: toApiAst(expr.expr) };
    case 'ParenExpr':
      return { type: 'parenExpr', expr: toApiAst(expr.expr) };
  }
}

function selectorFields(selector: VectorSelector) {
  return {
    name: selector.name,
    matchers: selector.matchers.map(({ name, op, value }) => ({ name, value, type: op })),
    anchored: selector.anchored ?? false,
    smoothed: selector.smoothed ?? false,
    ...shiftFields(selector),
  };
}

function shiftFields({ offset, at }: VectorSelector | Subquery) {
  return { ...durationFields('offset', offset), ...momentFields(at) };
}

function momentFields(at: AtModifier | undefined) {
  return typeof at === 'number' ? { timestamp: at, startOrEnd: null } : { timestamp: null, startOrEnd: at ?? null };
}

/** `name` has milliseconds, or 0 if `nameExpr` has an expression. */
function durationFields(name: string, written: Duration | undefined): Record<string, unknown> {
  const duration = written && withoutParens(written);
  if (!duration || duration.kind === 'fixed') return { [name]: Math.trunc(duration?.ms ?? 0), [`${name}Expr`]: null };
  return { [name]: 0, [`${name}Expr`]: durationNode(duration) };
}

/** The API has numbers in parentheses, and their negatives, as numbers. */
function withoutParens(duration: Duration): Duration {
  if (duration.kind !== 'negate' && !(duration.kind === 'plus' && duration.wrapped)) return duration;
  const operand = withoutParens(duration.operand);
  if (operand.kind !== 'fixed') return duration;
  if (duration.kind === 'plus') return operand;
  const { ms, seconds } = operand;
  return { kind: 'fixed', ms: -ms, ...(seconds === undefined ? {} : { seconds: -seconds }) };
}

function durationNode(written: Duration): ApiNode {
  const duration = withoutParens(written);
  if (duration.kind === 'fixed') {
    const { seconds, ms } = duration;
    return {
      type: 'numberLiteral',
      val: formatValue(seconds ?? secondsOf(ms)),
      duration: seconds === undefined,
    };
  }
  const node = (op: string, lhs?: Duration, rhs?: Duration): ApiNode => ({
    type: 'durationExpr',
    op,
    lhs: lhs ? durationNode(lhs) : null,
    rhs: rhs ? durationNode(rhs) : null,
    wrapped: duration.wrapped ?? false,
  });
  switch (duration.kind) {
    case 'step':
    case 'range':
      return node(duration.kind);
    case 'plus':
      return node('+', undefined, duration.operand);
    case 'negate':
      return node('-', undefined, duration.operand);
    case 'operation':
      return node(duration.op, duration.left, duration.right);
  }
}

function functionFields(name: string) {
  const { args, variadic, returns } = SIGNATURES.get(name)!;
  return { name, argTypes: args, variadic, returnType: returns };
}

/** Null unless both sides are vectors. */
function matchingFields({ left, right, matching }: BinaryExpr) {
  if (typeOf(right) !== 'vector' || typeOf(left) !== 'vector') return null;
  const { card, labels, on, include, fillLeft, fillRight } = matching;
  return { card, labels, on, include, fillValues: { lhs: fillLeft ?? null, rhs: fillRight ?? null } };
}

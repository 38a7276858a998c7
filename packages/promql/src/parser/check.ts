import { SIGNATURES } from '../functions/signatures.ts';
import { acceptsEmpty } from '../matchers/compile.ts';
import type {
  AggregateExpr,
  BinaryExpr,
  BinaryOp,
  Call,
  Expr,
  ParenExpr,
  Span,
  Subquery,
  UnaryExpr,
  ValueType,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { isSpace } from './characters.ts';
import { quote } from './quote.ts';

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
      return typeOf(expr.right) === 'scalar' && typeOf(expr.left) === 'scalar' ? 'scalar' : 'vector';
    case 'UnaryExpr':
    case 'ParenExpr':
      return typeOf(expr.expr);
    default:
      return 'vector';
  }
}

/** Takes what is wrong, in the order in which Prometheus lists it. */
export type Refuse = (reason: string, span: Span) => void;

/**
 * Refuses what Prometheus' checkAST (promql/parser/parse.go) refuses, with the same words, in the same order. As there,
 * the matching of an operation with a scalar is set to none: the tree is still the parser's own.
 */
export function checkTypes(expr: Expr, query: string, refuse: Refuse): void {
  new Checker(query, refuse).check(expr);
}

/** Nodes whose first operand may be a chain of such nodes, as long as the query. */
type Link = BinaryExpr | Subquery | ParenExpr | UnaryExpr;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What an operation has that does not match vectors, whatever `on` or `group_left` it was written with. */
const NO_MATCHING: VectorMatching = { card: 'one-to-one', on: false, labels: [], include: [] };

/** Knows the type of every node once it has seen the nodes below. */
class Checker {
  private readonly query: string;
  private readonly refuse: Refuse;

  constructor(query: string, refuse: Refuse) {
    this.query = query;
    this.refuse = refuse;
  }

  check(expr: Expr): ValueType {
    const chain: Link[] = [];
    let first = expr;
    while (isLink(first)) {
      chain.push(first);
      first = first.kind === 'BinaryExpr' ? first.left : first.expr;
    }
    let type = this.checkFirst(first);
    for (const link of chain.reverse()) type = this.checkLink(link, type);
    return type;
  }

  private checkFirst(expr: Exclude<Expr, Link>): ValueType {
    if (expr.kind === 'AggregateExpr') this.checkAggregate(expr);
    if (expr.kind === 'Call') this.checkCall(expr);
    if (expr.kind === 'MatrixSelector') this.checkSelector(expr.selector);
    if (expr.kind === 'VectorSelector') this.checkSelector(expr);
    return typeOf(expr);
  }

  /** `type` is that of the first operand. */
  private checkLink(link: Link, type: ValueType): ValueType {
    switch (link.kind) {
      case 'BinaryExpr':
        return this.checkBinary(link, type);
      case 'Subquery':
        if (type !== 'vector') {
          this.refuse(`subquery is only allowed on instant vector, got ${type} instead`, link.span);
        }
        return 'matrix';
      case 'UnaryExpr':
        if (type !== 'scalar' && type !== 'vector') {
          const allowed = 'unary expression only allowed on expressions of type scalar or instant vector';
          this.refuse(`${allowed}, got "${DOCUMENTED[type]}"`, link.span);
        }
        return type;
      case 'ParenExpr':
        return type;
    }
  }

  private expectType(expr: Expr, wanted: ValueType, context: string): void {
    const got = this.check(expr);
    if (got === wanted) return;
    this.refuse(`expected type ${DOCUMENTED[wanted]} in ${context}, got ${DOCUMENTED[got]}`, expr.span);
  }

  private checkAggregate(expr: AggregateExpr): void {
    this.expectType(expr.expr, 'vector', 'aggregation expression');
    if (SCALAR_PARAM.has(expr.op)) this.expectType(expr.param!, 'scalar', 'aggregation parameter');
    if (expr.op === 'count_values') this.expectType(expr.param!, 'string', 'aggregation parameter');
  }

  private checkSelector(expr: VectorSelector): void {
    if (expr.name === '') {
      if (!expr.matchers.every(acceptsEmpty)) return;
      this.refuse('vector selector must contain at least one non-empty matcher', expr.span);
      return;
    }
    for (const { name, value } of expr.matchers.slice(0, -1)) {
      if (name !== '__name__') continue;
      this.refuse(`metric name must not be set twice: ${quote(expr.name)} or ${quote(value)}`, expr.span);
    }
  }

  private checkCall(expr: Call): void {
    const { args, variadic } = SIGNATURES.get(expr.func)!;
    const problem = countProblem(expr);
    if (problem) this.refuse(problem, expr.span);
    const labelsOnly = expr.func === 'info' && expr.args.length > 1 ? expr.args[1] : undefined;
    if (labelsOnly) this.checkInfoLabels(expr, labelsOnly);
    for (const [i, arg] of expr.args.entries()) {
      if (i >= args.length && variadic === 0) return;
      if (arg === labelsOnly && arg.kind === 'VectorSelector' && arg.name === '') continue;
      this.expectType(arg, args[Math.min(i, args.length - 1)]!, `call to function ${quote(expr.func)}`);
    }
  }

  /** The second argument of `info` is a selector in form only: matchers, even such as would match every series. */
  private checkInfoLabels(expr: Call, labels: Expr): void {
    const type = typeOf(labels);
    if (type !== 'vector') {
      this.refuse(`expected type instant vector in call to function "info", got ${DOCUMENTED[type]}`, expr.span);
    }
    if (labels.kind !== 'VectorSelector') this.refuse('expected label selectors only', labels.span);
    else if (labels.name !== '') {
      this.refuse('expected label selectors only, got vector selector instead', labels.span);
    }
  }

  private checkBinary(expr: BinaryExpr, left: ValueType): ValueType {
    const right = this.check(expr.right);
    const { op, matching, span } = expr;
    if (expr.bool && !isComparison(op)) {
      this.refuse('bool modifier can only be used on comparison operators', this.operatorSpan(expr));
    }
    if (isComparison(op) && !expr.bool && left === 'scalar' && right === 'scalar') {
      this.refuse('comparisons between scalars must use BOOL modifier', this.operatorSpan(expr));
    }
    this.checkGroupLabels(expr);
    for (const [type, side] of [[left, expr.left] as const, [right, expr.right] as const]) {
      if (type === 'scalar' || type === 'vector') continue;
      this.refuse('binary expression must contain only scalar and instant vector types', side.span);
    }
    if (left !== 'vector' || right !== 'vector') {
      if (matching.labels.length > 0) {
        this.refuse('vector matching only allowed between instant vectors', span);
      }
      if (isFilled(expr)) this.refuse('filling in missing series only allowed between instant vectors', span);
      (expr as Writable<BinaryExpr>).matching = NO_MATCHING;
    } else if (isSetOperation(op)) {
      this.checkSetOperation(expr);
    }
    if ((left === 'scalar' || right === 'scalar') && isSetOperation(op)) {
      this.refuse(`set operator "${op}" not allowed in binary scalar expression`, span);
    }
    return left === 'scalar' && right === 'scalar' ? 'scalar' : 'vector';
  }

  private checkGroupLabels(expr: BinaryExpr): void {
    if (!expr.matching.on) return;
    for (const label of expr.matching.labels) {
      for (const other of expr.matching.include) {
        if (label !== other) continue;
        this.refuse(`label ${quote(label)} must not occur in ON and GROUP clause at once`, this.operatorSpan(expr));
      }
    }
  }

  private checkSetOperation(expr: BinaryExpr): void {
    if (expr.matching.card !== 'many-to-many') {
      this.refuse(`no grouping allowed for "${expr.op}" operation`, expr.span);
      this.refuse('set operations must always be many-to-many', expr.span);
    }
    if (isFilled(expr)) this.refuse('filling in missing series not allowed for set operators', expr.span);
  }

  /** From the operator to the last character of its modifiers, which is not included, as in Prometheus. */
  private operatorSpan({ left, right }: BinaryExpr): Span {
    let start = left.span.end;
    while (isSpace(this.query.charCodeAt(start))) start++;
    let end = right.span.start - 1;
    while (isSpace(this.query.charCodeAt(end))) end--;
    return { start, end };
  }
}

function isLink(expr: Expr): expr is Link {
  const { kind } = expr;
  return kind === 'BinaryExpr' || kind === 'Subquery' || kind === 'ParenExpr' || kind === 'UnaryExpr';
}

function isFilled({ matching }: BinaryExpr): boolean {
  return matching.fillLeft !== undefined || matching.fillRight !== undefined;
}

function countProblem({ func, args }: Call): string | undefined {
  const { args: types, variadic } = SIGNATURES.get(func)!;
  const given = args.length;
  const least = types.length - 1;
  const got = `in call to ${quote(func)}, got ${given}`;
  if (variadic === 0) return given === types.length ? undefined : `expected ${types.length} argument(s) ${got}`;
  if (given < least) return `expected at least ${least} argument(s) ${got}`;
  return variadic > 0 && given > least + variadic
    ? `expected at most ${least + variadic} argument(s) ${got}`
    : undefined;
}

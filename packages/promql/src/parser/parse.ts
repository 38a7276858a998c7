import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { SIGNATURES } from '../functions/signatures.ts';
import { compilePattern, RegexpSyntaxError } from '../matchers/pattern.ts';
import type { Matcher } from '../source.ts';
import type {
  AggregateExpr,
  AggregateOp,
  AtModifier,
  BinaryExpr,
  BinaryOp,
  Duration,
  Expr,
  MatrixSelector,
  Span,
  Subquery,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { stripParens } from './ast.ts';
import { checkTypes, isSetOperation } from './check.ts';
import { diagnose } from './diagnose.ts';
import { childNodes, NO_DURATION, readDuration } from './durations.ts';
import { PromqlParseError } from './error.ts';
import { numberOf, unquote } from './literals.ts';

/**
 * Parses a query and checks its types as Prometheus does.
 * @throws PromqlParseError
 */
export function parse(query: string): Expr {
  const expr = new Reader(query).read();
  checkTypes(expr, query);
  return expr;
}

/**
 * The matchers of a series selector such as a `match[]` parameter; neither offset nor `@` nor range are allowed.
 * @throws PromqlParseError
 */
export function parseSelector(text: string): Matcher[] {
  const expr = parse(text);
  const plain = expr.kind === 'VectorSelector' && expr.offset === NO_DURATION && expr.at === undefined;
  if (!plain) throw new PromqlParseError('expected a series selector such as up{job="api"}', text, 0);
  return [...expr.matchers];
}

const PARAM_OPS: ReadonlySet<string> = new Set([
  'topk',
  'bottomk',
  'quantile',
  'limitk',
  'limit_ratio',
  'count_values',
]);
const MAX_AT_SECONDS = 2 ** 63 / 1000;

/** Turns Lezer's tree into the typed one. */
class Reader {
  private readonly query: string;

  constructor(query: string) {
    this.query = query;
  }

  read(): Expr {
    const tree = parser.parse(withoutTrailingDots(this.query));
    let broken = false;
    tree.iterate({
      enter: (node) => {
        if (node.type.isError) broken = true;
      },
    });
    if (broken || !tree.topNode.firstChild) throw diagnose(tree, this.query);
    return this.expr(childNodes(tree.topNode)[0]!);
  }

  private text(node: SyntaxNode): string {
    return this.query.slice(node.from, node.to);
  }

  private refuse(reason: string, at: Span | SyntaxNode): PromqlParseError {
    return new PromqlParseError(reason, this.query, 'from' in at ? at.from : at.start);
  }

  private expr(node: SyntaxNode): Expr {
    const parts = childNodes(node);
    const span = spanOf(node);
    switch (node.name) {
      case 'NumberDurationLiteral':
        return { kind: 'NumberLiteral', span, value: this.number(node) };
      case 'StringLiteral':
        return { kind: 'StringLiteral', span, value: this.string(node) };
      case 'ParenExpr':
        return { kind: 'ParenExpr', span, expr: this.expr(parts[0]!) };
      case 'UnaryExpr':
        return { kind: 'UnaryExpr', span, op: this.text(parts[0]!) as '+' | '-', expr: this.expr(parts[1]!) };
      case 'VectorSelector':
        return this.vectorSelector(node);
      case 'FunctionCall':
        return this.call(node);
      case 'AggregateExpr':
        return this.aggregate(node);
      case 'BinaryExpr':
        return this.binary(node);
      case 'MatrixSelector':
        return this.postfix(parts[0]!, (inner) => this.matrix(inner, parts[1]!, node.to));
      case 'SubqueryExpr':
        return this.postfix(parts[0]!, (inner) => this.subquery(inner, parts[1]!, parts[2], node.to));
      case 'OffsetExpr':
        return this.postfix(parts[0]!, (inner) => this.offset(inner, parts[2]!));
      case 'StepInvariantExpr':
        return this.postfix(parts[0]!, (inner) => this.at(inner, parts[2]!));
      default:
        throw this.refuse(`${node.name} is not supported`, node);
    }
  }

  private postfix(node: SyntaxNode, modify: (inner: Expr) => Expr): Expr {
    return postfixOf(this.expr(node), modify);
  }

  private number(node: SyntaxNode): number {
    const text = this.text(node);
    const value = numberOf(text);
    if (value === undefined) throw this.refuse(`bad number or duration syntax: "${text}"`, node);
    if (Math.abs(value) === Number.POSITIVE_INFINITY && !/inf/i.test(text)) {
      throw this.refuse(`error parsing number: strconv.ParseFloat: parsing "${text}": value out of range`, node);
    }
    return value;
  }

  private string(node: SyntaxNode): string {
    const value = unquote(this.text(node));
    if (value === undefined) throw this.refuse(`malformed string ${this.text(node)}`, node);
    return value;
  }

  private vectorSelector(node: SyntaxNode): VectorSelector {
    const named = node.getChild('Identifier');
    const matchers = childNodes(node)
      .filter((part) => part.name === 'LabelMatchers')
      .flatMap(childNodes)
      .map((part) => this.matcher(part));
    const name = named ? this.text(named) : '';
    if (name !== '') matchers.push({ name: '__name__', op: '=', value: name });
    return { kind: 'VectorSelector', span: spanOf(node), name, matchers, offset: NO_DURATION };
  }

  private matcher(node: SyntaxNode): Matcher {
    const [label, op, literal] = childNodes(node);
    if (node.name === 'QuotedLabelName') return { name: '__name__', op: '=', value: this.string(label!) };
    const name = label!.name === 'QuotedLabelName' ? this.string(label!.firstChild!) : this.text(label!);
    const matcher: Matcher = { name, op: this.text(op!) as Matcher['op'], value: this.string(literal!) };
    if (matcher.op === '=~' || matcher.op === '!~') this.checkPattern(matcher.value, node);
    return matcher;
  }

  private checkPattern(pattern: string, node: SyntaxNode): void {
    try {
      compilePattern(pattern);
    } catch (error) {
      if (error instanceof RegexpSyntaxError) throw this.refuse(error.message, node);
      throw error;
    }
  }

  private call(node: SyntaxNode): Expr {
    const [identifier, body] = childNodes(node);
    const func = this.text(identifier!);
    if (!SIGNATURES.has(func)) throw this.refuse(`unknown function with name "${func}"`, node);
    return { kind: 'Call', span: spanOf(node), func, args: childNodes(body!).map((arg) => this.expr(arg)) };
  }

  private aggregate(node: SyntaxNode): AggregateExpr {
    const op = this.text(node.getChild('AggregateOp')!).toLowerCase() as AggregateOp;
    const args = childNodes(node.getChild('FunctionCallBody')!).map((arg) => this.expr(arg));
    const modifier = node.getChild('AggregateModifier');
    const grouping = modifier ? this.labels(modifier.getChild('GroupingLabels')!) : [];
    if (args.length === 0) throw this.refuse('no arguments for aggregate expression provided', node);
    const wanted = PARAM_OPS.has(op) ? 2 : 1;
    if (args.length !== wanted) {
      throw this.refuse(
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
        node,
      );
    }
    const without = modifier?.getChild('Without') != null;
    const base = { kind: 'AggregateExpr', span: spanOf(node), op, without, grouping } as const;
    return wanted === 2 ? { ...base, param: args[0]!, expr: args[1]! } : { ...base, expr: args[0]! };
  }

  private labels(node: SyntaxNode): string[] {
    return childNodes(node).map((part) =>
      part.name === 'QuotedLabelName' ? this.string(part.firstChild!) : this.text(part),
    );
  }

  private binary(node: SyntaxNode): Expr {
    const parts = childNodes(node);
    const [leftNode, opNode] = parts;
    const op = this.text(opNode!).toLowerCase() as BinaryOp;
    const left = this.expr(leftNode!);
    const right = this.expr(parts.at(-1)!);
    const expr: BinaryExpr = {
      kind: 'BinaryExpr',
      span: { start: left.span.start, end: right.span.end },
      op,
      left,
      right,
      bool: parts.some((part) => part.name === 'BoolModifier'),
      matching: this.matching(op, parts),
    };
    return op === '^' ? liftSign(expr, this.query) : expr;
  }

  private matching(op: BinaryOp, parts: readonly SyntaxNode[]): VectorMatching {
    const clause = parts.find((part) => part.name === 'MatchingModifierClause');
    const fills = parts.find((part) => part.name === 'FillModifier');
    const [labels, include] = clause?.getChildren('GroupingLabels') ?? [];
    const card = clause?.getChild('GroupLeft')
      ? 'many-to-one'
      : clause?.getChild('GroupRight')
        ? 'one-to-many'
        : isSetOperation(op)
          ? 'many-to-many'
          : 'one-to-one';
    const fill = (name: string) => {
      const number = (fills?.getChild(name) ?? fills?.getChild('FillClause'))?.getChild('NumberDurationLiteral');
      return number ? this.number(number) : undefined;
    };
    const fillLeft = fill('FillLeftClause');
    const fillRight = fill('FillRightClause');
    return {
      card,
      on: clause?.getChild('On') != null,
      labels: labels ? this.labels(labels) : [],
      include: include ? this.labels(include) : [],
      ...(fillLeft === undefined ? {} : { fillLeft }),
      ...(fillRight === undefined ? {} : { fillRight }),
    };
  }

  private positive(node: SyntaxNode): Duration {
    const duration = readDuration(node, this.query);
    if (duration.kind === 'fixed' && duration.ms <= 0) throw this.refuse('duration must be greater than 0', node);
    return duration;
  }

  private matrix(selector: Expr, range: SyntaxNode, end: number): MatrixSelector {
    const bracket = { start: selector.span.end, end };
    if (selector.kind !== 'VectorSelector') throw this.refuse('ranges only allowed for vector selectors', bracket);
    if (selector.offset !== NO_DURATION) throw this.refuse('no offset modifiers allowed before range', bracket);
    if (selector.at !== undefined) throw this.refuse('no @ modifiers allowed before range', bracket);
    return { kind: 'MatrixSelector', span: { start: selector.span.start, end }, selector, range: this.positive(range) };
  }

  private subquery(expr: Expr, range: SyntaxNode, step: SyntaxNode | undefined, end: number): Subquery {
    const span = { start: expr.span.start, end };
    const base = { kind: 'Subquery', span, expr, range: this.positive(range), offset: NO_DURATION } as const;
    return step ? { ...base, step: this.positive(step) } : base;
  }

  private offset(expr: Expr, node: SyntaxNode): Expr {
    const offset = readDuration(node, this.query);
    const shift = <T extends VectorSelector | Subquery>(target: T): T => {
      if (target.offset !== NO_DURATION) throw this.refuse('offset may not be set multiple times', expr.span);
      return { ...target, offset, span: { start: target.span.start, end: node.to } };
    };
    return this.modify(expr, shift, 'offset', node.to);
  }

  private at(expr: Expr, node: SyntaxNode): Expr {
    const at = this.moment(node, expr);
    const pin = <T extends VectorSelector | Subquery>(target: T): T => {
      if (target.at !== undefined) throw this.refuse('@ <timestamp> may not be set multiple times', expr.span);
      return { ...target, at, span: { start: target.span.start, end: node.to } };
    };
    return this.modify(expr, pin, '@', node.to);
  }

  private modify(
    expr: Expr,
    change: <T extends VectorSelector | Subquery>(target: T) => T,
    modifier: string,
    end: number,
  ): Expr {
    if (expr.kind === 'VectorSelector') return change(expr);
    if (expr.kind === 'Subquery') return change(expr);
    if (expr.kind === 'MatrixSelector') {
      return { ...expr, selector: change(expr.selector), span: { start: expr.span.start, end } };
    }
    throw this.refuse(
      `${modifier} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
      expr.span,
    );
  }

  private moment(node: SyntaxNode, expr: Expr): AtModifier {
    if (node.name === 'AtModifierPreprocessors') return node.getChild('AtStart') ? 'start' : 'end';
    const seconds = this.number(node);
    if (!(Math.abs(seconds) < MAX_AT_SECONDS)) {
      throw this.refuse(`timestamp out of bounds for @ modifier: ${this.text(node)}`, expr.span);
    }
    return Math.round(seconds * 1000);
  }
}

/** The grammar lets a modifier span a sign or an operation (`-x offset 5m`, `x + y @ 0`); Prometheus' binds to the last operand. */
function postfixOf(inner: Expr, modify: (inner: Expr) => Expr): Expr {
  if (inner.kind === 'UnaryExpr') {
    const expr = postfixOf(inner.expr, modify);
    return { ...inner, expr, span: { start: inner.span.start, end: expr.span.end } };
  }
  if (inner.kind === 'BinaryExpr') {
    const right = postfixOf(inner.right, modify);
    return { ...inner, right, span: { start: inner.span.start, end: right.span.end } };
  }
  return modify(inner);
}

function spanOf(node: SyntaxNode): Span {
  return { start: node.from, end: node.to };
}

const STRING_OR_TRAILING_DOT = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|#[^\n]*|(?<![\w.:])(\d+)\.(?![\w.])/g;

/** The grammar lacks numbers such as `5.`; a blank in place of the dot keeps every position. */
function withoutTrailingDots(query: string): string {
  return query.replace(STRING_OR_TRAILING_DOT, (text, digits?: string) => (digits ? `${digits} ` : text));
}

/** The grammar reads `-1^2` as `(-1)^2`; the sign binds weaker than the power. */
function liftSign(expr: BinaryExpr, query: string): Expr {
  const left = stripParens(expr.left) === expr.left ? expr.left : undefined;
  const sign = left?.kind === 'NumberLiteral' ? query[left.span.start] : undefined;
  if (left?.kind !== 'NumberLiteral' || (sign !== '-' && sign !== '+')) return expr;
  const start = left.span.start + 1;
  const unsigned = { ...left, value: sign === '-' ? -left.value : left.value, span: { start, end: left.span.end } };
  const power: BinaryExpr = { ...expr, left: unsigned, span: { start, end: expr.span.end } };
  return { kind: 'UnaryExpr', span: expr.span, op: sign, expr: power };
}

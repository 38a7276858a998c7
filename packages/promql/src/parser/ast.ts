import type { Matcher } from '../source.ts';

/** Half-open range of UTF-16 offsets in the query text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

/** A duration in milliseconds, or an expression that only the evaluation can resolve. */
export type Duration = FixedDuration | DurationExpr;

export interface FixedDuration {
  readonly kind: 'fixed';
  /** Whole, but for an operand of an expression. */
  readonly ms: number;
  /** Of an operand of an expression that was written without units (`5m + 60`): the number itself. */
  readonly seconds?: number;
}

export type DurationExpr = Node & {
  /** In parentheses of its own. */
  readonly wrapped?: true;
} & (
    | { readonly kind: 'step' }
    | { readonly kind: 'range' }
    /** `plus` is an offset such as `+step()`, or a number in parentheses; elsewhere a plus sign leaves no trace. */
    | { readonly kind: 'negate' | 'plus'; readonly operand: Duration }
    | { readonly kind: 'operation'; readonly op: DurationOp; readonly left: Duration; readonly right: Duration }
  );

export type DurationOp = '+' | '-' | '*' | '/' | '%' | '^' | 'min_of' | 'max_of';

/** The moment of an `@` modifier: Unix milliseconds, or a bound of the whole query. */
export type AtModifier = number | 'start' | 'end';

interface Node {
  readonly span: Span;
}

interface Shiftable extends Node {
  readonly offset: Duration;
  readonly at?: AtModifier;
}

export interface NumberLiteral extends Node {
  readonly kind: 'NumberLiteral';
  /** Seconds if `duration` is set. */
  readonly value: number;
  /** Written with units, as in `5m`. */
  readonly duration?: true;
}

export interface StringLiteral extends Node {
  readonly kind: 'StringLiteral';
  readonly value: string;
}

export interface VectorSelector extends Shiftable {
  readonly kind: 'VectorSelector';
  /** The name in front of the braces, '' if none; it is among the matchers as well. */
  readonly name: string;
  readonly matchers: readonly Matcher[];
  /** Ranges keep the sample at or before their start, and nothing is extrapolated. */
  readonly anchored?: boolean;
  /** Values at the bounds of a range, or at the step, are interpolated between the samples around them. */
  readonly smoothed?: boolean;
}

/** Shift and `@` of a range are on its selector, as in Prometheus. */
export interface MatrixSelector extends Node {
  readonly kind: 'MatrixSelector';
  readonly selector: VectorSelector;
  readonly range: Duration;
}

export interface Subquery extends Shiftable {
  readonly kind: 'Subquery';
  readonly expr: Expr;
  readonly range: Duration;
  /** Absent: the evaluator's default resolution. */
  readonly step?: Duration;
}

export interface Call extends Node {
  readonly kind: 'Call';
  readonly func: string;
  readonly args: readonly Expr[];
}

export type AggregateOp =
  | 'avg'
  | 'bottomk'
  | 'count'
  | 'count_values'
  | 'group'
  | 'limit_ratio'
  | 'limitk'
  | 'max'
  | 'min'
  | 'quantile'
  | 'stddev'
  | 'stdvar'
  | 'sum'
  | 'topk';

export interface AggregateExpr extends Node {
  readonly kind: 'AggregateExpr';
  readonly op: AggregateOp;
  readonly expr: Expr;
  readonly param?: Expr;
  readonly without: boolean;
  readonly grouping: readonly string[];
}

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOp = '==' | '!=' | '>' | '<' | '>=' | '<=';
export type SetOp = 'and' | 'or' | 'unless';
/** Trimming of native histograms; of floats they keep nothing. */
export type TrimOp = '</' | '>/';
export type BinaryOp = ArithmeticOp | ComparisonOp | SetOp | TrimOp;

export interface VectorMatching {
  readonly card: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** True for `on`, false for `ignoring` or no clause. */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Labels that `group_left` or `group_right` copies from the "one" side. */
  readonly include: readonly string[];
  readonly fillLeft?: number;
  readonly fillRight?: number;
}

export interface BinaryExpr extends Node {
  readonly kind: 'BinaryExpr';
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  readonly bool: boolean;
  readonly matching: VectorMatching;
}

export interface UnaryExpr extends Node {
  readonly kind: 'UnaryExpr';
  readonly op: '+' | '-';
  readonly expr: Expr;
}

export interface ParenExpr extends Node {
  readonly kind: 'ParenExpr';
  readonly expr: Expr;
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Call
  | AggregateExpr
  | BinaryExpr
  | UnaryExpr
  | ParenExpr;

export function stripParens(expr: Expr): Exclude<Expr, ParenExpr> {
  let inner = expr;
  while (inner.kind === 'ParenExpr') inner = inner.expr;
  return inner;
}

/** The direct subexpressions, in order of the text. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'NumberLiteral':
    case 'StringLiteral':
    case 'VectorSelector':
      return [];
    case 'MatrixSelector':
      return [expr.selector];
    case 'Subquery':
    case 'UnaryExpr':
    case 'ParenExpr':
      return [expr.expr];
    case 'Call':
      return expr.args;
    case 'AggregateExpr':
      return expr.param ? [expr.param, expr.expr] : [expr.expr];
    case 'BinaryExpr':
      return [expr.left, expr.right];
  }
}

/** Every vector selector of an expression, those within ranges and subqueries included. */
export function selectorsOf(expr: Expr): VectorSelector[] {
  if (expr.kind === 'VectorSelector') return [expr];
  return childrenOf(expr).flatMap(selectorsOf);
}

import type {
  AggregateExpr,
  BinaryExpr,
  BinaryOp,
  Expr,
  MatrixSelector,
  Subquery,
  VectorSelector,
} from '../parser/ast.ts';
import { quote } from '../parser/quote.ts';
import { formatValue } from '../result/format.ts';
import type { Matcher } from '../source.ts';
import { formatDuration, formatMilliseconds, formatOffset } from './durations.ts';

/**
 * The expression on one line, as Prometheus writes it, its matchers in order. Parsed again it means the same; it is also
 * the same tree, but for a base of `^` that is infinite (`+Inf ^ 2` has a sign) and for bytes that are no text.
 */
export function formatExpr(expr: Expr): string {
  return new Formatter().format(expr);
}

/** Keeps the text of every node, so that the texts of a tree and of all its parts together cost as much as the tree. */
export class Formatter {
  private readonly plain = new Map<Expr, string>();
  private readonly guarded = new Map<Expr, string>();

  /** `guarded` if an operator follows that a duration could go on with. */
  format(expr: Expr, guarded = false): string {
    const texts = guarded ? this.guarded : this.plain;
    const known = texts.get(expr);
    if (known !== undefined) return known;
    const text = this.write(expr, guarded);
    texts.set(expr, text);
    return text;
  }

  /** A selector without matchers, which only `info` takes, would otherwise leave nothing. */
  private formatArgument(expr: Expr): string {
    return this.format(expr) || '{}';
  }

  private write(expr: Expr, guarded: boolean): string {
    switch (expr.kind) {
      case 'NumberLiteral':
        return expr.duration ? formatMilliseconds(Math.round(expr.value * 1000)) : formatValue(expr.value);
      case 'StringLiteral':
        return quote(expr.value);
      case 'VectorSelector':
        return nameAndMatchers(expr) + atText(expr) + edgesText(expr) + offsetText(expr, guarded);
      case 'MatrixSelector':
        return formatMatrix(expr, guarded);
      case 'Subquery':
        return this.format(expr.expr) + subquerySuffix(expr, guarded);
      case 'Call':
        return `${expr.func}(${expr.args.map((arg) => this.formatArgument(arg)).join(', ')})`;
      case 'AggregateExpr': {
        const param = expr.param ? `${this.format(expr.param)}, ` : '';
        return `${aggregateHead(expr)}(${param}${this.format(expr.expr)})`;
      }
      case 'BinaryExpr': {
        const left = this.format(expr.left, isArithmetic(expr.op));
        return `${left} ${operatorText(expr)} ${this.format(expr.right, guarded)}`;
      }
      case 'UnaryExpr':
        return expr.op + this.format(expr.expr, guarded);
      case 'ParenExpr':
        return `(${this.format(expr.expr)})`;
    }
  }
}

const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '^']);

/** Whether an operator is one of durations too. */
export function isArithmetic(op: BinaryOp): boolean {
  return ARITHMETIC.has(op);
}

/** `sum by (a) ` or `sum`: what is in front of the parenthesis. */
export function aggregateHead({ op, without, grouping }: AggregateExpr): string {
  if (!without && grouping.length === 0) return op;
  return `${op} ${without ? 'without' : 'by'} (${labelList(grouping)}) `;
}

/** An operator with all its modifiers. */
export function operatorText({ op, bool, matching }: BinaryExpr): string {
  const { card, on, labels, include, fillLeft, fillRight } = matching;
  const group = card === 'many-to-one' ? 'group_left' : card === 'one-to-many' ? 'group_right' : undefined;
  const words: string[] = [op];
  if (bool) words.push('bool');
  if (labels.length > 0 || on || group) words.push(`${on ? 'on' : 'ignoring'} (${labelList(labels)})`);
  if (group) words.push(`${group} (${labelList(include)})`);
  if (fillLeft !== undefined && Object.is(fillLeft, fillRight)) {
    words.push(`fill (${fillText(fillLeft)})`);
  } else {
    if (fillLeft !== undefined) words.push(`fill_left (${fillText(fillLeft)})`);
    if (fillRight !== undefined) words.push(`fill_right (${fillText(fillRight)})`);
  }
  return words.join(' ');
}

/** Go's `%v` of a float: with an exponent if it is below -4 or above 20. */
function fillText(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0 || (size >= 1e-4 && size < 1e21)) return formatValue(value);
  return value.toExponential().replace(/(e[+-])(\d)$/, '$10$2');
}

/** `[5m:1m] @ 10.000 offset 1m`. */
export function subquerySuffix(expr: Subquery, guarded: boolean): string {
  const step = expr.step ? formatDuration(expr.step) : '';
  return `[${formatDuration(expr.range)}:${step}]${atText(expr)}${offsetText(expr, guarded)}`;
}

const PLAIN_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function nameText(name: string): string {
  return PLAIN_NAME.test(name) ? name : quote(name);
}

function labelList(names: readonly string[]): string {
  return names.map(nameText).join(', ');
}

function matcherText({ name, op, value }: Matcher): string {
  return nameText(name) + op + quote(value);
}

function nameAndMatchers({ name, matchers }: VectorSelector): string {
  const isName = (matcher: Matcher) =>
    matcher.name === '__name__' && matcher.op === '=' && matcher.value === name && name !== '';
  const texts = matchers.filter((matcher) => !isName(matcher)).map(matcherText);
  return texts.length === 0 ? name : `${name}{${texts.sort(byCodePoint).join(',')}}`;
}

/** The order of the bytes in UTF-8. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  const differing = left.findIndex((char, i) => char !== right[i]);
  if (differing < 0) return left.length - right.length;
  return left[differing]!.codePointAt(0)! - (right[differing]?.codePointAt(0) ?? -1);
}

function formatMatrix({ selector, range }: MatrixSelector, guarded: boolean): string {
  const brackets = `[${formatDuration(range)}]`;
  return nameAndMatchers(selector) + brackets + edgesText(selector) + atText(selector) + offsetText(selector, guarded);
}

function edgesText({ anchored, smoothed }: VectorSelector): string {
  if (anchored) return ' anchored';
  return smoothed ? ' smoothed' : '';
}

function atText({ at }: VectorSelector | Subquery): string {
  if (at === undefined) return '';
  return ` @ ${typeof at === 'number' ? (at / 1000).toFixed(3) : `${at}()`}`;
}

function offsetText({ offset }: VectorSelector | Subquery, guarded: boolean): string {
  return offset.kind === 'fixed' && offset.ms === 0 ? '' : ` offset ${formatOffset(offset, guarded)}`;
}

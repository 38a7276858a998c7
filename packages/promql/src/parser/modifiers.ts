import type { AtModifier, Duration, Expr, MatrixSelector, Span, Subquery, VectorSelector } from './ast.ts';
import { isSign, parseOffsetDuration, parsePositiveDuration, parseSigned, roundHalfAway } from './durationExpr.ts';
import { NO_DURATION } from './durations.ts';
import type { TokenStream } from './tokenStream.ts';

type Modified = VectorSelector | Subquery;

/** Whatever follows an operand: ranges and subqueries, `offset`, `@`, `anchored` and `smoothed`. */
export function parseModifiers(stream: TokenStream, operand: Expr): Expr {
  let expr = operand;
  for (;;) {
    const parse = PARSERS.get(stream.peek());
    if (!parse) return expr;
    const { height } = stream;
    expr = parse(stream, expr);
    stream.height = expr.kind === 'VectorSelector' ? 1 : height + 1;
  }
}

const PARSERS: ReadonlyMap<string, (stream: TokenStream, expr: Expr) => Expr> = new Map([
  ['[', parseBrackets],
  ['offset', parseOffset],
  ['@', parseAt],
  ['anchored', (stream: TokenStream, expr: Expr) => parseEdges(stream, expr, 'anchored')],
  ['smoothed', (stream: TokenStream, expr: Expr) => parseEdges(stream, expr, 'smoothed')],
]);

/** What would have fitted where the parser was in the brackets. */
const IN_BRACKETS = {
  start: ['subquery or range selector', 'number, duration, step(), or range()'],
  range: ['subquery or range', '":" or "]"'],
  colon: ['subquery selector', 'number, duration, step(), range(), or "]"'],
  step: ['subquery selector', '"]"'],
} as const;

function parseBrackets(stream: TokenStream, expr: Expr): Expr {
  let seen: keyof typeof IN_BRACKETS = 'start';
  return stream.recoverable<Expr>(
    () => {
      const { start } = stream.take();
      const range = parsePositiveDuration(stream);
      seen = 'range';
      if (stream.peek() !== ':') {
        const { end } = stream.expect(']');
        return matrix(stream, expr, range, { start, end });
      }
      stream.take();
      seen = 'colon';
      const step = stream.peek() === ']' ? undefined : parsePositiveDuration(stream);
      if (step) seen = 'step';
      const span = { start: expr.span.start, end: stream.expect(']').end };
      return { kind: 'Subquery', span, expr, range, offset: NO_DURATION, ...(step ? { step } : {}) };
    },
    () => {
      stream.report(...IN_BRACKETS[seen]);
      return expr;
    },
  );
}

function matrix(stream: TokenStream, expr: Expr, range: Duration, brackets: Span): MatrixSelector {
  const problem = rangeProblem(expr);
  if (problem) stream.refuse(problem, brackets);
  const selector = expr.kind === 'VectorSelector' ? expr : NOT_A_SELECTOR;
  return { kind: 'MatrixSelector', span: { start: expr.span.start, end: brackets.end }, selector, range };
}

/** Stands in a tree that is refused. */
const NOT_A_SELECTOR: VectorSelector = {
  kind: 'VectorSelector',
  span: { start: 0, end: 0 },
  name: '',
  matchers: [],
  offset: NO_DURATION,
};

const NOT_SELECTED = 'ranges only allowed for vector selectors';

function rangeProblem(expr: Expr): string | undefined {
  if (expr.kind !== 'VectorSelector') return NOT_SELECTED;
  if (isShifted(expr)) return 'no offset modifiers allowed before range';
  return expr.at === undefined ? undefined : 'no @ modifiers allowed before range';
}

function isShifted({ offset }: Modified): boolean {
  return offset.kind !== 'fixed' || offset.ms !== 0;
}

function parseOffset(stream: TokenStream, expr: Expr): Expr {
  return stream.recoverable<Expr>(
    () => {
      stream.take();
      const offset = parseOffsetDuration(stream);
      return modify(stream, expr, 'offset', (target) => {
        if (!isShifted(target)) return { offset };
        stream.refuse('offset may not be set multiple times', expr.span);
        return {};
      });
    },
    () => {
      stream.report('offset', 'number, duration, step(), or range()');
      return expr;
    },
  );
}

function parseAt(stream: TokenStream, expr: Expr): Expr {
  return stream.recoverable<Expr>(
    () => {
      stream.take();
      const at = parseMoment(stream, expr);
      return modify(stream, expr, '@', (target) => {
        if (target.at === undefined) return { at };
        stream.refuse('@ <timestamp> may not be set multiple times', expr.span);
        return undefined;
      });
    },
    () => {
      stream.report('@', 'timestamp');
      return expr;
    },
  );
}

const MAX_AT = 2 ** 63;

function parseMoment(stream: TokenStream, expr: Expr): AtModifier {
  const kind = stream.peek();
  if (kind === 'start' || kind === 'end') {
    stream.take();
    stream.expect('(');
    stream.expect(')');
    return kind;
  }
  if (!isSign(kind) && kind !== 'number' && kind !== 'duration') stream.mismatch();
  const { seconds } = parseSigned(stream);
  if (!(Math.abs(seconds) < MAX_AT)) {
    stream.refuse(`timestamp out of bounds for @ modifier: ${outOfBounds(seconds)}`, expr.span);
  }
  return roundHalfAway(seconds * 1000) + 0;
}

/** Go's `%f` of a number that is too large to have decimals, or none. */
function outOfBounds(value: number): string {
  if (Number.isFinite(value)) return `${BigInt(value)}.000000`;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** Sets `change` of what a modifier is about and where it ends; undefined leaves all as it is. */
function modify(
  stream: TokenStream,
  expr: Expr,
  modifier: string,
  change: (target: Modified) => Partial<Pick<Modified, 'offset' | 'at'>> | undefined,
): Expr {
  const span = { start: expr.span.start, end: stream.lastClosing };
  if (expr.kind === 'VectorSelector' || expr.kind === 'Subquery') {
    const changes = change(expr);
    return changes ? { ...expr, ...changes, span } : expr;
  }
  if (expr.kind === 'MatrixSelector') {
    if (expr.selector === NOT_A_SELECTOR) {
      stream.refuse(NOT_SELECTED, expr.span);
      return expr;
    }
    const changes = change(expr.selector);
    return changes ? { ...expr, selector: { ...expr.selector, ...changes }, span } : expr;
  }
  const preceded = 'must be preceded by an instant vector selector or range vector selector or a subquery';
  stream.refuse(`${modifier} modifier ${preceded}`, expr.span);
  return expr;
}

function parseEdges(stream: TokenStream, expr: Expr, modifier: 'anchored' | 'smoothed'): Expr {
  stream.take();
  const off = `${modifier} modifier is experimental and not enabled`;
  if (!stream.requires('extendedRangeSelectors', off, expr.span)) return expr;
  const mark = (selector: VectorSelector): VectorSelector => {
    if (modifier === 'anchored' ? selector.smoothed : selector.anchored) {
      stream.refuse('anchored and smoothed modifiers cannot be used together', expr.span);
    }
    return { ...selector, [modifier]: true };
  };
  if (expr.kind === 'VectorSelector') return mark(expr);
  if (expr.kind === 'MatrixSelector') {
    return expr.selector === NOT_A_SELECTOR ? expr : { ...expr, selector: mark(expr.selector) };
  }
  const problem = expr.kind === 'Subquery' ? 'is not supported for subqueries' : 'not implemented';
  stream.refuse(`${modifier} modifier ${problem}`, expr.span);
  return expr;
}

import type { Duration, DurationExpr, DurationOp, Span } from './ast.ts';
import { NO_DURATION } from './durations.ts';
import { readDuration, readNumber, secondsOf } from './literals.ts';
import type { TokenStream } from './tokenStream.ts';
import { PRECEDENCE, SIGN_PRECEDENCE, type Token } from './tokens.ts';

/** A number, in seconds, as an expression or a duration holds it. */
export interface Literal {
  readonly kind: 'literal';
  readonly seconds: number;
  /** Written with units. */
  readonly duration: boolean;
  /** What the tree has instead of the number if that was in parentheses: an error may still be about the number. */
  readonly form?: DurationExpr;
  readonly span: Span;
}

type Part = Literal | DurationExpr;

const MAX_SECONDS = 2 ** 63 / 1e9;
const REFUSED: Literal = { kind: 'literal', seconds: 0, duration: false, span: { start: 0, end: 0 } };

/** Reads the number or duration ahead. */
export function parseLiteral(stream: TokenStream): Literal {
  while (stream.peek() !== 'number' && stream.peek() !== 'duration') stream.mismatch();
  const token = stream.take();
  const span = { start: token.start, end: token.end };
  const duration = token.kind === 'duration';
  const text = stream.text(token);
  const read = duration ? readDuration(text) : readNumber(text);
  if ('value' in read) {
    return { kind: 'literal', seconds: duration ? secondsOf(read.value) : read.value, duration, span };
  }
  stream.refuse(duration ? read.error : `error parsing number: ${read.error}`, span);
  return { kind: 'literal', seconds: read.instead ?? 0, duration, span };
}

export function isSign(kind: string): boolean {
  return kind === '+' || kind === '-';
}

/** A number with or without sign. */
export function parseSigned(stream: TokenStream): Literal {
  if (!isSign(stream.peek())) return parseLiteral(stream);
  const sign = stream.take();
  return signed(sign, parseLiteral(stream));
}

export function signed({ kind, start }: Token, literal: Literal): Literal {
  const seconds = kind === '-' ? -literal.seconds : literal.seconds;
  return { ...literal, seconds, span: { start, end: literal.span.end } };
}

/** The duration of a range or of a subquery's step, which is greater than 0. */
export function parsePositiveDuration(stream: TokenStream): Duration {
  const part = parsePart(stream, 0);
  if (part.kind !== 'literal') return part;
  if (!(part.seconds <= 0)) return asDuration(part);
  stream.refuse('duration must be greater than 0', part.span);
  return NO_DURATION;
}

/**
 * The duration after `offset`. Without parentheses it ends after one number or one function, so that
 * `x offset 5m + 1` adds 1 to the shifted x.
 */
export function parseOffsetDuration(stream: TokenStream): Duration {
  const part = parseOffsetPart(stream);
  return part.kind === 'literal' ? asDuration(part) : part;
}

function asDuration({ seconds, form }: Literal): Duration {
  if (form && seconds !== 0) return form;
  return { kind: 'fixed', ms: Math.trunc(roundHalfAway(seconds * 1e9) / 1e6) + 0 };
}

/** Go's math.Round. */
export function roundHalfAway(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value);
}

function parseOffsetPart(stream: TokenStream): Part {
  const kind = stream.peek();
  if (isSign(kind)) return parseSignedOffset(stream);
  if (kind !== '(') return parseOperand(stream);
  return parseOperations(stream, parseOperand(stream), 0);
}

function parseSignedOffset(stream: TokenStream): Part {
  const sign = stream.take();
  const kind = stream.peek();
  if (kind === 'number' || kind === 'duration') return inRange(stream, signed(sign, parseLiteral(stream)), sign);
  if (isSign(kind)) {
    stream.enter();
    const operand = applySign(stream, sign, parsePart(stream, SIGN_PRECEDENCE + 1));
    stream.leave();
    return parseOperations(stream, operand, 0);
  }
  if (kind === '(') return applySign(stream, sign, parseWrapped(stream));
  const operand = parseFunction(stream, sign);
  const span = { start: sign.start, end: operand.span.end };
  return { kind: sign.kind === '-' ? 'negate' : 'plus', operand, span };
}

/** An expression of operators that bind at least as tightly as `least`. */
function parsePart(stream: TokenStream, least: number): Part {
  stream.enter();
  const part = parseOperations(stream, parseOperand(stream), least);
  stream.leave();
  return part;
}

function parseOperations(stream: TokenStream, first: Part, least: number): Part {
  let left = first;
  for (let length = 0; ; length++) {
    const kind = stream.peek();
    const precedence = PRECEDENCE.get(kind);
    if (precedence === undefined || precedence <= 3 || kind === 'atan2' || precedence < least) {
      for (let i = 0; i < length; i++) stream.leave();
      return left;
    }
    stream.enter();
    const operator = stream.take();
    const right = parsePart(stream, kind === '^' ? precedence : precedence + 1);
    left = operation(stream, left, operator, right);
  }
}

function operation(stream: TokenStream, left: Part, operator: Token, right: Part): Part {
  requireExpressions(stream, left.span);
  if (right.kind === 'literal' && right.seconds === 0 && (operator.kind === '/' || operator.kind === '%')) {
    stream.refuse(operator.kind === '/' ? 'division by zero' : 'modulo by zero', operator);
    return REFUSED;
  }
  const span = { start: left.span.start, end: right.span.end };
  return { kind: 'operation', op: operator.kind as DurationOp, left: asOperand(left), right: asOperand(right), span };
}

function parseOperand(stream: TokenStream): Part {
  switch (stream.peek()) {
    case '+':
    case '-': {
      const sign = stream.take();
      return applySign(stream, sign, parsePart(stream, SIGN_PRECEDENCE + 1));
    }
    case '(':
      return parseParens(stream);
    case 'number':
    case 'duration':
      return inRange(stream, parseLiteral(stream));
    default:
      return parseFunction(stream);
  }
}

/** `step()`, `range()`, `min_of(a, b)` or `max_of(a, b)`, the place of which is that of a and b; `sign` is what is in front. */
function parseFunction(stream: TokenStream, sign?: Token): DurationExpr {
  for (;;) {
    const kind = stream.peek();
    if (kind === 'step' || kind === 'range') {
      const { start } = stream.take();
      stream.expect('(');
      const { end } = stream.expect(')');
      requireExpressions(stream, { start: sign?.start ?? start, end });
      return { kind, span: { start, end } };
    }
    if (kind === 'min_of' || kind === 'max_of') {
      stream.take();
      stream.expect('(');
      const left = parsePart(stream, 0);
      stream.expect(',');
      const right = parsePart(stream, 0);
      stream.expect(')');
      const span = { start: left.span.start, end: right.span.end };
      requireExpressions(stream, { start: sign?.start ?? span.start, end: span.end });
      return { kind: 'operation', op: kind, left: asOperand(left), right: asOperand(right), span };
    }
    stream.mismatch();
  }
}

function parseParens(stream: TokenStream): Part {
  const part = parseWrapped(stream);
  requireExpressions(stream, part.span);
  return part;
}

function parseWrapped(stream: TokenStream): Part {
  stream.expect('(');
  const part = parsePart(stream, 0);
  stream.expect(')');
  if (part.kind !== 'literal') return { ...part, wrapped: true };
  const form: DurationExpr = part.form ?? { kind: 'plus', operand: asOperand(part), span: part.span };
  return { ...part, form: { ...form, wrapped: true } };
}

function applySign(stream: TokenStream, sign: Token, part: Part): Part {
  const span = { start: sign.start, end: part.span.end };
  if (part.kind === 'literal') {
    const { form } = part;
    const literal = inRange(stream, signed(sign, part), sign);
    return form && sign.kind === '-' ? { ...literal, form: { kind: 'negate', operand: form, span } } : literal;
  }
  return sign.kind === '+' ? part : { kind: 'negate', operand: part, span };
}

function inRange(stream: TokenStream, literal: Literal, place: Span = literal.span): Literal {
  if (Math.abs(literal.seconds) <= MAX_SECONDS) return literal;
  stream.refuse('duration out of range', place);
  return REFUSED;
}

function asOperand(part: Part): Duration {
  if (part.kind !== 'literal') return part;
  if (part.form) return part.form;
  const ms = part.seconds * 1000;
  return part.duration ? { kind: 'fixed', ms: Math.round(ms) } : { kind: 'fixed', ms, seconds: part.seconds };
}

function requireExpressions(stream: TokenStream, place: Span): void {
  stream.requires('durationExpressions', 'experimental duration expression is not enabled', place);
}

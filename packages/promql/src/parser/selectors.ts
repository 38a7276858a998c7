import { compilePattern, RegexpSyntaxError } from '../matchers/pattern.ts';
import type { Matcher } from '../source.ts';
import type { Span, VectorSelector } from './ast.ts';
import { NO_DURATION } from './durations.ts';
import { contentOf, isUtf8 } from './names.ts';
import type { TokenStream } from './tokenStream.ts';
import { MATCH_OPERATORS, type Token } from './tokens.ts';

/** A selector by the metric's name, whose token has been taken, with or without braces. */
export function parseNamedSelector(stream: TokenStream, named: Token): VectorSelector {
  const name = stream.text(named);
  const nameMatcher: Matcher = { name: '__name__', op: '=', value: name };
  if (stream.peek() !== '{') return selector(stream, name, [nameMatcher], { start: named.start, end: named.end });
  const { matchers, end } = parseBraces(stream);
  return selector(stream, name, [...matchers, nameMatcher], { start: named.start, end });
}

/** A selector in braces only. */
export function parseBracesSelector(stream: TokenStream): VectorSelector {
  const { matchers, start, end } = parseBraces(stream);
  return selector(stream, '', matchers, { start, end });
}

function selector(stream: TokenStream, name: string, matchers: readonly Matcher[], span: Span): VectorSelector {
  stream.height = 1;
  return { kind: 'VectorSelector', span, name, matchers, offset: NO_DURATION };
}

function parseBraces(stream: TokenStream): Span & { readonly matchers: readonly Matcher[] } {
  const { start } = stream.take();
  const matchers: Matcher[] = [];
  if (stream.peek() !== '}') parseMatcher(stream, matchers);
  for (;;) {
    const kind = stream.peek();
    if (kind === '}') return { matchers, start, end: stream.take().end };
    if (kind === ',') {
      stream.take();
      if (stream.peek() !== '}') parseMatcher(stream, matchers);
    } else {
      stream.misfit('label matching', '"," or "}"');
    }
  }
}

const CONTEXT = 'label matching';

function parseMatcher(stream: TokenStream, matchers: Matcher[]): void {
  const kind = stream.peek();
  if (kind !== 'identifier' && kind !== 'string') {
    stream.misfit(CONTEXT, 'identifier or "}"');
    return;
  }
  const label = stream.take();
  const name = kind === 'string' ? contentOf(stream, label) : stream.text(label);
  if (!MATCH_OPERATORS.has(stream.peek())) {
    if (kind === 'string') matchers.push({ name: '__name__', op: '=', value: name });
    else stream.misfit(CONTEXT, 'label matching operator');
    return;
  }
  const op = stream.take().kind as Matcher['op'];
  if (stream.peek() !== 'string') {
    stream.misfit(CONTEXT, 'string');
    return;
  }
  const literal = stream.take();
  const value = contentOf(stream, literal);
  if (op === '=~' || op === '!~') {
    const problem = patternProblem(value, stream.text(literal));
    if (problem) stream.refuse(problem, { start: label.start, end: literal.end });
  }
  matchers.push({ name, op, value });
}

function patternProblem(pattern: string, literal: string): string | undefined {
  if (!isUtf8(pattern, literal)) return `error parsing regexp: invalid UTF-8: \`${pattern}\``;
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof RegexpSyntaxError) return error.message;
    throw error;
  }
}

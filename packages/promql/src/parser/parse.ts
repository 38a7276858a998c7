import { DEFAULT_FEATURES, type PromqlFeatures } from '../features.ts';
import { acceptsEmpty } from '../matchers/compile.ts';
import type { Matcher } from '../source.ts';
import type { Expr, VectorSelector } from './ast.ts';
import { checkTypes } from './check.ts';
import { type ParseIssue, PromqlParseError } from './error.ts';
import { parseExpr } from './expressions.ts';
import { parseBracesSelector, parseNamedSelector } from './selectors.ts';
import { MAX_HEIGHT, OVER, TokenStream, tooDeep } from './tokenStream.ts';
import { METRIC_NAMES } from './tokens.ts';

/** The longest query that is looked at, in UTF-16 units. */
export const MAX_QUERY_LENGTH = 1_048_576;

/**
 * Parses a query and checks its types; what it refuses, in which words and where, is as in Prometheus. Features that
 * are not named are as in DEFAULT_FEATURES.
 * @throws PromqlParseError
 */
export function parse(query: string, features?: Partial<PromqlFeatures>): Expr {
  const stream = open(query, features);
  const expr = parseWhole(stream, () => {
    if (stream.peek() !== 'eof') return parseExpr(stream, 0);
    stream.take();
    stream.refuse('no expression found in input', { start: 0, end: 0 });
    return undefined;
  });
  if (expr && stream.issues.length === 0) checkTypes(expr, query, (reason, span) => stream.refuse(reason, span));
  throwIssues(stream);
  if (stream.height > MAX_HEIGHT) throw tooDeep(query, expr!.span, MAX_HEIGHT);
  return expr!;
}

/**
 * The matchers of a series selector such as a `match[]` parameter; neither offset nor `@` nor range are allowed.
 * @throws PromqlParseError, also if the selector would match every series.
 */
export function parseSelector(text: string): Matcher[] {
  const stream = open(text);
  const selector = parseWhole(stream, () => parseVectorSelector(stream));
  throwIssues(stream);
  if (selector!.matchers.every(acceptsEmpty)) {
    stream.refuse('match[] must contain at least one non-empty matcher', selector!.span);
    throwIssues(stream);
  }
  return [...selector!.matchers];
}

function open(query: string, features?: Partial<PromqlFeatures>): TokenStream {
  if (query.length > MAX_QUERY_LENGTH) {
    const reason = `the query is too long: ${query.length} characters, at most ${MAX_QUERY_LENGTH} are allowed`;
    throw new PromqlParseError(query, [{ reason, start: 0, end: 0 }]);
  }
  return new TokenStream(query, { ...DEFAULT_FEATURES, ...features });
}

function throwIssues({ query, issues }: TokenStream): void {
  const [first, ...others] = issues;
  if (first) throw new PromqlParseError(query, [first, ...others] satisfies [ParseIssue, ...ParseIssue[]]);
}

/** Parses to the end of the text. Undefined only if there are issues. */
function parseWhole<T>(stream: TokenStream, parseStart: () => T): T | undefined {
  const resume = () => {
    stream.report();
    return undefined;
  };
  try {
    const result = stream.recoverable<T | undefined>(parseStart, resume);
    stream.recoverable(() => finish(stream), resume);
    finish(stream);
    return result;
  } catch (thrown) {
    if (thrown !== OVER) throw thrown;
    return undefined;
  }
}

/** Whatever is left of the text does not belong to the expression. */
function finish(stream: TokenStream): void {
  while (stream.peek() !== 'stop') {
    if (stream.peek() === 'eof') stream.take();
    else stream.mismatch();
  }
}

function parseVectorSelector(stream: TokenStream): VectorSelector {
  const kind = stream.peek();
  if (kind === '{') return parseBracesSelector(stream);
  if (!METRIC_NAMES.has(kind)) stream.mismatch();
  return parseNamedSelector(stream, stream.take());
}

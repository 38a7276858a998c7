import { compilePattern, type Matcher, PromqlParseError, parseSelector, RegexpSyntaxError } from '@nightshift/promql';

const must = 'must be a pattern of metric names such as debug_.*, or a selector such as {env="dev"}';

/** `a{2}`, `\p{L}`, `\x{10ffff}`: braces that a pattern may have. */
const patternBraces = /\{\d+(,\d*)?\}|\\[pPx]\{[^{}]*\}/g;

/** What the parser says, '' for an error of another kind. */
const reasonOf = (error: unknown): string => {
  if (error instanceof PromqlParseError) return error.reason;
  if (error instanceof RegexpSyntaxError) return error.message;
  throw error;
};

/**
 * What `debug_.*` or `{__name__=~"debug_.*", env="dev"}` chooses: a text with braces that are no pattern's is a selector,
 * any other an anchored pattern (RE2) of the metric's name. Throws an Error whose message begins with "must".
 */
export function metricMatchers(text: string): Matcher[] {
  try {
    if (text.replace(patternBraces, '').includes('{')) return parseSelector(text);
    compilePattern(text);
    return [{ name: '__name__', op: '=~', value: text }];
  } catch (error) {
    throw new Error(`${must} (${reasonOf(error)})`);
  }
}

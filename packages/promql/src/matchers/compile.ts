import type { Labels, Matcher } from '../source.ts';
import { anchoredRegExp } from './regexp.ts';

type Test = (value: string) => boolean;

/** Alternatives without any metacharacter; a set lookup is faster than a regular expression and cannot backtrack. */
const PLAIN_ALTERNATIVES = /^[\w:/@ -]*(\|[\w:/@ -]*)*$/;

function testOf(matcher: Matcher): Test {
  const { op, value } = matcher;
  if (op === '=') return (text) => text === value;
  if (op === '!=') return (text) => text !== value;
  const matches = regexpTest(value);
  return op === '=~' ? matches : (text) => !matches(text);
}

function regexpTest(pattern: string): Test {
  if (PLAIN_ALTERNATIVES.test(pattern)) {
    const alternatives = new Set(pattern.split('|'));
    return (text) => alternatives.has(text);
  }
  if (pattern === '.*') return () => true;
  if (pattern === '.+') return (text) => text !== '';
  const regexp = anchoredRegExp(pattern);
  return (text) => regexp.test(text);
}

/** Whether a series without the label passes the matcher. */
export function acceptsEmpty(matcher: Matcher): boolean {
  return testOf(matcher)('');
}

/**
 * A predicate that holds for label sets that pass every matcher. Patterns are anchored; a missing label counts as ''.
 * @throws RegexpSyntaxError if a pattern is not RE2, or JavaScript has no equivalent.
 */
export function compileMatchers(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, test: testOf(matcher) }));
  return (labels) => {
    for (const { name, test } of tests) if (!test(labels.get(name) ?? '')) return false;
    return true;
  };
}

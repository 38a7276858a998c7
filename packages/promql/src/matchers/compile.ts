import type { Labels, Matcher } from '../source.ts';
import { compilePattern } from './pattern.ts';

function testOf({ op, value }: Matcher): (text: string) => boolean {
  switch (op) {
    case '=':
      return (text) => text === value;
    case '!=':
      return (text) => text !== value;
    case '=~':
      return compilePattern(value).test;
    case '!~': {
      const { test } = compilePattern(value);
      return (text) => !test(text);
    }
  }
}

/** Whether a series without the label passes the matcher. */
export function acceptsEmpty(matcher: Matcher): boolean {
  return testOf(matcher)('');
}

/**
 * A predicate that holds for label sets that pass every matcher. Patterns are anchored; a missing label counts as ''.
 * @throws RegexpSyntaxError if a pattern is not RE2.
 */
export function compileMatchers(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, test: testOf(matcher) }));
  return (labels) => {
    for (const { name, test } of tests) if (!test(labels.get(name) ?? '')) return false;
    return true;
  };
}

import { RE2JS, RE2JSSyntaxException } from 're2js';
import { globsOf, globTest, textsOf } from './globs.ts';

/** A pattern that RE2 refuses; the message is that of Go's regexp package. */
export class RegexpSyntaxError extends Error {
  override readonly name = 'RegexpSyntaxError';
}

/** What the groups of a pattern caught: by number, 0 being the whole text, and by name; undefined where one took no part. */
export interface PatternMatch {
  readonly groups: readonly (string | undefined)[];
  readonly named: Readonly<Record<string, string | undefined>>;
}

/** A pattern that is anchored at both ends and whose dot matches newlines, as all of Prometheus' patterns are. */
export interface Pattern {
  test(text: string): boolean;
  /** Undefined if the text does not match. */
  exec(text: string): PatternMatch | undefined;
}

/**
 * Compiles an RE2 pattern (https://github.com/google/re2/wiki/Syntax). Matching takes time linear in the text.
 * @throws RegexpSyntaxError
 */
export function compilePattern(pattern: string): Pattern {
  const globs = globsOf(pattern);
  let lazy: RE2JS | undefined;
  const engine = () => {
    lazy ??= compileRegexp(pattern);
    return lazy;
  };
  return { test: globs ? globTest(globs) : testOf(engine()), exec: (text) => execute(engine(), text) };
}

/** The texts that match, if a store can look them up one by one: `a|b` has two; undefined for anything open. */
export function literalsOf(pattern: string): ReadonlySet<string> | undefined {
  const globs = globsOf(pattern);
  return globs && textsOf(globs);
}

function testOf(regexp: RE2JS): (text: string) => boolean {
  return (text) => regexp.testExact(text);
}

/** Only what the engine makes of a pattern, without the shortcut that `compilePattern` may take. @throws RegexpSyntaxError */
export function compileRegexp(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) throw new RegexpSyntaxError(goMessage(error, pattern));
    throw error;
  }
}

/** Go quotes the offending part even if it is empty; the engine's flag is not part of what the user wrote. */
function goMessage(error: RE2JSSyntaxException, pattern: string): string {
  const offence = error.getPattern() ?? '';
  return `error parsing regexp: ${error.getDescription()}: \`${offence === `(?s)${pattern}` ? pattern : offence}\``;
}

function execute(regexp: RE2JS, text: string): PatternMatch | undefined {
  const matcher = regexp.matcher(text);
  if (!matcher.matches()) return undefined;
  const groups = Array.from({ length: regexp.groupCount() + 1 }, (_, i) => matcher.group(i) ?? undefined);
  const named = Object.fromEntries(Object.entries(regexp.namedGroups()).map(([name, i]) => [name, groups[i]]));
  return { groups, named };
}

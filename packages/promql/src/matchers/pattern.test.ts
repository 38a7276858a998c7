import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { globsOf } from './globs.ts';
import { compilePattern, compileRegexp, literalsOf, RegexpSyntaxError } from './pattern.ts';

afterEach(() => vi.restoreAllMocks());

describe('RE2 patterns', () => {
  it.each([
    ['foo', 'foobar', false],
    ['foo|bar', 'bar', true],
    ['foo.*', 'foo\nbar', true],
    ['(?i)foo', 'FOO', true],
    ['(?i:f)oo', 'FOO', false],
    ['(?i)[a-c]x', 'BX', true],
    ['(?P<name>a+)b', 'aab', true],
    ['\\pN+', '1²', true],
    ['\\p{Greek}', 'λ', true],
    ['[[:alpha:]_]+', 'a_b', true],
    ['[^[:digit:]]', '1', false],
    ['\\Qa.b\\E', 'a.b', true],
    ['\\Qa.b\\E', 'axb', false],
    ['[]a]+', ']a', true],
    ['a{,2}', 'a{,2}', true],
    ['(?-s).', '\n', false],
    ['a\\-b', 'a-b', true],
    ['\\x{41}\\101', 'AA', true],
    ['$*bar', 'foo-bar', false],
  ])('%s against %j: %s', (pattern, value, expected) => {
    expect(compilePattern(pattern).test(value)).toBe(expected);
  });

  it.each([
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['(a', 'missing closing ): `(a`'],
    ['a)', 'unexpected ): `a)`'],
    ['(?s)(', 'missing closing ): `(?s)(`'],
    ['\\1', 'invalid escape sequence: `\\1`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['*a', 'missing argument to repetition operator: `*`'],
    ['[b-a]', 'invalid character class range: `b-a`'],
    ['[a', 'missing closing ]: `[a`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['(?P<n>a)(?P<n>b)', 'duplicate capture group name: `n`'],
    ['\\', 'trailing backslash at end of expression: ``'],
  ])("%s is refused in Go's words", (pattern, reason) => {
    const compile = () => compilePattern(pattern);
    expect(compile).toThrow(RegexpSyntaxError);
    expect(compile).toThrow(`error parsing regexp: ${reason}`);
  });
});

describe('groups', () => {
  it('are those of the whole match, by number and by name', () => {
    expect(compilePattern('(?P<host>.*):(\\d+)(x)?').exec('a:b:80')).toEqual({
      groups: ['a:b:80', 'a:b', '80', undefined],
      named: { host: 'a:b' },
    });
  });

  it('prefer what an anchored search would find first', () => {
    expect(compilePattern('(a|ab)(c|bcd)?').exec('abcd')?.groups).toEqual(['abcd', 'a', 'bcd']);
    expect(compilePattern('(a+?)(a*)').exec('aaa')?.groups).toEqual(['aaa', 'a', 'aa']);
  });

  it('are absent if the text does not match as a whole', () => {
    expect(compilePattern('(a)').exec('ab')).toBeUndefined();
  });
});

it.each([
  ['a', ['a']],
  ['', ['']],
  ['a|b|', ['a', 'b', '']],
  ['http(s|)://(x|y)\\.z', ['http://x.z', 'http://y.z', 'https://x.z', 'https://y.z']],
  ['a|b.*', undefined],
  ['[ab]', undefined],
])('the texts that %j matches can be listed: %j', (pattern, expected) => {
  const found = literalsOf(pattern);
  expect(found && [...found].sort()).toEqual(expected && [...expected].sort());
});

const PIECES = ['a', 'b', 'ab', '.*', '.+', '.*?', '\\.', '(', '(?:', ')', '|', '.', '*', '?', '{2}', '😀', '\n', '^'];
const patterns = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join(''));
const texts = fc.array(fc.constantFrom('a', 'b', '.', '\n', '😀'), { maxLength: 6 }).map((chars) => chars.join(''));

it('the shortcut without an engine agrees with the engine', () => {
  let shortcuts = 0;
  fc.assert(
    fc.property(patterns, texts, (pattern, text) => {
      if (!globsOf(pattern)) return;
      shortcuts++;
      expect(compilePattern(pattern).test(text)).toBe(compileRegexp(pattern).testExact(text));
    }),
    { numRuns: 20_000, seed: 7 },
  );
  expect(shortcuts).toBeGreaterThan(1000);
});

it.each(['(a+)+b', '(a|a)*b', '(.*a){12}b', '(a*)*|b'])('%s reads a long text a bounded number of times', (pattern) => {
  const { test } = compilePattern(pattern);
  const readsOf = (length: number) => {
    const text = `${'a'.repeat(length)}c`;
    const reads = vi.spyOn(String.prototype, 'charCodeAt');
    expect(test(text)).toBe(false);
    const count = reads.mock.calls.length;
    reads.mockRestore();
    return count;
  };
  const [short, long] = [readsOf(1000), readsOf(10_000)];
  expect(short).toBeGreaterThan(0);
  expect(long).toBeLessThanOrEqual(11 * short);
});

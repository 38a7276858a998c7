import { describe, expect, it } from 'vitest';
import { compileMatchers } from './compile.ts';
import { RegexpSyntaxError } from './regexp.ts';

const matches = (pattern: string, value: string) =>
  compileMatchers([{ name: 'a', op: '=~', value: pattern }])(new Map([['a', value]]));

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
  ])('%s against %j: %s', (pattern, value, expected) => {
    expect(matches(pattern, value)).toBe(expected);
  });

  it.each(['(?=a)', '(a', 'a)', '\\1', 'a**', '[b-a]', '\\'])('%s is refused', (pattern) => {
    expect(() => matches(pattern, '')).toThrow(RegexpSyntaxError);
  });
});

it('a missing label counts as empty', () => {
  expect(compileMatchers([{ name: 'b', op: '!=', value: '' }])(new Map())).toBe(false);
  expect(compileMatchers([{ name: 'b', op: '!~', value: 'x' }])(new Map())).toBe(true);
});

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Matcher } from '../source.ts';
import { compileMatchers } from './compile.ts';
import { RegexpSyntaxError } from './pattern.ts';

const accepts = (op: Matcher['op'], value: string, text: string) =>
  compileMatchers([{ name: 'a', op, value }])(new Map([['a', text]]));

it.each([
  ['=', 'x', 'x', true],
  ['=', 'x', 'xy', false],
  ['!=', 'x', 'x', false],
  ['=~', 'x|y', 'y', true],
  ['=~', 'x', 'xy', false],
  ['!~', 'x.*', 'xy', false],
  ['!~', 'x', 'xy', true],
] as const)('%s %j against %j: %s', (op, value, text, expected) => {
  expect(accepts(op, value, text)).toBe(expected);
});

it('a missing label counts as empty', () => {
  expect(compileMatchers([{ name: 'b', op: '!=', value: '' }])(new Map())).toBe(false);
  expect(compileMatchers([{ name: 'b', op: '!~', value: 'x' }])(new Map())).toBe(true);
});

it('every matcher has to accept', () => {
  const both = compileMatchers([
    { name: 'a', op: '=', value: '1' },
    { name: 'b', op: '=~', value: '2|3' },
  ]);
  expect(both(new Map([['a', '1']]))).toBe(false);
  expect(
    both(
      new Map([
        ['a', '1'],
        ['b', '3'],
      ]),
    ),
  ).toBe(true);
});

it('a pattern that is not RE2 is refused before any series is looked at', () => {
  expect(() => compileMatchers([{ name: 'a', op: '=~', value: '(?=x)' }])).toThrow(RegexpSyntaxError);
});

const CASES = '../shared/conformance/prometheus/curated/matcher_cases.json';
const OPS: Readonly<Record<string, Matcher['op']>> = {
  MatchEqual: '=',
  MatchNotEqual: '!=',
  MatchRegexp: '=~',
  MatchNotRegexp: '!~',
};

describe.skipIf(!existsSync(CASES))("Prometheus' own cases of matchers", () => {
  interface Case {
    readonly match: boolean;
    readonly value: string;
    readonly matcher: { readonly args: readonly [unknown, { readonly $ref: string }, string] };
  }
  const cases = existsSync(CASES) ? (JSON.parse(readFileSync(CASES, 'utf8')) as Case[]) : [];
  it('are there', () => {
    expect(cases.length).toBeGreaterThan(10);
  });
  it.each(
    cases.map(({ match, value, matcher }) => [OPS[matcher.args[1].$ref]!, matcher.args[2], value, match] as const),
  )('%s %j against %j: %s', (op, pattern, value, match) => {
    expect(accepts(op, pattern, value)).toBe(match);
  });
});

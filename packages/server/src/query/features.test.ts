import { type PromqlParseError, parse } from '@nightshift/promql';
import { expect, it } from 'vitest';
import { describeParseError, type FeatureFlag, featuresOf } from './features.ts';

function refusal(query: string, flags: readonly FeatureFlag[] = []): string | undefined {
  try {
    parse(query, featuresOf(flags));
    return undefined;
  } catch (error) {
    return describeParseError(error as PromqlParseError);
  }
}

it.each<[string, string, FeatureFlag]>([
  ['mad_over_time(x[5m])', 'function "mad_over_time" is not enabled', 'promql-experimental-functions'],
  [
    'limitk(1, x)',
    'limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions',
    'promql-experimental-functions',
  ],
  ['rate(x[5m] anchored)', 'anchored modifier is experimental and not enabled', 'promql-extended-range-selectors'],
  ['x + fill(0) y', 'binop fill modifiers are experimental and not enabled', 'promql-binop-fill-modifiers'],
])('%s is refused with how to switch it on, and accepted when it is', (query, reason, flag) => {
  const advice = `add ${flag} to query.features in the configuration to switch it on`;
  expect(refusal(query)).toMatch(/^1:\d+: parse error: /);
  expect(refusal(query)?.slice(refusal(query)?.indexOf('error: '))).toBe(`error: ${reason}; ${advice}`);
  expect(refusal(query, [flag])).toBeUndefined();
});

it('leaves other mistakes as they are', () => {
  expect(refusal('sum(')).toBe('1:5: parse error: unclosed left parenthesis');
});

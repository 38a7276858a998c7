import { describe, expect, it } from 'vitest';
import { metricMatchers } from './metric-match.ts';

describe('what chooses metrics in a rule', () => {
  it.each([
    ['debug_.*', [{ name: '__name__', op: '=~', value: 'debug_.*' }]],
    ['a{2}', [{ name: '__name__', op: '=~', value: 'a{2}' }]],
    ['{env="dev"}', [{ name: 'env', op: '=', value: 'dev' }]],
    [
      'up{env!="dev"}',
      [
        { name: '__name__', op: '=', value: 'up' },
        { name: 'env', op: '!=', value: 'dev' },
      ],
    ],
  ])('%s', (text, matchers) => {
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect([...metricMatchers(text)].sort(byName)).toEqual([...matchers].sort(byName));
  });

  it.each(['debug_(', 'up{env="dev"', 'up{env~"dev"}', '{}', '{env=~".*"}'])('refuses %s', (text) => {
    expect(() => metricMatchers(text)).toThrow(/^must be a pattern of metric names/);
  });
});

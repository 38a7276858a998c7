import { expect, it } from 'vitest';
import { pinnedVariations } from './invariance.ts';

const pinned = (query: string) => pinnedVariations(query, 60_000)[0]?.query;

it.each([
  ['sum(x) / y', 'sum(x @ 60.000) / y @ 60.000'],
  ['rate(x[5m] offset 1m)', 'rate(x[5m] @ 60.000 offset 1m)'],
  ['x @ 10 + y', 'x @ 10.000 + y @ 60.000'],
  ['max_over_time(x[5m:1m])', 'max_over_time(x[5m:1m] @ 60.000)'],
  ['x @ start() + y @ end() offset 5m', 'x @ 60.000 + y @ 60.000 offset 5m'],
  ['1 + 1', '1 + 1'],
])('%s is pinned at its selectors: %s', (query, expected) => {
  expect(pinned(query)).toBe(expected);
});

it('what depends on the time itself is not varied, unless a subquery around it is pinned', () => {
  expect(pinned('x + time()')).toBeUndefined();
  expect(pinned('timestamp(x)')).toBeUndefined();
  expect(pinned('max_over_time(timestamp(x)[5m:1m])')).toBe('max_over_time(timestamp(x)[5m:1m] @ 60.000)');
});

it('a query whose text cannot be printed back is not varied', () => {
  expect(pinned('count_values("a\\xc5z", x)')).toBeUndefined();
  expect(pinned('count_values("a\\u00c5z", x)')).toBe('count_values("aÅz", x @ 60.000)');
});

it('is asked before, at and after the time of the query', () => {
  expect(pinnedVariations('x', 60_000).map(({ time }) => time)).toEqual([-600_000, 0, 12_000, 60_000, 600_000]);
});

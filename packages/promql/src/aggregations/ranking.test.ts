import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Ranking } from './ranking.ts';

function best(keys: readonly number[], capacity: number): number[] {
  const ranking = new Ranking(Float64Array.from(keys), capacity);
  for (const index of keys.keys()) ranking.offer(index);
  return ranking.sorted();
}

it('keeps the largest, largest first', () => {
  const keys = fc.array(fc.double({ noNaN: true }), { maxLength: 40 });
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 20 }), (values, capacity) => {
      const expected = [...values].sort((a, b) => b - a || 0).slice(0, capacity);
      expect(best(values, capacity).map((index) => values[index]! + 0)).toEqual(expected.map((value) => value + 0));
    }),
  );
});

it('NaN goes when there is a number, and is last where there is not', () => {
  expect(best([Number.NaN, 1, Number.NaN, 2], 2)).toEqual([3, 1]);
  expect(best([1, Number.NaN, Number.NEGATIVE_INFINITY], 3)).toEqual([0, 2, 1]);
});

it('of equals it keeps those that a heap keeps', () => {
  expect(best([1, 1, 2], 2)).toEqual([2, 1]);
  expect(best([1, 1, 1], 2)).toEqual([0, 1]);
});

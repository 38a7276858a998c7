import { expect, test } from 'vitest';
import { caretLines, matrixGraph, parsePlace, seriesName } from './promql.ts';

test('a series is named as PromQL writes it, direction marks written out', () => {
  expect(seriesName({ __name__: 'up' })).toBe('up');
  expect(seriesName({})).toBe('{}');
  expect(seriesName({ __name__: 'up', job: 'a"b\u202e' })).toBe('up{job="a\\"b\\u202e"}');
});

test('a parse error is placed below the offending character, in its own line', () => {
  const place = parsePlace('invalid parameter "query": 2:5: parse error: unexpected right parenthesis');
  expect(place).toEqual({ line: 2, column: 5 });
  expect(caretLines('sum(\n\tup))', place!)).toBe('\tup))\n\t   ^');
  expect(parsePlace('query timed out')).toBeNull();
});

test('series of different moments share one axis; what is missing or infinite is a gap', () => {
  const result = [
    {
      metric: { a: '1' },
      values: [
        [1, '5'],
        [3, '+Inf'],
      ] as [number, string][],
    },
    {
      metric: { a: '2' },
      values: [
        [2, 'NaN'],
        [3, '7'],
      ] as [number, string][],
    },
  ];
  const graph = matrixGraph({ resultType: 'matrix', result }, 'x');
  expect(graph.t).toEqual([1000, 2000, 3000]);
  expect(graph.lines.map((line) => line.values)).toEqual([
    [5, null, null],
    [null, null, 7],
  ]);
});

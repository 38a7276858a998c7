import { expect, it } from 'vitest';
import { NotationError, parseSeriesLine } from './series.ts';

it.each([
  ['x 1 -2 +3 .5 1e3 Inf -Inf', [1, -2, 3, 0.5, 1000, Infinity, -Infinity]],
  ['x 1+2x3', [1, 3, 5, 7]],
  ['x 1-2x2 5', [1, -1, -3, 5]],
  ['x 7x2', [7, 7, 7]],
  ['x _ 1 _x3 stale', ['gap', 1, 'gap', 'gap', 'gap', 'stale']],
  ['x', []],
])('the points of %s', (line, points) => {
  expect(parseSeriesLine(line).points).toEqual(points);
});

it.each([
  ['x{b="2", a="1",} 1', { __name__: 'x', a: '1', b: '2' }],
  ['{"http.requests", "the method"="get"} 1', { __name__: 'http.requests', 'the method': 'get' }],
  ["{a='it\\'s', b=`\\n`, c=\"} x\"} 1", { a: "it's", b: '\\n', c: '} x' }],
  ['x{a=""} 1', { __name__: 'x' }],
  ['{} 1', {}],
])('the labels of %s, in order of name', (line, labels) => {
  expect([...parseSeriesLine(line).labels]).toEqual(Object.entries(labels).sort());
});

it('a series of histograms grows by a histogram', () => {
  const { points } = parseSeriesLine('x {{schema:0 count:1 sum:2}}+{{count:1 sum:3}}x2 {{}}');
  const sums = points.map((point) => (typeof point === 'object' ? point.histogram.sum : undefined));
  expect(sums).toEqual([2, 5, 8, 0]);
});

it('a reset hint counts only where it is stated', () => {
  const { points } = parseSeriesLine('x {{}} {{counter_reset_hint:unknown}}');
  expect(points.map((point) => typeof point === 'object' && point.hintStated)).toEqual([false, true]);
});

it.each([
  ['x 1+1', 2],
  ['x stalex3', 2],
  ['x 1 {{count:1', 13],
  ['x {{}}+{{}}', 11],
  ['x{a="1"}y 1', 8],
])('%s is refused, and the error says where', (line, offset) => {
  expect(() => parseSeriesLine(line)).toThrow(NotationError);
  try {
    parseSeriesLine(line);
  } catch (error) {
    expect((error as NotationError).offset).toBe(offset);
  }
});

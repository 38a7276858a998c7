import { expect, it } from 'vitest';
import { isStartLine, parseStartLine } from './startTimestamps.ts';

it.each([
  ['x@st -1m 0s 30s', [-60_000, 0, 30_000]],
  ['x@st _ -1msx2 _x2', ['gap', -1, -1, -1, 'gap', 'gap']],
  ['x@st -30s-1mx2', [-30_000, -90_000, -150_000]],
  ['x@st 0+10sx2', [0, 10_000, 20_000]],
])('the offsets of %s', (line, offsets) => {
  expect(parseStartLine(line).offsets).toEqual(offsets);
});

it('belongs to the series that it names', () => {
  expect([...parseStartLine('x{a="b"}@st 0s').labels]).toEqual([
    ['__name__', 'x'],
    ['a', 'b'],
  ]);
});

it.each(['x@st 1', 'x@st -1m-1m', 'x@st _x0', 'x{a@st 1s'])('%s is refused', (line) => {
  expect(() => parseStartLine(line)).toThrow();
});

it('is told from a line of samples', () => {
  expect(isStartLine('x{a="b"}@st 1s')).toBe(true);
  expect(isStartLine('x{a="b@st"} 1')).toBe(false);
});

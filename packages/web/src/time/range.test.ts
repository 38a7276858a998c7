import { expect, test } from 'vitest';
import { clock, duration } from './clock.ts';
import { durationMs, resolveRange, validRange } from './range.ts';

test.each([
  ['90s', 90_000],
  ['15m', 900_000],
  ['7d', 604_800_000],
  ['0m', null],
  ['h', null],
  ['401d', null],
  ['1h ', null],
  ['-1h', null],
])('%j is %j ms', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test('an address keeps what is a range and drops the rest', () => {
  expect(validRange({ range: '6h', other: 'x' })).toEqual({ range: '6h' });
  expect(validRange({ range: 'soon' })).toEqual({});
  expect(validRange({ start: '1700000000000', end: '1700000060000', range: '1h' })).toEqual({
    start: '1700000000000',
    end: '1700000060000',
  });
  expect(validRange({ start: '1700000060000', end: '1700000000000' })).toEqual({});
});

test('a relative range ends now, the default is an hour', () => {
  expect(resolveRange({}, 10_000_000)).toEqual({ start: 6_400_000, end: 10_000_000 });
  expect(resolveRange({ range: '15m' }, 10_000_000)).toEqual({ start: 9_100_000, end: 10_000_000 });
});

test.each([
  [0, '0 ms'],
  [0.04, '0.040 ms'],
  [6.4, '6.4 ms'],
  [640, '640 ms'],
  [999, '1.0 s'],
  [59_960, '1 m'],
  [899_000, '14 m 59 s'],
  [3_599_900, '1 h'],
  [10_920_000, '3 h 2 m'],
  [90_000_000, '1 d 1 h'],
  [-5000, '−5.0 s'],
])('%d ms reads %j', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test('decimals of a second are cut, not rounded into the next second', () => {
  expect(clock(Date.UTC(2026, 0, 1, 0, 0, 5, 999), 1)).toMatch(/:05\.9$/);
});

import { describe, expect, it } from 'vitest';
import { durationMs, showMs, showTime, timeOption } from './time.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

describe('a duration', () => {
  it.each([
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['0.5s', 500],
    ['2d', 172_800_000],
  ])('%s is %d ms', (text, ms) => expect(durationMs(text)).toBe(ms));

  it.each(['', '5', 'm', '1 h', '1y', '-1h', '1hh'])('%j is none', (text) => expect(durationMs(text)).toBeNull());

  it.each([
    [null, '-'],
    [340.4, '340 ms'],
    [4212, '4.21 s'],
    [185_000, '3 min 5 s'],
  ])('%s ms read as %j', (ms, text) => expect(showMs(ms)).toBe(text));
});

describe('a time', () => {
  it.each([
    ['now', NOW],
    ['15m', NOW - 900_000],
    ['-15m', NOW - 900_000],
    ['2026-01-31T11:00:00Z', NOW - 3_600_000],
    ['2026-01-31', NOW - 43_200_000],
    ['1769860800.5', 1_769_860_800_500],
  ])('%s is understood', (text, at) => expect(timeOption('--since', text, NOW)).toBe(at));

  it.each(['', 'noon', '2026-13-01', '31.1.2026', '5 m'])('%j is refused', (text) =>
    expect(() => timeOption('--since', text, NOW)).toThrow(`--since ${text}: a time is wanted`));

  it('is shown in UTC to the second', () => expect(showTime(NOW + 999)).toBe('2026-01-31 12:00:00Z'));
});

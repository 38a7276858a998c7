import { expect, it } from 'vitest';
import { momentAt } from './calendar.ts';

/** Figures of Go's time.Unix(int64(seconds), 0).UTC() on x86-64. */
it.each([
  [123456789.9, 1973, 11, 29, 4, 333, 30, 21, 33],
  [-1.5, 1969, 12, 31, 3, 365, 31, 23, 59],
  [951782400, 2000, 2, 29, 2, 60, 29, 0, 0],
  [-62135596800, 1, 1, 1, 1, 1, 31, 0, 0],
  [8.64e12 + 86_400 * 59, 275760, 11, 11, 2, 316, 30, 0, 0],
  [1e15, 31690708, 7, 5, 0, 187, 31, 1, 46],
  [-1e15, -31686769, 6, 29, 0, 180, 30, 22, 13],
  [9e18, 285198648531, 4, 21, 6, 111, 30, 16, 0],
  [-9e18, -285198644592, 9, 12, 1, 256, 30, 8, 0],
  [Number.NaN, 292277026596, 12, 4, 0, 339, 31, 15, 30],
  [Number.POSITIVE_INFINITY, 292277026596, 12, 4, 0, 339, 31, 15, 30],
])('%d s is %d-%d-%d', (seconds, year, month, day, weekday, dayOfYear, daysInMonth, hour, minute) => {
  expect(momentAt(seconds)).toEqual({ year, month, day, weekday, dayOfYear, daysInMonth, hour, minute });
});

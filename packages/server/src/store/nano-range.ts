import type { TimeRange } from './store.ts';

/** What DateTime64(9) can hold, in whole milliseconds either way. */
const EARLIEST = Date.UTC(1900, 0, 1);
const LATEST = Date.UTC(2262, 0, 1);

const clamp = (time: number): bigint => BigInt(Math.floor(Math.min(LATEST, Math.max(EARLIEST, time))));

/** The range in Unix nanoseconds, as text; the whole last millisecond belongs to it. */
export function nanoRange({ start, end }: TimeRange): { start: string; end: string } {
  return { start: String(clamp(start) * 1_000_000n), end: String(clamp(end) * 1_000_000n + 999_999n) };
}

/** The time range in the address: `?range=1h` (ending now), or `?start=…&end=…` in Unix milliseconds. */
export interface RangeSearch {
  range?: string | undefined;
  start?: string | undefined;
  end?: string | undefined;
}

export const RANGES: readonly { value: string; label: string }[] = [
  { value: '15m', label: 'last 15 minutes' },
  { value: '1h', label: 'last hour' },
  { value: '6h', label: 'last 6 hours' },
  { value: '24h', label: 'last 24 hours' },
  { value: '7d', label: 'last 7 days' },
  { value: '30d', label: 'last 30 days' },
];

export const DEFAULT_RANGE = '1h';
const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_MS = 400 * 86_400_000;

/** Milliseconds of `90s`, `15m`, `6h` or `7d`; null for anything else, zero, or more than 400 days. */
export function durationMs(text: string): number | null {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const ms = match ? Number(match[1]) * (UNIT_MS[match[2]!] ?? 0) : 0;
  return ms > 0 && ms <= LONGEST_MS ? ms : null;
}

const stamp = (value: unknown): number | null =>
  typeof value === 'string' && /^\d{10,14}$/.test(value) ? Number(value) : null;

/** Keeps what is a range and drops the rest, so that a mistyped address shows the default hour. */
export function validRange(search: Record<string, unknown>): RangeSearch {
  const start = stamp(search.start);
  const end = stamp(search.end);
  if (start !== null && end !== null && start < end) return { start: String(start), end: String(end) };
  const { range } = search;
  return typeof range === 'string' && durationMs(range) !== null ? { range } : {};
}

/** Start and end in Unix milliseconds; a relative range ends at `now`. */
export function resolveRange(search: RangeSearch, now: number): { start: number; end: number } {
  const start = stamp(search.start);
  const end = stamp(search.end);
  if (start !== null && end !== null && start < end) return { start, end };
  return { start: now - (durationMs(search.range ?? DEFAULT_RANGE) ?? UNIT_MS.h!), end: now };
}

/** The same for every moment of a relative range: what queries are cached under. */
export function rangeKey(search: RangeSearch): string {
  return search.start && search.end ? `${search.start}-${search.end}` : (search.range ?? DEFAULT_RANGE);
}

/** `last hour`, or the two ends in local time. */
export function rangeWords(search: RangeSearch): string {
  if (search.start && search.end) {
    const show = (at: string) =>
      new Date(Number(at)).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
    return `${show(search.start)} to ${show(search.end)}`;
  }
  const value = search.range ?? DEFAULT_RANGE;
  return RANGES.find((range) => range.value === value)?.label ?? `last ${value}`;
}

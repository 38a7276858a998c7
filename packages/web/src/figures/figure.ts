import type { Graph } from '@nightshift/server/api';
import { duration } from '../time/clock.ts';

/** What stands where a number is not known. */
export const NONE = '–';

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const known = (value: number | null | undefined): value is number =>
  value !== null && value !== undefined && Number.isFinite(value);

/** `4,182`. */
export const count = (value: number | null): string => (known(value) ? grouped.format(value) : NONE);

/** Requests per second with three significant digits: `0.25`, `12.4`, `1,830`. */
export function rate(value: number | null): string {
  if (!known(value)) return NONE;
  if (value === 0) return '0';
  if (value < 0.01) return '<0.01';
  return value >= 100 ? grouped.format(value) : String(Number(value.toPrecision(3)));
}

/** A ratio as per cent: `0 %`, `0.02 %`, `12 %`; what is not zero never reads as zero. */
export function percent(value: number | null): string {
  if (!known(value)) return NONE;
  const scaled = value * 100;
  if (scaled === 0) return '0 %';
  if (scaled > 0 && scaled < 0.01) return '<0.01 %';
  return `${Number(scaled.toPrecision(scaled >= 99.9 && scaled < 100 ? 4 : 2))} %`;
}

export const millis = (value: number | null): string => (known(value) ? duration(value) : NONE);

/** `1 request`, `2 requests`; `plural` where an s is not enough. */
export const counted = (value: number, noun: string, plural = `${noun}s`): string =>
  `${count(value)} ${value === 1 ? noun : plural}`;

/** A value with the unit of its graph. */
export function withUnit(value: number | null, unit: Graph['unit']): string {
  if (!known(value)) return NONE;
  if (unit === 'ms') return millis(value);
  if (unit === 'ratio') return percent(value);
  return unit === 'requests/s' ? `${rate(value)}/s` : short(value);
}

/** Any number in little room: `0.00012`, `3.14`, `12,000`, `1.2e+9`. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(2);
  return new Intl.NumberFormat('en', { maximumSignificantDigits: size >= 1e4 ? 6 : 4 }).format(value);
}

import { parseDuration } from '@nightshift/promql';
import { NightshiftError } from '../errors/catalogue.ts';

const invalid = (name: string, value: string, allowed: string): NightshiftError =>
  new NightshiftError('PARAMETER_INVALID', { name, reason: `cannot parse ${JSON.stringify(value)}; ${allowed}.` });

/** A time of the Prometheus HTTP API: Unix seconds with a fraction, or RFC 3339. Returns milliseconds. */
export function parseTime(name: string, value: string | undefined, fallback?: number): number {
  if (value === undefined || value === '') {
    if (fallback !== undefined) return fallback;
    throw new NightshiftError('PARAMETER_INVALID', { name, reason: 'is missing.' });
  }
  const seconds = Number(value);
  if (value.trim() !== '' && Number.isFinite(seconds)) return Math.round(seconds * 1000);
  const parsed = /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(parsed)) throw invalid(name, value, 'it takes Unix seconds or an RFC 3339 time');
  return parsed;
}

/** A step or time-out: seconds with a fraction, or a duration such as `1m30s`. Returns milliseconds, above 0. */
export function parseStep(name: string, value: string | undefined): number {
  if (value === undefined || value === '')
    throw new NightshiftError('PARAMETER_INVALID', { name, reason: 'is missing.' });
  const seconds = Number(value);
  let ms = seconds * 1000;
  if (!Number.isFinite(seconds)) {
    try {
      ms = parseDuration(value);
    } catch {
      throw invalid(name, value, 'it takes seconds or a duration such as 15s or 1m30s');
    }
  }
  if (!(ms > 0)) throw invalid(name, value, 'it must be above zero');
  return Math.round(ms);
}

/** A whole number of at least 1; 0 or nothing means `unlimited`. */
export function parseLimit(value: string | undefined, unlimited: number): number {
  if (value === undefined || value === '' || value === '0') return unlimited;
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 0) throw invalid('limit', value, 'it takes a whole number, 0 for no limit');
  return limit;
}

import { EXIT, Exit } from './exit.ts';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of `90s`, `15m`, `1h30m`, `2d` (Prometheus' notation); null where the text is none. */
export function durationMs(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ms|[smhdw]))+$/.test(text)) return null;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g);
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0);
}

/** As `durationMs`, for an option of that name: a wrong text ends the command. */
export function durationOption(option: string, text: string): number {
  const value = durationMs(text);
  if (value === null)
    throw new Exit(EXIT.usage, `${option} ${text}: a duration is wanted, such as 90s, 15m, 1h or 2d.`);
  return value;
}

/** Unix milliseconds of `now`, an age (`15m`, `-15m`), RFC 3339, or Unix seconds. `now` is the current time, ms. */
export function timeOption(option: string, text: string, now: number): number {
  if (text === 'now') return now;
  const age = durationMs(text.replace(/^-/, ''));
  if (age !== null) return now - age;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  const parsed = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(parsed)) return parsed;
  const allowed = 'an age such as 15m, a time such as 2026-01-31T12:00:00Z, Unix seconds, or now';
  throw new Exit(EXIT.usage, `${option} ${text}: a time is wanted: ${allowed}.`);
}

/** `2026-01-31 12:00:00Z`, or `-` for none. */
export function showTime(at: number | null): string {
  return at === null
    ? '-'
    : new Date(at)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z');
}

/** A length of time as people read it: `340 ms`, `4.21 s`, `3 min 5 s`. */
export function showMs(ms: number | null): string {
  if (ms === null) return '-';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(2)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

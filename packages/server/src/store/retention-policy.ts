/** How long the samples of each series are kept, and what that means for the days that are stored. Pure. */
import { compileMatchers, type Matcher } from '@nightshift/promql';
import type { Labels } from '@nightshift/wire';
import { HOUR_MS, type HourSet, hoursBetween } from './derived/hours.ts';

export const DAY_MS = 86_400_000;

export interface RetentionRule {
  /** As it was written, for people and for the record of what was done. */
  readonly match: string;
  readonly matchers: readonly Matcher[];
  /** Milliseconds; 0 keeps for ever. */
  readonly keepMs: number;
}

export interface MetricRetention {
  /** The first that matches wins. */
  readonly rules: readonly RetentionRule[];
  /** Milliseconds that everything else is kept; 0 keeps it for ever. */
  readonly defaultMs: number;
}

/** All series of one rule. The last group is everything that no rule matches. */
export interface RetentionGroup {
  /** '' for everything else. */
  readonly match: string;
  readonly keepMs: number;
}

export const groupsOf = ({ rules, defaultMs }: MetricRetention): RetentionGroup[] => [
  ...rules.map(({ match, keepMs }) => ({ match, keepMs })),
  { match: '', keepMs: defaultMs },
];

/** Says of which group, by its place in `groupsOf`, a series is. */
export function groupChooser({ rules }: MetricRetention): (labels: Labels) => number {
  const tests = rules.map(({ matchers }) => compileMatchers(matchers));
  return (labels) => {
    const found = tests.findIndex((accepts) => accepts(labels));
    return found < 0 ? rules.length : found;
  };
}

/** A day (UTC) as ClickHouse names its partition: 20260601. */
export type Day = number;

export const dayOf = (time: number): Day => Number(new Date(time).toISOString().slice(0, 10).replaceAll('-', ''));

/** Unix milliseconds of the first instant after the day. */
export const endOf = (day: Day): number =>
  Date.UTC(Math.floor(day / 10_000), (Math.floor(day / 100) % 100) - 1, day % 100) + DAY_MS;

export function hoursOf(day: Day): HourSet {
  const after = endOf(day) / HOUR_MS;
  return hoursBetween(after - 24, after - 1);
}

/** 2026-06-01 */
export const showDay = (day: Day): string => new Date(endOf(day) - DAY_MS).toISOString().slice(0, 10);

/** The first instant (Unix milliseconds) of which samples are still kept: of the day that `keepMs` before now is in. */
export const keptSince = (keepMs: number, now: number): number =>
  keepMs === 0 ? 0 : Math.max(0, Math.floor((now - keepMs) / DAY_MS) * DAY_MS);

export interface RetentionPlan {
  /** Days of which nothing is kept any more. */
  readonly drop: readonly Day[];
  /** Days of which only some is kept, with the groups whose samples go. */
  readonly clear: readonly { readonly day: Day; readonly groups: readonly number[] }[];
  /** Unix milliseconds at which the next of these days has something to go; null when none ever will. */
  readonly nextAt: number | null;
}

/** A sample goes when its whole day is older than its group is kept: never earlier, and at most a day later. */
export function planRetention(days: readonly Day[], groups: readonly RetentionGroup[], now: number): RetentionPlan {
  const drop: Day[] = [];
  const clear: { day: Day; groups: number[] }[] = [];
  let nextAt = Number.POSITIVE_INFINITY;
  for (const day of days) {
    const due = groups.map(({ keepMs }) => (keepMs === 0 ? Number.POSITIVE_INFINITY : endOf(day) + keepMs));
    const expired = [...due.keys()].filter((group) => due[group]! <= now);
    if (expired.length === groups.length) drop.push(day);
    else if (expired.length > 0) clear.push({ day, groups: expired });
    for (const at of due) if (at > now && at < nextAt) nextAt = at;
  }
  return { drop, clear, nextAt: nextAt === Number.POSITIVE_INFINITY ? null : nextAt };
}

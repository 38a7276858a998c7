import type { Labels } from '@nightshift/wire';

export type AlertState = 'pending' | 'firing' | 'resolved';

/** One label set of an alerting rule. Times are Unix milliseconds; `value` is that of the last evaluation that had it. */
export interface Alert {
  readonly labels: Labels;
  readonly state: AlertState;
  readonly activeAt: number;
  readonly firedAt: number | null;
  readonly resolvedAt: number | null;
  /** The last evaluation in which the expression held. */
  readonly lastTrueAt: number;
  readonly value: number;
}

export interface AlertTimes {
  readonly forMs: number;
  readonly keepFiringMs: number;
}

/** A resolved alert is still shown for this long, as in Prometheus, so that a receiver that was away learns of it. */
const resolvedRetentionMs = 15 * 60 * 1000;

/**
 * What becomes of an alert in one evaluation: `value` is what the expression gave for its labels, undefined if nothing.
 * Returns undefined when the alert is over and forgotten. A condition that comes back after it resolved starts anew.
 */
export function nextAlert(
  before: Alert | undefined,
  labels: Labels,
  value: number | undefined,
  at: number,
  { forMs, keepFiringMs }: AlertTimes,
): Alert | undefined {
  if (value !== undefined) {
    const going = before && before.state !== 'resolved' ? before : undefined;
    const activeAt = going?.activeAt ?? at;
    const fires = going?.state === 'firing' || at - activeAt >= forMs;
    return {
      labels,
      value,
      activeAt,
      state: fires ? 'firing' : 'pending',
      firedAt: fires ? (going?.firedAt ?? at) : null,
      resolvedAt: null,
      lastTrueAt: at,
    };
  }
  if (!before || before.state === 'pending') return undefined;
  if (before.state === 'resolved') {
    return at - (before.resolvedAt ?? at) > resolvedRetentionMs ? undefined : before;
  }
  if (keepFiringMs > 0 && at - before.lastTrueAt < keepFiringMs) return before;
  return { ...before, state: 'resolved', resolvedAt: at };
}

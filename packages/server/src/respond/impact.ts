import type { Impact } from '../api/api.ts';
import type { IncidentFacts } from './incident-facts.ts';

/**
 * What users felt of the bad release. Counts come from the traffic of each second, or from the failed exchanges while the
 * traffic is not in. `secondsDegraded` is the number of seconds in which at least one user was given a failure: seconds in
 * which the last good version answered for the bad one do not count; the same seconds are taken from the budget.
 * `detectedMs` and `restoredMs` run from the first failure; null while that has not happened. `visibleIdempotent` counts
 * reported exchanges and is a lower bound beyond the gateway's first 100 failures.
 */
export function incidentImpact(facts: IncidentFacts, budgetSeconds: number): Impact {
  const sum = (field: 'requests' | 'failed' | 'saved' | 'visible') =>
    facts.traffic.reduce((n, event) => n + event[field], facts.earlierTraffic?.[field] ?? 0);
  const visible = facts.exchanges.filter((exchange) => exchange.visible);
  const secondsOf = (events: readonly { at: number }[]) => new Set(events.map(({ at }) => Math.floor(at / 1000))).size;
  // Not joined: the traffic of a second is reported at its end, under the next second's number.
  const degraded = Math.max(secondsOf(facts.traffic.filter((event) => event.visible > 0)), secondsOf(visible));
  const failed = Math.max(sum('failed'), facts.failureCount, facts.exchanges.length);
  const since = (at: number | undefined) =>
    at === undefined || facts.firstFailureAt === null ? null : Math.max(0, at - facts.firstFailureAt);
  return {
    requests: Math.max(sum('requests'), failed),
    failed,
    saved: Math.max(sum('saved'), facts.exchanges.filter(({ savedBy, visible }) => savedBy && !visible).length),
    visible: Math.max(sum('visible'), visible.length),
    visibleIdempotent: visible.filter(({ idempotent }) => idempotent).length,
    secondsDegraded: degraded,
    detectedMs: since(facts.verdict?.at ?? facts.failed?.at ?? facts.rollback?.at ?? facts.withheld?.at),
    restoredMs: since(facts.rollback?.at),
    budgetSeconds,
    budgetUsedSeconds: degraded,
  };
}

import type { GatewayEvent } from '@nightshift/gateway/protocol';

export type TrafficEvent = Extract<GatewayEvent, { kind: 'traffic' }>;

/** What two traffic events of a release say together, in the place of the later one. */
export function sumOfTraffic(earlier: TrafficEvent, later: TrafficEvent): TrafficEvent {
  return {
    ...later,
    requests: earlier.requests + later.requests,
    failed: earlier.failed + later.failed,
    saved: earlier.saved + later.saved,
    visible: earlier.visible + later.visible,
    byStatus: sumByKey(earlier.byStatus, later.byStatus),
    byMethod: sumByKey(earlier.byMethod, later.byMethod),
    latencyCounts: Array.from(
      { length: Math.max(earlier.latencyCounts.length, later.latencyCounts.length) },
      (_, i) => (earlier.latencyCounts[i] ?? 0) + (later.latencyCounts[i] ?? 0),
    ),
    latencySumMs: earlier.latencySumMs + later.latencySumMs,
  };
}

function sumByKey(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sums = { ...a };
  for (const [key, n] of Object.entries(b)) sums[key] = (sums[key] ?? 0) + n;
  return sums;
}

import { type GatewayEvent, LATENCY_BOUNDS_MS } from '@nightshift/gateway/protocol';
import type { WriteSeries } from '@nightshift/wire';

type Traffic = Extract<GatewayEvent, { kind: 'traffic' }>;

export interface TrafficLabels {
  readonly service: string;
  readonly version: string;
  readonly environment: string;
  readonly release: string;
}

const BOUNDS_SECONDS = [...LATENCY_BOUNDS_MS.map((ms) => String(ms / 1000)), '+Inf'];

/**
 * Cumulative counters of one release. Folded over the release's traffic events in order of seq it gives the same samples
 * for the same event at every time, so that an event which is delivered twice writes nothing new.
 */
export class TrafficTotals {
  readonly #byStatus = new Map<string, number>();
  readonly #buckets: number[] = BOUNDS_SECONDS.map(() => 0);
  #failed = 0;
  #saved = 0;
  #sumMs = 0;
  #events = 0;
  #newStatuses = new Set<string>();

  add(event: Traffic): void {
    this.#events++;
    this.#newStatuses = new Set(Object.keys(event.byStatus).filter((status) => !this.#byStatus.has(status)));
    for (const [status, count] of Object.entries(event.byStatus)) {
      this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + count);
    }
    let cumulative = 0;
    for (let i = 0; i < this.#buckets.length; i++) {
      cumulative += event.latencyCounts[i] ?? 0;
      this.#buckets[i]! += cumulative;
    }
    this.#failed += event.failed;
    this.#saved += event.saved;
    this.#sumMs += event.latencySumMs;
  }

  /**
   * One sample per series at `timestamp` (Unix milliseconds). A series that the last event began also has a zero a second
   * before: without it, a rate never sees what happened in the first second, which is all that a bad version may live.
   */
  series(labels: TrafficLabels, timestamp: number): WriteSeries[] {
    const one = (
      name: string,
      value: number,
      extra: readonly [string, string][] = [],
      begins = this.#events === 1,
    ): WriteSeries => ({
      labels: sortedLabels([['__name__', name], ...Object.entries(labels), ...extra]),
      samples: [...(begins ? [{ timestamp: timestamp - 1000, value: 0 }] : []), { timestamp, value }],
    });
    const seconds = 'nightshift_gateway_request_duration_seconds';
    return [
      ...[...this.#byStatus].map(([status, n]) =>
        one('nightshift_gateway_requests_total', n, [['status', status]], this.#newStatuses.has(status)),
      ),
      one('nightshift_gateway_failures_total', this.#failed),
      one('nightshift_gateway_saved_total', this.#saved),
      ...this.#buckets.map((n, i) => one(`${seconds}_bucket`, n, [['le', BOUNDS_SECONDS[i]!]])),
      one(`${seconds}_sum`, this.#sumMs / 1000),
      one(`${seconds}_count`, this.#buckets.at(-1)!),
    ];
  }
}

function sortedLabels(pairs: readonly (readonly [string, string])[]): Map<string, string> {
  return new Map(
    pairs.filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) as [string, string][],
  );
}

import { emptyLatencyCounts, latencyBucket } from './counts.ts';
import type { UnnumberedEvent } from './journal.ts';

type TrafficEvent = Extract<UnnumberedEvent, { kind: 'traffic' }>;

/** One finished request, attributed to the version that was asked first. */
export interface FinishedRequest {
  readonly release: string;
  readonly method: string;
  /** What that version answered; 502 or 504 where it did not. */
  readonly status: number;
  readonly failed: boolean;
  readonly saved: boolean;
  readonly visible: boolean;
  readonly latencyMs: number;
}

/** Adds up requests per release and second. */
export class Traffic {
  readonly #byRelease = new Map<string, { -readonly [K in keyof TrafficEvent]: TrafficEvent[K] }>();
  readonly #service: string;

  constructor(service: string) {
    this.#service = service;
  }

  add(request: FinishedRequest): void {
    let second = this.#byRelease.get(request.release);
    if (!second) {
      second = this.#empty(request.release);
      this.#byRelease.set(request.release, second);
    }
    second.requests++;
    if (request.failed) second.failed++;
    if (request.saved) second.saved++;
    if (request.visible) second.visible++;
    const byStatus = second.byStatus as Record<string, number>;
    byStatus[request.status] = (byStatus[request.status] ?? 0) + 1;
    const byMethod = second.byMethod as Record<string, number>;
    byMethod[request.method] = (byMethod[request.method] ?? 0) + 1;
    (second.latencyCounts as number[])[latencyBucket(request.latencyMs)]!++;
    second.latencySumMs += request.latencyMs;
  }

  /** What was added since the last call, one event per release. */
  take(at: number): TrafficEvent[] {
    const events = [...this.#byRelease.values()].map((second) => ({ ...second, at }));
    this.#byRelease.clear();
    return events;
  }

  #empty(release: string): TrafficEvent {
    return {
      kind: 'traffic',
      at: 0,
      service: this.#service,
      release,
      requests: 0,
      failed: 0,
      saved: 0,
      visible: 0,
      byStatus: {},
      byMethod: {},
      latencyCounts: emptyLatencyCounts(),
      latencySumMs: 0,
    };
  }
}

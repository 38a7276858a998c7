import type { Baseline } from '@nightshift/guard';
import { LATENCY_BOUNDS_MS } from './protocol.ts';

/** Index into latency counts: the first bucket whose upper bound is not exceeded, else the overflow bucket. */
export function latencyBucket(ms: number): number {
  for (let i = 0; i < LATENCY_BOUNDS_MS.length; i++) if (ms <= LATENCY_BOUNDS_MS[i]!) return i;
  return LATENCY_BOUNDS_MS.length;
}

export function emptyLatencyCounts(): number[] {
  return new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0);
}

/** The record of one version's own traffic, from which its successor is judged. */
export class Counts {
  requests = 0;
  failures = 0;
  readonly latency: number[] = emptyLatencyCounts();

  static of(baseline: Baseline): Counts {
    const counts = new Counts();
    counts.requests = baseline.requests;
    counts.failures = baseline.failures;
    for (const i of counts.latency.keys()) counts.latency[i] = baseline.latencyCounts[i] ?? 0;
    return counts;
  }

  add(failed: boolean, latencyMs: number): void {
    this.requests++;
    if (failed) this.failures++;
    this.latency[latencyBucket(latencyMs)]!++;
  }

  toBaseline(): Baseline {
    const { requests, failures } = this;
    return { requests, failures, latencyBounds: LATENCY_BOUNDS_MS, latencyCounts: [...this.latency] };
  }
}

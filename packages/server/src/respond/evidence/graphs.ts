import { type GatewayEvent, LATENCY_BOUNDS_MS } from '@nightshift/gateway/protocol';
import type { Graph } from '../../api/api.ts';

type Traffic = Extract<GatewayEvent, { kind: 'traffic' }>;

export interface GraphVersion {
  readonly release: string;
  readonly name: string;
}

const MARGIN_MS = 120_000;
const LONGEST_S = 3_600;

/**
 * Requests, failures and latency per second and version, from two minutes before `from` to two minutes after `to` (Unix
 * ms; one point a second, at most an hour). A second without traffic has no ratio and no latency, and 0 requests.
 */
export function beforeAndAfter(
  events: readonly GatewayEvent[],
  versions: readonly GraphVersion[],
  { from, to }: { from: number; to: number },
): Graph[] {
  const start = Math.floor((from - MARGIN_MS) / 1000);
  const seconds = Math.min(LONGEST_S, Math.floor((to + MARGIN_MS) / 1000) - start) + 1;
  const t = Array.from({ length: seconds }, (_, i) => (start + i) * 1000);
  const rows = versions.map(({ release, name }) => ({ name, traffic: bySecond(events, release) }));
  const graph = (title: string, unit: Graph['unit'], lines: Graph['lines']): Graph => ({ title, unit, t, lines });
  const line = (
    name: string,
    traffic: Map<number, Traffic[]>,
    value: (events: readonly Traffic[]) => number | null,
  ) => ({
    name,
    values: t.map((at) => value(traffic.get(at / 1000) ?? [])),
  });
  return [
    graph(
      'Requests per second',
      'requests/s',
      rows.map(({ name, traffic }) => line(name, traffic, (e) => sum(e, 'requests'))),
    ),
    graph(
      'Failed requests per second',
      'requests/s',
      rows.map(({ name, traffic }) => line(name, traffic, (e) => sum(e, 'failed'))),
    ),
    graph(
      'Share of requests that failed',
      'ratio',
      rows.map(({ name, traffic }) => line(name, traffic, errorRatio)),
    ),
    graph(
      'Time to answer',
      'ms',
      rows.flatMap(({ name, traffic }) => [
        line(`${name} p50`, traffic, (e) => latency(e, 0.5)),
        line(`${name} p99`, traffic, (e) => latency(e, 0.99)),
      ]),
    ),
  ];
}

function bySecond(events: readonly GatewayEvent[], release: string): Map<number, Traffic[]> {
  const seconds = new Map<number, Traffic[]>();
  for (const event of events) {
    if (event.kind !== 'traffic' || event.release !== release) continue;
    const second = Math.floor(event.at / 1000);
    seconds.set(second, [...(seconds.get(second) ?? []), event]);
  }
  return seconds;
}

function sum(events: readonly Traffic[], field: 'requests' | 'failed'): number {
  return events.reduce((total, event) => total + event[field], 0);
}

function errorRatio(events: readonly Traffic[]): number | null {
  const requests = sum(events, 'requests');
  return requests === 0 ? null : sum(events, 'failed') / requests;
}

function latency(events: readonly Traffic[], q: number): number | null {
  const counts = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, (_, i) =>
    events.reduce((total, event) => total + (event.latencyCounts[i] ?? 0), 0),
  );
  return histogramQuantile(q, counts);
}

/**
 * The quantile of a histogram over LATENCY_BOUNDS_MS, straight within a bucket as Prometheus' histogram_quantile; the
 * highest bound for values above it, null for no values. Milliseconds.
 */
export function histogramQuantile(q: number, counts: readonly number[]): number | null {
  const total = counts.reduce((a, b) => a + b, 0);
  if (total === 0) return null;
  let below = 0;
  for (let i = 0; i < LATENCY_BOUNDS_MS.length; i++) {
    const inside = counts[i] ?? 0;
    if (below + inside >= q * total && inside > 0) {
      const lower = LATENCY_BOUNDS_MS[i - 1] ?? 0;
      return lower + (LATENCY_BOUNDS_MS[i]! - lower) * ((q * total - below) / inside);
    }
    below += inside;
  }
  return LATENCY_BOUNDS_MS.at(-1)!;
}

import type { Handler, Nightshift } from '@nightshift/node';

/** What is there for those who run the application, by path. METRICS_DASHBOARD_TOKEN opens the first two. */
export function operationsOf(ns: Nightshift): ReadonlyMap<string, Handler> {
  return new Map([
    ['/dashboard', ns.dashboard()],
    ['/metrics', ns.metrics()],
    ['/health/live', ns.health.live()],
    ['/health/ready', ns.health.ready({}, { sigterm: true })],
  ]);
}

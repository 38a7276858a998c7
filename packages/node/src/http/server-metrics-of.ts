import type { Hub } from '../core/hub.ts';
import type { Meters } from '../metrics/meters.ts';
import { ServerMetrics } from './server-metrics.ts';

/** All versions of HTTP count in the same metrics, which a registry takes once. */
const made = new WeakMap<Meters, ServerMetrics>();

export function serverMetricsOf({ meters }: Hub): ServerMetrics {
  const known = made.get(meters) ?? new ServerMetrics(meters);
  made.set(meters, known);
  return known;
}

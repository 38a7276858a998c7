import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import type { Hub } from '../core/hub.ts';

const KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

export function watchGarbageCollection(hub: Hub): () => void {
  const name = 'nodejs_gc_duration_seconds';
  const took = hub.meters.histogram({
    name,
    help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
    labels: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1, 2, 5],
  });
  const observer = new PerformanceObserver((list) =>
    hub.guard.run(
      'runtime.gc',
      () => {
        for (const entry of list.getEntries() as (PerformanceEntry & { detail?: { kind?: number } })[]) {
          took.observe([KINDS[entry.detail?.kind ?? 0] ?? 'other'], entry.duration / 1000);
        }
      },
      undefined,
    ),
  );
  observer.observe({ entryTypes: ['gc'] });
  return () => {
    observer.disconnect();
    hub.meters.registry.removeSingleMetric(name);
  };
}

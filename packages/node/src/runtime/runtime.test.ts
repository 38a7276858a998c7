import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { start } from '../core/start.ts';
import { runtime } from './runtime.ts';

function watched() {
  return start({ options: {}, environment: {}, instrumentations: [runtime], say: () => {} });
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

async function valueIn(hub: ReturnType<typeof watched>, name: string, labels: Readonly<Record<string, string>> = {}) {
  const metric = await hub.meters.registry.getSingleMetric(name)!.get();
  return metric.values.find((value) => Object.entries(labels).every(([key, one]) => value.labels[key] === one))?.value;
}

describe('the runtime', () => {
  it('has the names of prom-client’s default metrics, save what only Linux has there', async () => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const wanted = registry.getMetricsAsArray().map(({ name }) => name);
    const hub = watched();
    const found = hub.meters.registry.getMetricsAsArray().map(({ name }) => name);
    hub.stop();
    expect(wanted.filter((name) => !found.includes(name)).sort()).toEqual([
      'nodejs_active_handles',
      'nodejs_active_requests',
      'nodejs_active_requests_total',
      'process_heap_bytes',
      'process_max_fds',
      'process_open_fds',
      'process_virtual_memory_bytes',
    ]);
  });

  it('shows a blocked event loop, and at the next look one that is not', async () => {
    const hub = watched();
    await wait(60);
    await valueIn(hub, 'nodejs_eventloop_lag_max_seconds');
    await wait(120);
    block(300);
    await wait(60);
    expect(await valueIn(hub, 'nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.2);
    expect(await valueIn(hub, 'nodejs_eventloop_utilization')).toBeGreaterThan(0.3);
    await wait(400);
    expect(await valueIn(hub, 'nodejs_eventloop_lag_max_seconds')).toBeLessThan(0.2);
    const active = { nodejs_eventloop_state: 'active' };
    expect(await valueIn(hub, 'nodejs_eventloop_time_seconds_total', active)).toBeGreaterThan(0.3);
    hub.stop();
  });

  it('shows memory, processor, garbage collection and handles', async () => {
    const hub = watched();
    const before = (await valueIn(hub, 'process_cpu_seconds_total'))!;
    block(50);
    for (let i = 0; i < 200; i++) new Array(100_000).fill({});
    await wait(150);
    expect((await valueIn(hub, 'process_cpu_seconds_total'))! - before).toBeGreaterThan(0.03);
    expect(await valueIn(hub, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(await valueIn(hub, 'nodejs_heap_space_size_used_bytes', { space: 'old' })).toBeGreaterThan(0);
    expect(await valueIn(hub, 'nodejs_active_resources_total')).toBeGreaterThan(0);
    const collected = await hub.meters.registry.getSingleMetric('nodejs_gc_duration_seconds')!.get();
    expect(collected.values.length).toBeGreaterThan(0);
    expect(hub.guard.counts().size).toBe(0);
    hub.stop();
    expect(hub.meters.registry.getMetricsAsArray()).toEqual([]);
  });
});

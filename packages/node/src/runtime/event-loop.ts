import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Hub } from '../core/hub.ts';
import { gauges, total } from './registered.ts';

/** A timer of this period measures how late it is: fifty times a second costs well under a thousandth of a processor. */
const RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;

/** Delays are what a timer was late, over the time since the exposition before. */
export function watchEventLoop(hub: Hub): () => void {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  const late = (ns: number) => (Number.isFinite(ns) ? Math.max(0, ns / NANOSECONDS - RESOLUTION_MS / 1000) : 0);
  let before: EventLoopUtilization = performance.eventLoopUtilization();
  const read = () => {
    const quantiles = Object.fromEntries([50, 90, 99].map((p) => [`p${p}`, late(histogram.percentile(p))]));
    const { min, max, mean, stddev, count } = histogram;
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    histogram.reset();
    return {
      ...quantiles,
      min: count === 0 ? 0 : late(min),
      max: count === 0 ? 0 : late(max),
      mean: late(mean),
      stddev: Number.isFinite(stddev) ? stddev / NANOSECONDS : 0,
      utilization,
    } as Readonly<Record<string, number>>;
  };
  const delay = (key: string, help: string) => ({
    name: `nodejs_eventloop_lag_${key}_seconds`,
    help,
    value: (reading: Readonly<Record<string, number>>) => reading[key] ?? 0,
  });
  const undo = [
    gauges(hub, read, [
      { name: 'nodejs_eventloop_lag_seconds', help: 'Lag of event loop in seconds.', value: ({ mean = 0 }) => mean },
      delay('min', 'The minimum recorded event loop delay.'),
      delay('max', 'The maximum recorded event loop delay.'),
      delay('mean', 'The mean of the recorded event loop delays.'),
      delay('stddev', 'The standard deviation of the recorded event loop delays.'),
      delay('p50', 'The 50th percentile of the recorded event loop delays.'),
      delay('p90', 'The 90th percentile of the recorded event loop delays.'),
      delay('p99', 'The 99th percentile of the recorded event loop delays.'),
      {
        name: 'nodejs_eventloop_utilization',
        help: 'Share of the time in which the event loop was active.',
        value: ({ utilization = 0 }) => utilization,
      },
    ]),
    total(
      hub,
      {
        name: 'nodejs_eventloop_time_seconds_total',
        help: 'Time that the event loop has been in each state.',
        label: 'nodejs_eventloop_state',
      },
      () => {
        const { active, idle } = performance.eventLoopUtilization();
        return { active: active / 1000, idle: idle / 1000 };
      },
    ),
  ];
  return () => {
    histogram.disable();
    for (const back of undo) back();
  };
}

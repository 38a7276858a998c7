import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** How the process did since the last reading. Bytes, and milliseconds of the delay of the event loop. */
export interface RuntimeReading {
  readonly delayP99: number;
  readonly delayMaximum: number;
  /** Share of the time in which the event loop had something to do, 0 to 1. */
  readonly utilization: number;
  readonly rss: number;
  readonly heapUsed: number;
}

const RESOLUTION_MS = 20;

export interface RuntimeReader {
  read(): RuntimeReading;
  close(): void;
}

export function createRuntimeReader(): RuntimeReader {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  return {
    read() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      const { rss, heapUsed } = process.memoryUsage();
      // What Node measures is the time between two looks at the clock, which without any delay is the resolution.
      const beyond = (nanoseconds: number) => Math.max(0, (nanoseconds || 0) / 1e6 - RESOLUTION_MS);
      const reading = {
        delayP99: delay.count === 0 ? 0 : beyond(delay.percentile(99)),
        delayMaximum: delay.count === 0 ? 0 : beyond(delay.max),
        utilization,
        rss,
        heapUsed,
      };
      delay.reset();
      return reading;
    },
    close: () => void delay.disable(),
  };
}

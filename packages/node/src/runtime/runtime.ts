/**
 * The process itself: event loop, memory, garbage collection, processor. Names are those of prom-client's default metrics,
 * and for utilization and times of the loop those of OpenTelemetry's `nodejs.*`
 * (https://opentelemetry.io/docs/specs/semconv/runtime/nodejs-metrics/). All but garbage collection is asked for at an
 * exposition or a push only.
 */
import type { Hub, Instrumentation } from '../core/hub.ts';
import { watchEventLoop } from './event-loop.ts';
import { watchGarbageCollection } from './garbage-collection.ts';
import { watchMemory } from './memory.ts';
import { watchProcess } from './process.ts';

const WATCHED: readonly ((hub: Hub) => () => void)[] = [
  watchEventLoop,
  watchMemory,
  watchGarbageCollection,
  watchProcess,
];

export const runtime: Instrumentation = {
  name: 'runtime',
  install(hub) {
    const undo = WATCHED.map((watch) => watch(hub));
    return () => {
      for (const back of undo) back();
    };
  },
};

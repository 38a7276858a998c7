/** A library that is started for one test, and what it has seen. */
import { vi } from 'vitest';
import type { Options } from '../../src/config/keys.ts';
import type { Instrumentation, ModuleInstrumentation } from '../../src/core/hub.ts';
import { type Started, start } from '../../src/core/start.ts';
import { hookModules } from '../../src/modules/hooks.ts';
import type { FinishedSpan } from '../../src/tracing/own-tracer.ts';

export interface Watching {
  readonly hub: Started;
  readonly spans: FinishedSpan[];
  /** Names of the operations of a kind, as `name` or `name!` for those that failed, the first ones first. */
  operations(kind: string): readonly string[];
  /** The value of a series in the exposition, 0 if there is none. */
  metric(series: string): Promise<number>;
  /** Every place of the guard that was passed. */
  readonly places: ReadonlySet<string>;
  stop(): void;
}

export interface Watched {
  readonly modules?: readonly ModuleInstrumentation[];
  readonly instrumentations?: readonly Instrumentation[];
  readonly options?: Options;
  /** Every part of the library throws wherever it is entered. */
  readonly broken?: boolean;
}

export function watching({ modules = [], instrumentations = [], options = {}, broken = false }: Watched): Watching {
  const spans: FinishedSpan[] = [];
  const seen: { kind: string; name: string; failed: boolean }[] = [];
  const places = new Set<string>();
  const hub = start({ options, environment: {}, instrumentations, say: () => {} });
  hub.onSpan((span) => spans.push(span));
  const { recorder } = hub;
  const record = recorder.record;
  Object.assign(recorder, {
    record: (operation: Parameters<typeof record>[0]) => {
      seen.push(operation);
      record(operation);
    },
  });
  const hooks = hookModules(hub, modules);
  hub.guard.inject = (place) => {
    places.add(place);
    if (broken && !place.startsWith('modules.')) throw new Error(`injected in ${place}`);
  };
  return {
    hub,
    spans,
    places,
    operations: (kind) => seen.filter((one) => one.kind === kind).map(({ name, failed }) => name + (failed ? '!' : '')),
    async metric(series) {
      const text = await hub.meters.registry.metrics();
      const line = text.split('\n').find((one) => one.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.slice(series.length + 1).split(' ')[0]);
    },
    stop() {
      hub.guard.inject = undefined;
      hooks.undo();
      hub.stop();
    },
  };
}

/** Reasons of unhandled rejections from `work` on, until there are so many, and a little longer for one too many. */
export async function unhandledWhile(count: number, work: () => Promise<unknown>): Promise<unknown[]> {
  const reasons: unknown[] = [];
  const listener = (reason: unknown) => void reasons.push(reason);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', listener);
  try {
    await work();
    await vi.waitUntil(() => reasons.length >= count, { timeout: 10_000, interval: 10 }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    process.removeListener('unhandledRejection', listener);
    for (const other of others) process.on('unhandledRejection', other);
  }
  return reasons;
}

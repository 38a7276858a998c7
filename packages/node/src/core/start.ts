/** Puts the library together for one process. */
import { createBuffer, type OperationBuffer } from '../buffer/buffer.ts';
import type { Options } from '../config/keys.ts';
import { loadConfig, type Shown } from '../config/load.ts';
import type { LogRecord } from '../logs/record.ts';
import { createLogSink } from '../logs/sink.ts';
import { createMeters } from '../metrics/prom-meters.ts';
import { createTracer, type FinishedSpan } from '../tracing/own-tracer.ts';
import { createGuard } from './guard.ts';
import type { Hub, Instrumentation } from './hub.ts';

export interface Started extends Hub {
  readonly recorder: OperationBuffer;
  /** Every effective setting and where it came from. */
  readonly shown: readonly Shown[];
  /** What was wrong in the environment. */
  readonly complaints: readonly string[];
  /** Whoever wants the spans of sampled traces; none of them may throw or wait. */
  readonly onSpan: (listener: (span: FinishedSpan) => void) => void;
  /** Whoever wants what the application logs; none of them may throw or wait. */
  readonly onLog: (listener: (record: LogRecord) => void) => void;
  /** Takes back what was installed, the last one first. Idempotent. */
  stop(): void;
}

export interface StartOptions {
  readonly options: Options;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly instrumentations: readonly Instrumentation[];
  /** Names that `without` may have; any, where they are not given. */
  readonly parts?: readonly string[];
  /** Where the few things are said that the library says by itself: standard error. */
  readonly say: (message: string) => void;
}

/** Throws OptionsError; whatever else goes wrong is reported by the guard, and that part is left out. */
export function start({ options, environment, instrumentations, parts, say }: StartOptions): Started {
  const { values: settings, shown, complaints } = loadConfig(options, environment, parts);
  for (const complaint of complaints) say(`@nightshift/node: ${complaint}`);
  const guard = createGuard(say);
  const meters = createMeters(guard);
  const listeners: ((span: FinishedSpan) => void)[] = [];
  const finished = (span: FinishedSpan) => {
    for (const listener of listeners) listener(span);
  };
  const tracer = createTracer({ rate: settings.traceRate, finished, isHeard: () => listeners.length > 0, guard });
  const logs = createLogSink();
  const recorder = createBuffer({ settings, guard, now: Date.now });
  const hub: Hub = { settings, guard, recorder, meters, tracer, logs };
  const undo: (() => void)[] = [];
  if (settings.enabled) {
    for (const { name, install } of instrumentations) {
      if (settings.without.includes(name)) continue;
      undo.push(
        guard.run(
          `install.${name}`,
          () => install(hub),
          () => {},
        ),
      );
    }
  }
  return {
    ...hub,
    recorder,
    shown,
    complaints,
    onSpan: (listener) => void listeners.push(listener),
    onLog: logs.listen,
    stop() {
      for (const back of undo.splice(0).reverse()) guard.run('stop', back, undefined);
    },
  };
}

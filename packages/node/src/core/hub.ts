/** What every instrumentation is given: the parts of the library by their contracts. */
import type { Settings } from '../config/settings.ts';
import type { LogSink } from '../logs/record.ts';
import type { Meters } from '../metrics/meters.ts';
import type { Tracer } from '../tracing/tracer.ts';
import type { Guard } from './guard.ts';
import type { Recorder } from './operation.ts';

export interface Hub {
  readonly settings: Settings;
  readonly guard: Guard;
  readonly recorder: Recorder;
  readonly meters: Meters;
  readonly tracer: Tracer;
  readonly logs: LogSink;
}

/** Something that is watched in this process from when it is installed until the function it gives is called. */
export interface Instrumentation {
  readonly name: string;
  install(hub: Hub): () => void;
}

/** A package that is watched from when it is loaded, by `require` or `import`, or by `ns.instrument(exports)`. */
export interface ModuleInstrumentation {
  /** As it is imported: `pg`, `@aws-sdk/client-s3`. */
  readonly module: string;
  /** Changes the exports in place and gives the way back. Called once for each copy of the package that is loaded. */
  patch(exports: unknown, hub: Hub): () => void;
}

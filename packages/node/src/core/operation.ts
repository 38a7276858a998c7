import type { SpanIds } from '../tracing/tracer.ts';

/** `http`, `database`, `render`, or a kind of the application's own. */
export type Kind = string;

/** One finished piece of work, as it is offered to the buffer. Metrics have counted it already; the buffer samples. */
export interface Operation {
  readonly kind: Kind;
  /** From a bounded set: `GET /users/:id`, `SELECT users`, the name given to `measure`. */
  readonly name: string;
  readonly seconds: number;
  readonly failed: boolean;
  /** Bounded, few. */
  readonly labels?: Readonly<Record<string, string>>;
  /** A normalised statement or the like; asked for only if the operation is kept. May throw. */
  readonly detail?: () => string;
  readonly span?: SpanIds | undefined;
}

/** Takes finished operations. Never throws, never waits. */
export interface Recorder {
  record(operation: Operation): void;
}

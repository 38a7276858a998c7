/** Spans as the instrumentations see them; cheap where a trace is not sampled. */

/** Ids in lower-case hex, 32 and 16 digits. */
export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export type AttributeValue = string | number | boolean | readonly string[];

export interface Span extends SpanIds {
  /** Attributes are named by OpenTelemetry's semantic conventions. Of no effect where the trace is not sampled. */
  set(name: string, value: AttributeValue): void;
  rename(name: string): void;
  /** Marks it failed; an Error becomes an exception event. */
  fail(error?: unknown): void;
  /** Something that happened meanwhile, at a time in Unix milliseconds, else now. */
  event(name: string, attributes?: Attributes, time?: number): void;
  /** Once; what comes later is ignored. `time` in Unix milliseconds, else now. */
  end(time?: number): void;
}

export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface SpanLink {
  readonly ids: SpanIds;
  readonly attributes: Attributes;
}

/** What only few spans have from the start. */
export interface SpanStart {
  /** Unix milliseconds. */
  readonly time?: number | undefined;
  readonly links?: readonly SpanLink[] | undefined;
  /** What is active is not its parent. */
  readonly root?: boolean | undefined;
}

export interface Tracer {
  /** A child of `parent`, else of the active span, else the root of a trace that is sampled at the set rate. */
  start(name: string, kind: SpanKind, parent?: SpanIds, more?: SpanStart): Span;
  active(): Span | undefined;
  /** Runs `work` with the span active (undefined: none), also in what it awaits. What `work` throws goes through. */
  run<T>(span: Span | undefined, work: () => T): T;
  /** Makes the span active, or none, for the rest of what Node calls at present; without a frame in the stacks to come. */
  enter(span: Span | undefined): void;
  /** Of a `traceparent` header (https://www.w3.org/TR/trace-context/); undefined for none or a bad one. */
  extract(traceparent: string | undefined): SpanIds | undefined;
  /** The `traceparent` to send along. */
  inject(span: SpanIds): string;
}

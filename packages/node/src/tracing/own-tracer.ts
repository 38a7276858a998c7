import { AsyncLocalStorage } from 'node:async_hooks';
import type { Guard } from '../core/guard.ts';
import { randomHex } from './ids.ts';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';
import type { Attributes, AttributeValue, Span, SpanIds, SpanKind, SpanLink, SpanStart, Tracer } from './tracer.ts';

/** A finished span of a sampled trace. Times in Unix milliseconds with fractions. */
export interface FinishedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly start: number;
  readonly end: number;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  readonly failed: boolean;
  readonly message: string;
  readonly exception: { readonly type: string; readonly message: string; readonly stack: string } | undefined;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

export interface SpanEvent {
  readonly name: string;
  /** Unix milliseconds with fractions. */
  readonly time: number;
  readonly attributes: Attributes;
}

export interface TracerOptions {
  /** Share of new traces that are sampled, 0 to 1; a trace that comes from elsewhere keeps what was decided there. */
  readonly rate: number;
  readonly finished: (span: FinishedSpan) => void;
  /** Whether anybody takes finished spans: where nobody does, no new trace is sampled. Somebody does unless told. */
  readonly isHeard?: () => boolean;
  readonly guard: Guard;
  readonly now?: () => number;
  readonly random?: () => number;
}

const MOST_ATTRIBUTES = 128;
const MOST_TEXT = 4096;
const MOST_EVENTS = 128;
const NO_EVENTS: readonly SpanEvent[] = [];
const NO_LINKS: readonly SpanLink[] = [];

const cut = (value: AttributeValue): AttributeValue => (typeof value === 'string' ? value.slice(0, MOST_TEXT) : value);

/** Carries the ids on, and nothing else: most requests have one of these. */
class UnsampledSpan implements Span {
  readonly sampled = false;
  private ownTrace: string | undefined;
  private own: string | undefined;

  /** Of a trace that comes from elsewhere. */
  constructor(trace?: string) {
    this.ownTrace = trace;
  }

  /** Made, as the other, only where somebody sends it on. */
  get traceId(): string {
    this.ownTrace ??= randomHex(16);
    return this.ownTrace;
  }

  get spanId(): string {
    this.own ??= randomHex(8);
    return this.own;
  }

  set(): void {}
  rename(): void {}
  fail(): void {}
  event(): void {}
  end(): void {}
}

class SampledSpan implements Span {
  readonly sampled = true;
  readonly spanId = randomHex(8);
  private readonly start: number;
  private readonly attributes = new Map<string, AttributeValue>();
  private failed = false;
  private message = '';
  private exception: FinishedSpan['exception'];
  private ended = false;
  private events: SpanEvent[] | undefined;
  private readonly links: readonly SpanLink[];

  constructor(
    readonly traceId: string,
    private readonly parentSpanId: string,
    private name: string,
    private readonly kind: SpanKind,
    private readonly options: Required<Pick<TracerOptions, 'finished' | 'guard' | 'now'>>,
    more: SpanStart | undefined,
  ) {
    this.start = more?.time ?? options.now();
    this.links = more?.links?.slice(0, MOST_EVENTS) ?? NO_LINKS;
  }

  set(name: string, value: AttributeValue): void {
    if (this.attributes.size < MOST_ATTRIBUTES || this.attributes.has(name)) this.attributes.set(name, cut(value));
  }

  rename(name: string): void {
    this.name = name;
  }

  fail(error?: unknown): void {
    this.failed = true;
    this.options.guard.run('span.fail', () => this.take(error), undefined);
  }

  /** The getters of an error may throw. */
  private take(error: unknown): void {
    if (error === undefined) return;
    const { name: type = '', message = '', stack = '' } = error instanceof Error ? error : { message: String(error) };
    this.message = message.slice(0, MOST_TEXT);
    this.exception = { type, message: this.message, stack: stack.slice(0, 2 * MOST_TEXT) };
  }

  event(name: string, attributes: Attributes = {}, time = this.options.now()): void {
    this.events ??= [];
    if (this.events.length >= MOST_EVENTS) return;
    const kept = Object.entries(attributes).slice(0, MOST_ATTRIBUTES);
    this.events.push({ name, time, attributes: Object.fromEntries(kept.map(([key, value]) => [key, cut(value)])) });
  }

  end(time = this.options.now()): void {
    if (this.ended) return;
    this.ended = true;
    this.options.guard.run('span.end', () => this.options.finished(this.finish(time)), undefined);
  }

  private finish(end: number): FinishedSpan {
    return {
      traceId: this.traceId,
      spanId: this.spanId,
      parentSpanId: this.parentSpanId,
      name: this.name,
      kind: this.kind,
      start: this.start,
      end,
      attributes: this.attributes,
      failed: this.failed,
      message: this.message,
      exception: this.exception,
      events: this.events ?? NO_EVENTS,
      links: this.links,
    };
  }
}

const storage = new AsyncLocalStorage<Span | undefined>();

/** Milliseconds since 1970 with fractions that do not jump with the wall clock within one process. */
const preciseNow = (): number => performance.timeOrigin + performance.now();

export function createTracer(given: TracerOptions): Tracer {
  const { rate, isHeard = () => true, random = Math.random, now = preciseNow, ...rest } = given;
  const options = { ...rest, now };
  return {
    start(name, kind, from, more) {
      const parent = from ?? (more?.root ? undefined : storage.getStore());
      if (parent) {
        if (!parent.sampled) return new UnsampledSpan(parent.traceId);
        return new SampledSpan(parent.traceId, parent.spanId, name, kind, options, more);
      }
      if (!isHeard() || (rate < 1 && random() >= rate)) return new UnsampledSpan();
      return new SampledSpan(randomHex(16), '', name, kind, options, more);
    },
    active: () => storage.getStore(),
    run: (span, work) => storage.run(span, work),
    enter: (span) => storage.enterWith(span as Span),
    extract: (traceparent) => (traceparent ? parseTraceparent(traceparent) : undefined),
    inject: (span: SpanIds) => formatTraceparent(span),
  };
}

/** Spans of this tracer as `@opentelemetry/api` has them, and the other way round. */
import {
  type Attributes as ApiAttributes,
  type SpanContext as ApiIds,
  type SpanKind as ApiKind,
  type Link as ApiLink,
  type Span as ApiSpan,
  type Tracer as ApiTracer,
  type AttributeValue as ApiValue,
  type Context,
  type ContextManager,
  createContextKey,
  type Exception,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type SpanOptions,
  type SpanStatus,
  type TimeInput,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import type { Guard } from '../core/guard.ts';
import { tellAttribute } from './span-attributes.ts';
import type { Attributes, AttributeValue, Span, SpanIds, SpanKind, SpanLink, Tracer } from './tracer.ts';

/** By the numbers of the API. */
const KINDS: readonly SpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer'];
const STATUS_ERROR = 2;
const MOST_VALUES = 128;

/** As the SDK has it: what is done with this key set is not to be traced. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** The span of the API for one of ours, and ours for one of the API; one each for as long as it lives. */
const toApi = new WeakMap<Span, ApiSpan>();
const toOwn = new WeakMap<ApiSpan, Span>();

function pair(own: Span, api: ApiSpan): ApiSpan {
  toApi.set(own, api);
  toOwn.set(api, own);
  return api;
}

export const apiSpanOf = (own: Span, guard: Guard): ApiSpan =>
  toApi.get(own) ?? pair(own, new SpanOfApi(own, guard, undefined));

/** A span that somebody else made, as one from a header, is carried: it can be a parent. */
export function ownSpanOf(api: ApiSpan): Span {
  const known = toOwn.get(api);
  if (known) return known;
  const own = new CarriedSpan(idsOf(api.spanContext()));
  pair(own, api);
  return own;
}

const idsOf = ({ traceId, spanId, traceFlags }: ApiIds): SpanIds => ({
  traceId,
  spanId,
  sampled: (traceFlags & 1) === 1,
});

class CarriedSpan implements Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;

  constructor({ traceId, spanId, sampled }: SpanIds) {
    this.traceId = traceId;
    this.spanId = spanId;
    this.sampled = sampled;
  }

  set(): void {}
  rename(): void {}
  fail(): void {}
  event(): void {}
  end(): void {}
}

class SpanOfApi implements ApiSpan {
  private isEnded = false;

  constructor(
    private readonly own: Span,
    private readonly guard: Guard,
    private readonly traceState: TraceState | undefined,
  ) {}

  spanContext(): ApiIds {
    const { traceId, spanId, sampled } = this.own;
    const ids = { traceId, spanId, traceFlags: sampled ? 1 : 0 };
    return this.traceState ? { ...ids, traceState: this.traceState } : ids;
  }

  setAttribute(name: string, value: ApiValue): this {
    return this.guarded(() => {
      const known = attributeOf(value);
      if (known === undefined) return;
      this.own.set(name, known);
      tellAttribute(name, known);
    });
  }

  setAttributes(attributes: ApiAttributes): this {
    for (const name in attributes) {
      const value = attributes[name];
      if (value !== undefined) this.setAttribute(name, value);
    }
    return this;
  }

  addEvent(name: string, attributesOrTime?: ApiAttributes | TimeInput, time?: TimeInput): this {
    const isTime = typeof attributesOrTime === 'number' || Array.isArray(attributesOrTime) || isDate(attributesOrTime);
    return this.guarded(() => {
      const at = isTime ? (attributesOrTime as TimeInput) : time;
      this.own.event(name, isTime ? {} : attributesOf(attributesOrTime as ApiAttributes), timeOf(at));
    });
  }

  /** Only those of the start are kept: the API has this method since its version 1.9. */
  addLink(_link: ApiLink): this {
    return this;
  }

  addLinks(_links: ApiLink[]): this {
    return this;
  }

  setStatus({ code, message }: SpanStatus): this {
    return this.guarded(() => {
      if (code === STATUS_ERROR) this.own.fail(message === '' ? undefined : message);
    });
  }

  updateName(name: string): this {
    return this.guarded(() => this.own.rename(name));
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.guarded(() => {
      const { name, code, message, stack } = (
        typeof exception === 'string' ? { message: exception } : exception
      ) as Exclude<Exception, string>;
      const attributes = {
        'exception.type': String(code ?? name ?? ''),
        'exception.message': message ?? '',
        'exception.stacktrace': stack ?? '',
      };
      this.own.event('exception', attributes, timeOf(time));
    });
  }

  end(time?: TimeInput): void {
    this.isEnded = true;
    this.guarded(() => this.own.end(timeOf(time)));
  }

  isRecording(): boolean {
    return this.own.sampled && !this.isEnded;
  }

  private guarded(work: () => void): this {
    this.guard.run('otel.span', work, undefined);
    return this;
  }
}

const isDate = (value: unknown): value is Date => value instanceof Date;

/** Unix milliseconds of what the API takes: these, those of `performance.now()`, a Date, or seconds and nanoseconds. */
function timeOf(time: TimeInput | undefined): number | undefined {
  if (time === undefined) return undefined;
  if (isDate(time)) return time.getTime();
  if (Array.isArray(time)) return time[0] * 1000 + time[1] / 1_000_000;
  return time < performance.timeOrigin ? performance.timeOrigin + time : time;
}

function attributeOf(value: unknown): AttributeValue | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.slice(0, MOST_VALUES).map(String);
  return undefined;
}

function attributesOf(attributes: ApiAttributes = {}): Attributes {
  const kept: Record<string, AttributeValue> = {};
  for (const name in attributes) {
    const value = attributeOf(attributes[name]);
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

const linksOf = (links: readonly ApiLink[] | undefined): SpanLink[] | undefined =>
  links?.map(({ context, attributes }) => ({ ids: idsOf(context), attributes: attributesOf(attributes) }));

/** One tracer for all names: the scope of a span is this library. */
export function createApiTracer(tracer: Tracer, contexts: ContextManager, guard: Guard): ApiTracer {
  const none = () => trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
  const start = (name: string, options: SpanOptions, context: Context): ApiSpan => {
    if (context.getValue(SUPPRESSED)) return none();
    const above = options.root ? undefined : trace.getSpan(context);
    const parent = above && isSpanContextValid(above.spanContext()) ? above : undefined;
    const kind = KINDS[(options.kind as ApiKind | undefined) ?? 0] ?? 'internal';
    const own = tracer.start(name, kind, parent && ownSpanOf(parent), {
      time: timeOf(options.startTime),
      links: linksOf(options.links),
      root: parent === undefined,
    });
    const api = new SpanOfApi(own, guard, parent?.spanContext().traceState);
    pair(own, api);
    if (options.attributes) api.setAttributes(options.attributes);
    return api;
  };
  const api = {
    startSpan: (name: string, options: SpanOptions = {}, context: Context = contexts.active()): ApiSpan =>
      guard.run('otel.start', () => start(name, options, context), undefined) ?? none(),
    startActiveSpan(name: string, ...rest: unknown[]): unknown {
      const work = rest.pop() as (span: ApiSpan) => unknown;
      const [options, given] = rest as [SpanOptions | undefined, Context | undefined];
      const context = given ?? contexts.active();
      const span = api.startSpan(name, options, context);
      return contexts.with(trace.setSpan(context, span), work, undefined, span);
    },
  };
  return api as ApiTracer;
}

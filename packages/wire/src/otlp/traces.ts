import type { Resource, Span, SpanKind, SpanStatus } from '../batch.ts';
import { checkNano } from '../timestamp.ts';
import { attributesOf, type KeyValue } from './any-value.ts';
import { checkSpanId, checkTraceId, optionalId } from './id.ts';
import { decodeMessage, Message, type OtlpFormat } from './message.ts';
import { Rejections } from './rejections.ts';
import { RESOURCE, type ResourceMessage, resourceOf, SCOPE, type ScopeMessage } from './resource.ts';

interface EventMessage {
  timeUnixNano: bigint;
  name: string;
  attributes: KeyValue[];
}

interface LinkMessage {
  traceId: string;
  spanId: string;
  attributes: KeyValue[];
}

interface StatusMessage {
  message: string;
  code: number;
}

interface SpanMessage {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  startTimeUnixNano: bigint;
  endTimeUnixNano: bigint;
  attributes: KeyValue[];
  events: EventMessage[];
  links: LinkMessage[];
  status: StatusMessage | undefined;
}

const EVENT = new Message<EventMessage>(
  () => ({ timeUnixNano: 0n, name: '', attributes: [] }),
  [
    { number: 1, name: 'timeUnixNano', kind: 'time' },
    { number: 2, name: 'name', kind: 'string' },
    { number: 3, name: 'attributes', kind: 'attribute', repeated: true },
  ],
);

const LINK = new Message<LinkMessage>(
  () => ({ traceId: '', spanId: '', attributes: [] }),
  [
    { number: 1, name: 'traceId', kind: 'id' },
    { number: 2, name: 'spanId', kind: 'id' },
    { number: 4, name: 'attributes', kind: 'attribute', repeated: true },
  ],
);

const STATUS = new Message<StatusMessage>(
  () => ({ message: '', code: 0 }),
  [
    { number: 2, name: 'message', kind: 'string' },
    { number: 3, name: 'code', kind: 'int32' },
  ],
);

function emptySpan(): SpanMessage {
  return {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    name: '',
    kind: 0,
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
    attributes: [],
    events: [],
    links: [],
    status: undefined,
  };
}

const SPAN = new Message<SpanMessage>(emptySpan, [
  { number: 1, name: 'traceId', kind: 'id' },
  { number: 2, name: 'spanId', kind: 'id' },
  { number: 4, name: 'parentSpanId', kind: 'id' },
  { number: 5, name: 'name', kind: 'string' },
  { number: 6, name: 'kind', kind: 'int32' },
  { number: 7, name: 'startTimeUnixNano', kind: 'time' },
  { number: 8, name: 'endTimeUnixNano', kind: 'time' },
  { number: 9, name: 'attributes', kind: 'attribute', repeated: true },
  { number: 11, name: 'events', kind: EVENT, repeated: true },
  { number: 13, name: 'links', kind: LINK, repeated: true },
  { number: 15, name: 'status', kind: STATUS },
]);

interface ScopeSpans {
  scope: ScopeMessage | undefined;
  spans: SpanMessage[];
}

const SCOPE_SPANS = new Message<ScopeSpans>(
  () => ({ scope: undefined, spans: [] }),
  [
    { number: 1, name: 'scope', kind: SCOPE },
    { number: 2, name: 'spans', kind: SPAN, repeated: true },
  ],
);

interface ResourceSpans {
  resource: ResourceMessage | undefined;
  scopeSpans: ScopeSpans[];
}

const RESOURCE_SPANS = new Message<ResourceSpans>(
  () => ({ resource: undefined, scopeSpans: [] }),
  [
    { number: 1, name: 'resource', kind: RESOURCE },
    { number: 2, name: 'scopeSpans', kind: SCOPE_SPANS, repeated: true },
  ],
);

const REQUEST = new Message<{ resourceSpans: ResourceSpans[] }>(
  () => ({ resourceSpans: [] }),
  [{ number: 1, name: 'resourceSpans', kind: RESOURCE_SPANS, repeated: true }],
);

/** Span.SpanKind and Status.StatusCode, by number; an unknown number counts as 0. */
const KINDS: readonly SpanKind[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUSES: readonly SpanStatus[] = ['unset', 'ok', 'error'];

/**
 * Decodes an ExportTraceServiceRequest (opentelemetry-proto, trace/v1). Spans keep the order of the body. A span that
 * ends before it starts is given no duration (clocks do step back); an all-zero parent means none.
 * A span with an id, its own or a link's, of the wrong length or all zeros, or with a time beyond 64 bits, is among the
 * rejections, and the others are taken.
 * @throws WireError for damage, and where every span is refused.
 */
export function decodeOtlpTraces(body: Uint8Array, format: OtlpFormat, rejections = new Rejections()): Span[] {
  const spans: Span[] = [];
  for (const { resource: message, scopeSpans } of decodeMessage(REQUEST, body, format).resourceSpans) {
    const resource = resourceOf(message);
    for (const { scope, spans: list } of scopeSpans) {
      for (const span of list) {
        rejections.attempt(1, () => spans.push(spanOf(span, resource, scope?.name ?? '')));
      }
    }
  }
  rejections.throwUnless(spans.length > 0);
  return spans;
}

function spanOf(span: SpanMessage, resource: Resource, scope: string): Span {
  const where = `span ${JSON.stringify(span.name)}`;
  checkTraceId(span.traceId, where);
  checkSpanId(span.spanId, where);
  for (const link of span.links) {
    checkTraceId(link.traceId, `${where}, link`);
    checkSpanId(link.spanId, `${where}, link`);
  }
  const { startTimeUnixNano: start, endTimeUnixNano: end } = span;
  checkNano(start, where);
  checkNano(end, where);
  return {
    resource,
    scope,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: optionalId(span.parentSpanId, 'span id', `${where}, parent`),
    name: span.name,
    kind: KINDS[span.kind] ?? 'unspecified',
    startUnixNano: start,
    endUnixNano: later(start, end),
    status: STATUSES[span.status?.code ?? 0] ?? 'unset',
    statusMessage: span.status?.message ?? '',
    attributes: attributesOf(span.attributes),
    events: span.events.map((e) => ({
      timeUnixNano: e.timeUnixNano,
      name: e.name,
      attributes: attributesOf(e.attributes),
    })),
    links: span.links.map((l) => ({ traceId: l.traceId, spanId: l.spanId, attributes: attributesOf(l.attributes) })),
  };
}

function later(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

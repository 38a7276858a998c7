import type { Exchange } from '@nightshift/gateway/protocol';
import type { Span } from '@nightshift/wire';
import type { SpanEntry } from '../../api/api.ts';
import type { TraceStore } from '../../store/store.ts';

/** Spans of the first failed exchange whose trace is stored; empty while there is none. Looks at most at ten traces. */
export async function exemplarTrace(
  store: Pick<TraceStore, 'trace'>,
  exchanges: readonly Exchange[],
): Promise<SpanEntry[]> {
  const ids = new Set(exchanges.map(({ traceId }) => traceId).filter((id) => id !== ''));
  for (const id of [...ids].slice(0, 10)) {
    const spans = await store.trace(id);
    if (spans.length > 0) return spans.map(spanEntry);
  }
  return [];
}

/** A span as the API shows it. */
export function spanEntry(span: Span): SpanEntry {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    service: span.resource.service,
    version: span.resource.version,
    name: span.name,
    kind: span.kind,
    startUnixNano: String(span.startUnixNano),
    endUnixNano: String(span.endUnixNano),
    status: span.status,
    statusMessage: span.statusMessage,
    attributes: Object.fromEntries(span.attributes),
    events: span.events.map((event) => ({
      timeUnixNano: String(event.timeUnixNano),
      name: event.name,
      attributes: Object.fromEntries(event.attributes),
    })),
  };
}

import type { Span } from '@nightshift/wire';
import type { FastifyInstance } from 'fastify';
import type { SpanEntry } from '../api/api.ts';
import type { HttpDeps } from './deps.ts';
import { onlyKnown, traceId } from './parameters.ts';

export const spanEntry = (span: Span): SpanEntry => ({
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
  events: span.events.map(({ timeUnixNano, name, attributes }) => ({
    timeUnixNano: String(timeUnixNano),
    name,
    attributes: Object.fromEntries(attributes),
  })),
});

export function traceRoutes(app: FastifyInstance, { store }: HttpDeps): void {
  app.get<{ Params: { id: string } }>(
    '/api/v1/traces/:id',
    { config: { right: 'read' } },
    async (request): Promise<{ spans: SpanEntry[] }> => {
      onlyKnown(request.query, []);
      const spans = await store.trace(traceId(request.params.id, 'id'), request.signal);
      return { spans: spans.map(spanEntry) };
    },
  );
}

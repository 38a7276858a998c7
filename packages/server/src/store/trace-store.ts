/** Spans out of the engine. */
import type { Span, SpanKind, SpanStatus } from '@nightshift/wire';
import type { Engine } from '../engine/engine.ts';
import { pairsOf } from './log-store.ts';
import { nanoRange } from './nano-range.ts';
import type { TraceStore } from './store.ts';

type Pairs = [string, string][];

interface Row {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly service: string;
  readonly version: string;
  readonly environment: string;
  readonly scope: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly started: string;
  readonly ended: string;
  readonly status: SpanStatus;
  readonly status_message: string;
  readonly span_attributes: Pairs;
  readonly resource_attributes: Pairs;
  readonly events: string;
  readonly links: string;
}

export function createTraceStore(engine: Engine): TraceStore {
  return {
    async trace(traceId, signal) {
      const rows = await engine.query<Row>(
        `SELECT trace_id, span_id, parent_span_id, service, version, environment, scope, name, kind,
           toString(toUnixTimestamp64Nano(start)) AS started, toString(toUnixTimestamp64Nano(end)) AS ended,
           status, status_message, ${pairsOf('attributes')} AS span_attributes,
           ${pairsOf('resource')} AS resource_attributes, events, links
         FROM nightshift.spans WHERE trace_id = {trace:String} ORDER BY start, span_id`,
        { trace: traceId },
        signal,
      );
      return rows.map(spanOf);
    },
    async recentTraces({ start, end, service, errorsOnly, limit }) {
      const rows = await engine.query<{ trace_id: string }>(
        `SELECT trace_id FROM nightshift.spans WHERE service = {service:String}
           AND start >= fromUnixTimestamp64Nano({start:Int64}, 'UTC')
           AND start <= fromUnixTimestamp64Nano({end:Int64}, 'UTC')
           ${errorsOnly ? "AND status = 'error'" : ''}
         GROUP BY trace_id ORDER BY max(start) DESC, trace_id LIMIT {limit:UInt32}`,
        { service, ...nanoRange({ start, end }), limit: Math.min(limit, 1_000_000) },
      );
      return rows.map(({ trace_id }) => trace_id);
    },
  };
}

function spanOf(row: Row): Span {
  const { service, version, environment, scope, name, kind, status } = row;
  const events = JSON.parse(row.events) as [string, string, Pairs][];
  const links = JSON.parse(row.links) as [string, string, Pairs][];
  return {
    resource: { service, version, environment, attributes: new Map(row.resource_attributes) },
    scope,
    traceId: row.trace_id,
    spanId: row.span_id,
    parentSpanId: row.parent_span_id,
    name,
    kind,
    startUnixNano: BigInt(row.started),
    endUnixNano: BigInt(row.ended),
    status,
    statusMessage: row.status_message,
    attributes: new Map(row.span_attributes),
    events: events.map(([time, event, attributes]) => ({
      timeUnixNano: BigInt(time),
      name: event,
      attributes: new Map(attributes),
    })),
    links: links.map(([traceId, spanId, attributes]) => ({ traceId, spanId, attributes: new Map(attributes) })),
  };
}

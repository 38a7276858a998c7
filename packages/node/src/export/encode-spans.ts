/** Spans as ExportTraceServiceRequest (trace.proto and trace_service.proto of OTLP). */
import type { FinishedSpan } from '../tracing/own-tracer.ts';
import type { AttributeValue, SpanKind } from '../tracing/tracer.ts';
import {
  type Resource,
  type Scope,
  writeAttributes,
  writeFlags,
  writeId,
  writeNumber,
  writeRequest,
  writeTime,
} from './encode-common.ts';
import { ProtoWriter } from './protobuf.ts';

const KINDS: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
const STATUS_ERROR = 2;

export function encodeSpans(spans: readonly FinishedSpan[], resource: Resource, scope: Scope): Uint8Array {
  const writer = new ProtoWriter(spans.length * 512);
  return writeRequest(writer, resource, scope, () => {
    for (const span of spans) writeSpan(writer, span);
  });
}

function writeSpan(writer: ProtoWriter, span: FinishedSpan): void {
  const at = writer.open(2);
  writeId(writer, 1, span.traceId);
  writeId(writer, 2, span.spanId);
  writeId(writer, 4, span.parentSpanId);
  writer.string(5, span.name);
  writeNumber(writer, 6, KINDS[span.kind]);
  writeTime(writer, 7, span.start);
  writeTime(writer, 8, Math.max(span.start, span.end));
  writeAttributes(writer, 9, span.attributes);
  for (const { name, time, attributes } of span.events) writeEvent(writer, name, time, Object.entries(attributes));
  if (span.exception) writeEvent(writer, 'exception', span.end, exceptionAttributes(span.exception));
  for (const { ids, attributes } of span.links) {
    const link = writer.open(13);
    writeId(writer, 1, ids.traceId);
    writeId(writer, 2, ids.spanId);
    writeAttributes(writer, 4, Object.entries(attributes));
    writer.close(link);
  }
  if (span.failed) writeStatus(writer, span.message);
  writeFlags(writer, 16, true);
  writer.close(at);
}

function writeStatus(writer: ProtoWriter, message: string): void {
  const status = writer.open(15);
  writer.string(2, message);
  writeNumber(writer, 3, STATUS_ERROR);
  writer.close(status);
}

function writeEvent(
  writer: ProtoWriter,
  name: string,
  time: number,
  attributes: Iterable<readonly [string, AttributeValue]>,
): void {
  const event = writer.open(11);
  writeTime(writer, 1, time);
  writer.string(2, name);
  writeAttributes(writer, 3, attributes);
  writer.close(event);
}

/** https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/ */
const exceptionAttributes = ({ type, message, stack }: NonNullable<FinishedSpan['exception']>) =>
  [
    ['exception.type', type],
    ['exception.message', message],
    ['exception.stacktrace', stack],
  ].filter(([, value]) => value !== '') as [string, string][];

/** Characters that a span holds while it waits, about. */
export function sizeOfSpan({ name, attributes, exception, events, links }: FinishedSpan): number {
  let size = 200 + name.length + (exception ? exception.stack.length + exception.message.length : 0);
  for (const [key, value] of attributes) size += key.length + sizeOfValue(value);
  for (const { attributes: own } of [...events, ...links]) {
    size += 50;
    for (const key in own) size += key.length + sizeOfValue(own[key]!);
  }
  return size;
}

function sizeOfValue(value: AttributeValue): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' ? value.reduce((sum, one) => sum + one.length, 0) : 8;
}

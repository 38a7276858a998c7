/** What OTLP/HTTP answers (opentelemetry-proto, docs/specification.md, "OTLP/HTTP Response"), in the encoding of the request. */
import { VARINT } from '../protobuf/reader.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import type { OtlpFormat } from './message.ts';

export type OtlpSignal = 'metrics' | 'logs' | 'traces';

/** What was not taken: how many points, records or spans, and why. With 0 and a message it is a warning. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

/** UTF-16 units: what is longer helps nobody, and an answer has to stay small. */
const LONGEST_MESSAGE = 4000;

const JSON_COUNT: Record<OtlpSignal, string> = {
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
  traces: 'rejectedSpans',
};

/** Without half a surrogate pair at its end. */
const shortened = (message: string): string => Buffer.from(message.slice(0, LONGEST_MESSAGE)).toString();

/** Export…ServiceResponse; empty where all was taken. */
export function encodeExportResponse(format: OtlpFormat, signal: OtlpSignal, partial: PartialSuccess): Uint8Array {
  const { rejected } = partial;
  const message = shortened(partial.message);
  const isFull = rejected === 0 && message === '';
  if (format === 'json') {
    // int64 is a text in proto3 JSON.
    const told = { [JSON_COUNT[signal]]: String(rejected), errorMessage: message };
    return Buffer.from(JSON.stringify(isFull ? {} : { partialSuccess: told }));
  }
  const writer = new ProtoWriter(64);
  if (!isFull) {
    const start = writer.open(1);
    if (rejected > 0) {
      writer.tag(1, VARINT);
      writer.int64(rejected);
    }
    writer.string(2, message);
    writer.close(start);
  }
  return writer.finish();
}

/** google.rpc.Code by HTTP status, as googleapis maps them; UNKNOWN for any other. */
const CODES: Record<number, number> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  409: 10,
  413: 8,
  415: 3,
  429: 8,
  500: 13,
  503: 14,
};

const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';

/** google.rpc.Status; for 400 with a google.rpc.BadRequest that describes the same. */
export function encodeRpcStatus(format: OtlpFormat, httpStatus: number, text: string): Uint8Array {
  const message = shortened(text);
  const code = CODES[httpStatus] ?? 2;
  if (format === 'json') {
    const details = httpStatus === 400 ? [{ '@type': BAD_REQUEST, fieldViolations: [{ description: message }] }] : [];
    return Buffer.from(JSON.stringify({ code, message, ...(details.length > 0 && { details }) }));
  }
  const writer = new ProtoWriter(64);
  writer.tag(1, VARINT);
  writer.uint32(code);
  writer.string(2, message);
  if (httpStatus === 400) {
    const any = writer.open(3);
    writer.string(1, BAD_REQUEST);
    const value = writer.open(2);
    const violation = writer.open(1);
    writer.string(2, message);
    writer.close(violation);
    writer.close(value);
    writer.close(any);
  }
  return writer.finish();
}

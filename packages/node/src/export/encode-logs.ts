/** Log records as ExportLogsServiceRequest (logs.proto and logs_service.proto of OTLP). */
import type { Guard } from '../core/guard.ts';
import type { LogContent, LogRecord } from '../logs/record.ts';
import {
  type Resource,
  type Scope,
  writeAnyValue,
  writeAttributes,
  writeFlags,
  writeId,
  writeNumber,
  writeRequest,
  writeTime,
} from './encode-common.ts';
import { ProtoWriter } from './protobuf.ts';

const UNREADABLE: LogContent = { body: '', attributes: {} };

export function encodeLogs(records: readonly LogRecord[], resource: Resource, scope: Scope, guard: Guard): Uint8Array {
  const writer = new ProtoWriter(records.length * 256);
  return writeRequest(writer, resource, scope, () => {
    for (const record of records) writeLog(writer, record, contentOf(record, guard));
  });
}

const contentOf = ({ content }: LogRecord, guard: Guard): LogContent =>
  typeof content === 'function' ? guard.run('logs.content', content, UNREADABLE) : content;

function writeLog(writer: ProtoWriter, record: LogRecord, { body, attributes }: LogContent): void {
  const at = writer.open(2);
  writeTime(writer, 1, record.time);
  if (record.severity > 0) writeNumber(writer, 2, record.severity);
  writer.string(3, record.severityText);
  writeAnyValue(writer, 5, body);
  writeAttributes(writer, 6, Object.entries(attributes));
  if (record.traceId !== '') {
    writeFlags(writer, 8, record.sampled);
    writeId(writer, 9, record.traceId);
    writeId(writer, 10, record.spanId);
  }
  writeTime(writer, 11, record.time);
  writer.close(at);
}

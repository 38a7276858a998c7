import type { LogRecord, Resource } from '../batch.ts';
import { severityOf } from '../severity.ts';
import { checkNano } from '../timestamp.ts';
import { type AnyValue, attributesOf, type KeyValue, textOf } from './any-value.ts';
import { optionalId } from './id.ts';
import { decodeMessage, Message, type OtlpFormat } from './message.ts';
import { Rejections } from './rejections.ts';
import { RESOURCE, type ResourceMessage, resourceOf, SCOPE, type ScopeMessage } from './resource.ts';

interface LogMessage {
  timeUnixNano: bigint;
  observedTimeUnixNano: bigint;
  severityNumber: number;
  severityText: string;
  body: AnyValue;
  attributes: KeyValue[];
  traceId: string;
  spanId: string;
  eventName: string;
}

function emptyLog(): LogMessage {
  return {
    timeUnixNano: 0n,
    observedTimeUnixNano: 0n,
    severityNumber: 0,
    severityText: '',
    body: null,
    attributes: [],
    traceId: '',
    spanId: '',
    eventName: '',
  };
}

const LOG = new Message<LogMessage>(emptyLog, [
  { number: 1, name: 'timeUnixNano', kind: 'time' },
  { number: 2, name: 'severityNumber', kind: 'int32' },
  { number: 3, name: 'severityText', kind: 'string' },
  { number: 5, name: 'body', kind: 'any' },
  { number: 6, name: 'attributes', kind: 'attribute', repeated: true },
  { number: 9, name: 'traceId', kind: 'id' },
  { number: 10, name: 'spanId', kind: 'id' },
  { number: 11, name: 'observedTimeUnixNano', kind: 'time' },
  { number: 12, name: 'eventName', kind: 'string' },
]);

interface ScopeLogs {
  scope: ScopeMessage | undefined;
  logRecords: LogMessage[];
}

const SCOPE_LOGS = new Message<ScopeLogs>(
  () => ({ scope: undefined, logRecords: [] }),
  [
    { number: 1, name: 'scope', kind: SCOPE },
    { number: 2, name: 'logRecords', kind: LOG, repeated: true },
  ],
);

interface ResourceLogs {
  resource: ResourceMessage | undefined;
  scopeLogs: ScopeLogs[];
}

const RESOURCE_LOGS = new Message<ResourceLogs>(
  () => ({ resource: undefined, scopeLogs: [] }),
  [
    { number: 1, name: 'resource', kind: RESOURCE },
    { number: 2, name: 'scopeLogs', kind: SCOPE_LOGS, repeated: true },
  ],
);

const REQUEST = new Message<{ resourceLogs: ResourceLogs[] }>(
  () => ({ resourceLogs: [] }),
  [{ number: 1, name: 'resourceLogs', kind: RESOURCE_LOGS, repeated: true }],
);

const MAX_SEVERITY = 24;

/**
 * Decodes an ExportLogsServiceRequest (opentelemetry-proto, logs/v1). A record without a time takes its observed time,
 * and failing that `receivedAt` (Unix milliseconds); one without a severity number takes that of its severity text;
 * an event's name becomes the attribute `event.name`. All-zero ids mean none. A record with a trace or span id of the wrong
 * length, or a time beyond 64 bits, is among the rejections, and the others are taken.
 * @throws WireError for damage, and where every record is refused.
 */
export function decodeOtlpLogs(
  body: Uint8Array,
  format: OtlpFormat,
  receivedAt: number,
  rejections = new Rejections(),
): LogRecord[] {
  const received = BigInt(Math.trunc(receivedAt)) * 1_000_000n;
  const records: LogRecord[] = [];
  for (const { resource: message, scopeLogs } of decodeMessage(REQUEST, body, format).resourceLogs) {
    const resource = resourceOf(message);
    for (const { scope, logRecords } of scopeLogs) {
      for (const log of logRecords) {
        rejections.attempt(1, () => records.push(recordOf(log, resource, scope?.name ?? '', received)));
      }
    }
  }
  rejections.throwUnless(records.length > 0);
  return records;
}

function recordOf(log: LogMessage, resource: Resource, scope: string, received: bigint): LogRecord {
  const { severityNumber: severity, severityText, eventName } = log;
  const known = severity >= 1 && severity <= MAX_SEVERITY;
  if (eventName !== '') log.attributes.push({ key: 'event.name', value: eventName });
  const timeUnixNano = log.timeUnixNano || log.observedTimeUnixNano || received;
  checkNano(timeUnixNano, 'log record');
  return {
    resource,
    scope,
    timeUnixNano,
    severity: known ? severity : severityOf(severityText),
    severityText,
    body: textOf(log.body),
    traceId: optionalId(log.traceId, 'trace id', 'log record'),
    spanId: optionalId(log.spanId, 'span id', 'log record'),
    attributes: attributesOf(log.attributes),
  };
}

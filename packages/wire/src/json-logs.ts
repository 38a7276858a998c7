import { type Attributes, type LogRecord, type Resource, WireError } from './batch.ts';
import { bodyText, isWellFormed, parseJson } from './json-text.ts';
import { severityOf } from './severity.ts';
import { checkTimestamp, parseRfc3339 } from './timestamp.ts';

/** The keys that have a place of their own in a record; the first one present is taken, everything else is an attribute. */
const TIME_KEYS = ['time', 'timestamp', 'ts', '@timestamp'];
const MESSAGE_KEYS = ['message', 'msg', 'body'];
const LEVEL_KEYS = ['level', 'severity'];
const SERVICE_KEYS = ['service', 'service.name'];
const VERSION_KEYS = ['version', 'service.version'];
const ENVIRONMENT_KEYS = ['environment', 'deployment.environment.name'];
const TRACE_KEYS = ['trace_id', 'traceId'];
const SPAN_KEYS = ['span_id', 'spanId'];

const TRACE_ID = /^(?!0+$)[0-9a-f]{32}$/i;
const SPAN_ID = /^(?!0+$)[0-9a-f]{16}$/i;

/**
 * Decodes JSON lines (https://jsonlines.org/), one log record to a line, as pino, bunyan, zap and their like write them:
 * - time: `time|timestamp|ts|@timestamp`, RFC 3339 or a Unix number whose size tells seconds, milliseconds,
 *   microseconds or nanoseconds; `receivedAt` (Unix milliseconds) without one;
 * - body: `message|msg|body`; without one, the line itself;
 * - severity: `level|severity`, a name or pino's number (10 trace … 60 fatal);
 * - `service|service.name`, `version`, `environment`, `trace_id|traceId`, `span_id|spanId`. An id that is not W3C's is
 *   kept as an attribute instead.
 * Every other key is an attribute. Empty lines are skipped.
 * @throws WireError naming the line (from 1) for a line that is not a JSON object or whose time is none; nothing of
 * such a body may be used.
 */
export function decodeJsonLogs(body: Uint8Array, receivedAt: number, defaults: { service?: string } = {}): LogRecord[] {
  const text = bodyText(body);
  const received = BigInt(Math.trunc(receivedAt)) * 1_000_000n;
  const resources = new Resources(defaults.service ?? '');
  const records: LogRecord[] = [];
  let line = 1;
  for (let start = 0; start < text.length; line++) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const content = text.slice(start, end).trim();
    if (content !== '') records.push(recordOf(content, `line ${line}`, received, resources));
    start = end + 1;
  }
  return records;
}

function recordOf(content: string, where: string, received: bigint, resources: Resources): LogRecord {
  const json = parseJson(content, where, 1);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new WireError(`${where}: expected a JSON object`);
  }
  const fields = new Map<string, unknown>(Object.entries(json));
  const time = take(fields, TIME_KEYS);
  const message = take(fields, MESSAGE_KEYS);
  const level = take(fields, LEVEL_KEYS);
  const resource = resources.of(
    textOf(take(fields, SERVICE_KEYS), where),
    textOf(take(fields, VERSION_KEYS), where),
    textOf(take(fields, ENVIRONMENT_KEYS), where),
  );
  return {
    resource,
    scope: '',
    timeUnixNano: isAbsent(time) ? received : timeOf(time, where),
    severity: typeof level === 'number' ? severityOfNumber(level) : severityOf(textOf(level, where)),
    severityText: textOf(level, where),
    body: isAbsent(message) ? ownCopy(content, where) : textOf(message, where),
    traceId: takeId(fields, TRACE_KEYS, TRACE_ID),
    spanId: takeId(fields, SPAN_KEYS, SPAN_ID),
    attributes: attributesOf(fields, where),
  };
}

/** Records of one service, version and environment share a Resource. */
class Resources {
  private readonly fallback: string;
  private readonly known = new Map<string, Resource>();

  constructor(fallback: string) {
    this.fallback = fallback;
  }

  of(sent: string, version: string, environment: string): Resource {
    const service = sent || this.fallback;
    const key = JSON.stringify([service, version, environment]);
    let resource = this.known.get(key);
    if (resource === undefined) {
      const attributes = new Map([
        ['service.name', service],
        ['service.version', version],
        ['deployment.environment.name', environment],
      ]);
      for (const [name, value] of attributes) if (value === '') attributes.delete(name);
      resource = { service, version, environment, attributes };
      this.known.set(key, resource);
    }
    return resource;
  }
}

function take(fields: Map<string, unknown>, keys: readonly string[]): unknown {
  for (const key of keys) {
    const value = fields.get(key);
    if (isAbsent(value)) continue;
    fields.delete(key);
    return value;
  }
  return undefined;
}

function takeId(fields: Map<string, unknown>, keys: readonly string[], valid: RegExp): string {
  for (const key of keys) {
    const value = fields.get(key);
    if (typeof value !== 'string' || !valid.test(value)) continue;
    fields.delete(key);
    return value.toLowerCase();
  }
  return '';
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function attributesOf(fields: ReadonlyMap<string, unknown>, where: string): Attributes {
  const attributes = new Map<string, string>();
  for (const [key, value] of fields) {
    if (!isWellFormed(key)) throw new WireError(`${where}: half a surrogate pair is not text`);
    attributes.set(key, textOf(value, where));
  }
  return attributes;
}

function textOf(value: unknown, where: string): string {
  if (isAbsent(value)) return '';
  const text = typeof value === 'string' ? value : jsonOf(value, where);
  if (!isWellFormed(text)) throw new WireError(`${where}: half a surrogate pair is not text`);
  return text;
}

function jsonOf(value: unknown, where: string): string {
  try {
    return JSON.stringify(value);
  } catch {
    // JSON.parse does not recurse, JSON.stringify does: deep nesting ends its stack.
    throw new WireError(`${where}: values are nested too deep`);
  }
}

/** A slice would keep the whole body alive. */
function ownCopy(content: string, where: string): string {
  return textOf(JSON.parse(JSON.stringify(content)), where);
}

// pino: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal; levels of one's own lie between.
const PINO_SEVERITIES: readonly number[] = [0, 1, 5, 9, 13, 17, 21];

function severityOfNumber(level: number): number {
  return PINO_SEVERITIES[Math.min(Math.floor(level / 10), 6)] ?? 0;
}

// Unix times from 1973 to 5138 are told apart by their size.
const SECONDS_BELOW = 1e11;
const MILLISECONDS_BELOW = 1e14;
const MICROSECONDS_BELOW = 1e17;

function timeOf(value: unknown, where: string): bigint {
  let nanos: bigint | undefined;
  if (typeof value === 'number') nanos = ofNumber(value);
  else if (typeof value === 'string') {
    nanos = /^-?\d{1,20}$/.test(value) ? ofInteger(BigInt(value)) : parseRfc3339(value);
  }
  if (nanos === undefined) {
    const sent = String(jsonOf(value, where)).slice(0, 100);
    throw new WireError(`${where}: time ${sent} is neither RFC 3339 nor a Unix time`);
  }
  checkTimestamp(Number(nanos / 1_000_000n), where);
  return nanos;
}

function ofNumber(value: number): bigint | undefined {
  if (Number.isSafeInteger(value)) return ofInteger(BigInt(value));
  if (!Number.isFinite(value)) return undefined;
  // A double of today's seconds is exact to a quarter of a microsecond, no further.
  const size = Math.abs(value);
  if (size < SECONDS_BELOW) return BigInt(Math.round(value * 1e6)) * 1000n;
  if (size < MILLISECONDS_BELOW) return BigInt(Math.round(value * 1e3)) * 1000n;
  return ofInteger(BigInt(Math.round(value)));
}

function ofInteger(value: bigint): bigint {
  const size = Math.abs(Number(value));
  if (size < SECONDS_BELOW) return value * 1_000_000_000n;
  if (size < MILLISECONDS_BELOW) return value * 1_000_000n;
  return size < MICROSECONDS_BELOW ? value * 1000n : value;
}

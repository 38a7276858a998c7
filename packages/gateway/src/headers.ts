import type { IncomingMessage } from 'node:http';

/** Fields that belong to one connection (RFC 9110 section 7.6.1), lower case. Fields that `Connection` names are added per message. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Replaced hop by hop, appended to, or rewritten by this proxy. */
const REWRITTEN: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'traceparent',
]);

const BODYLESS_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

/** Name, value, name, value, … as Node's rawHeaders: order, case and repeats are kept. */
export type RawHeaders = string[];

/** The end-to-end fields of a message. */
export function endToEnd(raw: readonly string[], connection: string | undefined): RawHeaders {
  const named = connection ? connection.toLowerCase().split(/[\s,]+/) : [];
  const kept: RawHeaders = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (!HOP_BY_HOP.has(name) && !named.includes(name)) kept.push(raw[i]!, raw[i + 1]!);
  }
  return kept;
}

export function hasBody(req: IncomingMessage): boolean {
  const { headers } = req;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** What an application version is sent: the end-to-end fields, who asked (X-Forwarded-*), and the framing of the body. */
export function requestHeaders(req: IncomingMessage): RawHeaders {
  const headers = endToEnd(req.rawHeaders, req.headers.connection);
  for (let i = headers.length - 2; i >= 0; i -= 2) if (REWRITTEN.has(headers[i]!.toLowerCase())) headers.splice(i, 2);
  const from = req.headers['x-forwarded-for'];
  const client = req.socket.remoteAddress ?? 'unknown';
  headers.push('X-Forwarded-For', from ? `${from}, ${client}` : client);
  headers.push('X-Forwarded-Proto', first(req.headers['x-forwarded-proto']) ?? 'http');
  headers.push('X-Forwarded-Host', first(req.headers['x-forwarded-host']) ?? req.headers.host ?? '');
  if (req.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked');
  else if (req.headers['content-length'] === undefined && !BODYLESS_METHODS.has(req.method ?? ''))
    headers.push('Content-Length', '0');
  return headers;
}

/** What the user is sent. `Trailer` is kept only where the answer will be chunked, because Node refuses it elsewhere. */
export function responseHeaders(res: IncomingMessage, chunked: boolean): RawHeaders {
  const headers = endToEnd(res.rawHeaders, res.headers.connection);
  if (chunked) return headers;
  for (let i = headers.length - 2; i >= 0; i -= 2) if (headers[i]!.toLowerCase() === 'trailer') headers.splice(i, 2);
  return headers;
}

export function pairs(raw: readonly string[]): (readonly [string, string])[] {
  const list: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i]!, raw[i + 1]!]);
  return list;
}

const CREDENTIAL =
  /^(authorization|proxy-authorization|cookie|set-cookie)$|token|secret|passw|api-?key|session|credential|signature/i;

/** The same fields with the values of credentials replaced. */
export function redacted(raw: readonly string[]): (readonly [string, string])[] {
  return pairs(raw).map(([name, value]) => [name, CREDENTIAL.test(name) ? '[redacted]' : value] as const);
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

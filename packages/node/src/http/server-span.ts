/** Attributes of a server span (https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span). */
import type { Span } from '../tracing/tracer.ts';
import type { Ended, Exchange } from './exchange.ts';
import { knownMethod } from './methods.ts';
import { splitHost, splitTarget } from './url.ts';

export function setServerAttributes(span: Span, exchange: Exchange, ended: Ended, failed: boolean): void {
  const method = knownMethod(exchange.method);
  const { path, query } = splitTarget(exchange.target);
  const { scheme, version } = ended.protocol;
  const { headers, host, address, port } = ended.peer();
  span.set('http.request.method', method);
  if (method !== exchange.method) span.set('http.request.method_original', exchange.method);
  span.set('url.scheme', scheme);
  span.set('url.path', path);
  if (query) span.set('url.query', query);
  span.set('network.protocol.version', version);
  setIfKnown(span, 'network.peer.address', address);
  setIfKnown(span, 'network.peer.port', port);
  setIfKnown(span, 'client.address', firstOf(headers['x-forwarded-for']) ?? address);
  setIfKnown(span, 'user_agent.original', firstOf(headers['user-agent'], ''));
  if (host) {
    const server = splitHost(host, scheme);
    span.set('server.address', server.address);
    span.set('server.port', server.port);
  }
  if (exchange.route !== undefined) {
    span.set('http.route', exchange.route);
    span.rename(`${method === '_OTHER' ? 'HTTP' : method} ${exchange.route}`);
  } else if (method === '_OTHER') span.rename('HTTP');
  setOutcome(span, ended, failed);
}

function setOutcome(span: Span, { status, by }: Ended, failed: boolean): void {
  if (status) span.set('http.response.status_code', Number(status));
  if (by !== 'finished') span.set('error.type', `aborted_by_${by}`);
  else if (failed) span.set('error.type', status);
  if (failed) span.fail();
}

function setIfKnown(span: Span, name: string, value: string | number | undefined): void {
  if (value !== undefined) span.set(name, value);
}

/** Of a header that may have come several times, or be a list. */
function firstOf(header: string | string[] | undefined, separator = ','): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return separator === '' ? text : text?.split(separator, 1)[0]?.trim();
}

/** One request that this process makes of another, by whatever client. */
import type { Hub } from '../core/hub.ts';
import { isOwnRequest } from '../export/own-requests.ts';
import type { Meters } from '../metrics/meters.ts';
import type { Span } from '../tracing/tracer.ts';
import { knownMethod } from './methods.ts';
import { DURATION_BUCKETS, statusLabel } from './server-metrics.ts';
import { splitHost, withoutSecrets } from './url.ts';

/** Of the label `host`; what comes beyond is `other`. */
const MOST_HOSTS = 100;

export class ClientExchange {
  readonly began = performance.now();
  /** 0 until the head of the response is there. */
  status = 0;
  span: Span | undefined;

  constructor(
    readonly method: string,
    readonly url: ClientUrl,
  ) {}
}

export interface ClientUrl {
  readonly scheme: string;
  /** With the port where it is not that of the scheme. */
  readonly host: string;
  /** With the query. */
  readonly target: string;
}

/** Why a request failed; `canceled` where whoever made it gave it up. */
export interface Failure {
  readonly type: string;
  readonly error: unknown;
  readonly canceled: boolean;
}

export interface ClientWatch {
  /** Undefined for what is not looked at: the library's own export. The span is the child of the active one. */
  start(method: string, url: ClientUrl): ClientExchange | undefined;
  end(exchange: ClientExchange, failure?: Failure): void;
}

const watches = new WeakMap<Meters, ClientWatch>();

/** All clients count in the same metric, which a registry takes once. */
export function clientWatchOf(hub: Hub): ClientWatch {
  const watch = watches.get(hub.meters) ?? createClientWatch(hub);
  watches.set(hub.meters, watch);
  return watch;
}

function createClientWatch({ meters, recorder, tracer, settings }: Hub): ClientWatch {
  const took = meters.histogram({
    name: 'http_client_request_duration_seconds',
    help: 'Duration of requests to others until the end of the response, by host; `error` where there was no response.',
    labels: ['method', 'host', 'status'],
    buckets: DURATION_BUCKETS,
  });
  const hosts = new Set<string>();
  const hostLabel = (host: string): string => {
    if (hosts.has(host)) return host;
    if (hosts.size >= MOST_HOSTS) return 'other';
    hosts.add(host);
    return host;
  };
  return {
    start(method, url) {
      if (isOwnRequest()) return undefined;
      const exchange = new ClientExchange(method, url);
      if (tracer.active() || settings.traceRate > 0) exchange.span = tracer.start(knownMethod(method), 'client');
      return exchange;
    },
    end(exchange, failure) {
      const seconds = (performance.now() - exchange.began) / 1000;
      const { status, span } = exchange;
      const method = knownMethod(exchange.method);
      const host = hostLabel(exchange.url.host);
      const label = status === 0 ? 'error' : statusLabel(status);
      const failed = status >= 500 || (failure !== undefined && !failure.canceled);
      took.observe([method, host, label], seconds, span);
      const labels = { host, method, status: label };
      recorder.record({ kind: 'http_client', name: `${method} ${host}`, seconds, failed, labels, span });
      if (!span) return;
      if (span.sampled) setClientAttributes(span, exchange, failure);
      span.end();
    },
  };
}

/** https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span */
function setClientAttributes(span: Span, { method, url, status }: ClientExchange, failure: Failure | undefined): void {
  const { address, port } = splitHost(url.host, url.scheme);
  const [path = '', query] = url.target.split(/\?(.*)/s, 2);
  span.set('http.request.method', knownMethod(method));
  if (knownMethod(method) !== method) span.set('http.request.method_original', method);
  span.set('server.address', address);
  span.set('server.port', port);
  const kept = query === undefined ? path : `${path}?${withoutSecrets(query)}`;
  span.set('url.full', `${url.scheme}://${url.host}${kept}`);
  if (status !== 0) span.set('http.response.status_code', status);
  if (failure && !failure.canceled) {
    span.set('error.type', failure.type);
    span.fail(failure.error);
  } else if (status >= 400) {
    span.set('error.type', String(status));
    span.fail();
  }
}

/** Of whatever was thrown. A signal that was aborted without a reason of its own is its owner's decision. */
export function failureOf(error: unknown): Failure {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  const type = typeof code === 'string' ? code : typeof name === 'string' ? name : '_OTHER';
  return { type, error, canceled: name === 'AbortError' };
}

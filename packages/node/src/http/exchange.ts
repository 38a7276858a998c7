/** One request that is being served and its response, whatever the version of HTTP. */
import type { Hub } from '../core/hub.ts';
import type { Span, SpanStart } from '../tracing/tracer.ts';
import { Attachment } from './attachment.ts';
import { knownMethod } from './methods.ts';
import type { Outcome, Protocol, ServerMetrics } from './server-metrics.ts';
import { setServerAttributes } from './server-span.ts';
import { splitTarget } from './url.ts';

/** Asked once the response has ended, where no route was named: who answered shows only then. */
export interface LateRoute {
  /** `status` is '' if none was sent. Undefined: nobody of whom a route is known. May throw. */
  route(status: string): string | undefined;
}

export class Exchange {
  readonly began = performance.now();
  isOpen = true;
  /** Bytes of the body of the request that have passed. */
  received = 0;
  /** Undefined where no framework said so. */
  route: string | undefined;
  late: LateRoute | undefined;
  span: Span | undefined;

  constructor(
    /** As it came; routers change the one of the request. */
    readonly target: string,
    readonly method: string,
  ) {}
}

/**
 * By what Node gives for a request: an IncomingMessage or the stream of HTTP/2. The only attachment of this library that
 * is looked at for each event: more of them would share the code of one and make it forget which field it reads.
 */
export const exchanges = new Attachment<object, Exchange>();

/** What was sent and received until the end. Sizes in bytes, negative or NaN where nobody knows. */
export interface Ended {
  readonly protocol: Protocol;
  /** '' if none was sent. */
  readonly status: string;
  readonly by: Outcome;
  readonly requestSize: number;
  readonly responseSize: number;
  /** Asked for only if the span is sampled. */
  readonly peer: () => Peer;
}

export interface Peer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly host: string | undefined;
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** Whatever is active is not looked at: a connection that is kept may still be in the context of the request before. */
const OF_ITS_OWN: SpanStart = { root: true };

/** The span of a request that came with this `traceparent`. Undefined where no trace begins here and none comes from elsewhere. */
export function startSpan({ tracer, settings }: Hub, method: string, traceparent: unknown): Span | undefined {
  const parent = typeof traceparent === 'string' ? tracer.extract(traceparent) : undefined;
  if (!parent && settings.traceRate === 0) {
    if (tracer.active()) tracer.enter(undefined);
    return undefined;
  }
  return tracer.start(knownMethod(method), 'server', parent, OF_ITS_OWN);
}

export function finishExchange(hub: Hub, metrics: ServerMetrics, exchange: Exchange, ended: Ended): void {
  const seconds = (performance.now() - exchange.began) / 1000;
  const { span, late } = exchange;
  const { by, status } = ended;
  if (late) exchange.route ??= hub.guard.run('http.route', () => late.route(status), undefined);
  const series = metrics.series(ended.protocol, exchange.route, knownMethod(exchange.method), status, by);
  const failed = by === 'server' || (by === 'finished' && status >= '500');
  series.took.observe(seconds, span);
  series.tookByConvention.observe(seconds, span);
  if (ended.requestSize >= 0) series.requestSize.observe(ended.requestSize);
  if (ended.responseSize >= 0) series.responseSize.observe(ended.responseSize);
  if (by !== 'finished') metrics.abort(series, by);
  const { name, labels } = series;
  const detail = failed ? () => `${exchange.method} ${splitTarget(exchange.target).path}` : undefined;
  hub.recorder.record(
    detail
      ? { kind: 'http', name, seconds, failed, labels, span, detail }
      : { kind: 'http', name, seconds, failed, labels, span },
  );
  if (!span) return;
  if (span.sampled) setServerAttributes(span, exchange, ended, failed);
  span.end();
}

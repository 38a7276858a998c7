/** HTTP/2 as served by `node:http2`: the stream API, and the compatibility API above it. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Hub, Instrumentation } from '../core/hub.ts';
import type { Span } from '../tracing/tracer.ts';
import { watchEvents } from './emit.ts';
import { Exchange, exchanges, finishExchange, type Peer, startSpan } from './exchange.ts';
import { type Outcome, type Protocol, type ServerMetrics, statusLabel } from './server-metrics.ts';
import { serverMetricsOf } from './server-metrics-of.ts';

/** A stream that is open. */
class Open extends Exchange {
  constructor(
    readonly headers: IncomingHttpHeaders,
    method: string,
  ) {
    super(headers[':path'] ?? '', method);
  }
}

const plain: Protocol = { scheme: 'http', version: '2' };
const secure: Protocol = { scheme: 'https', version: '2' };

/** NGHTTP2_CANCEL: the client gave it up, or its connection went (https://www.rfc-editor.org/rfc/rfc9113#ErrorCodes). */
const CANCEL = 8;

const SERVERS = new Set(['Http2Server', 'Http2SecureServer']);
const STREAM_EVENTS = new Set(['data', 'end', 'close', 'readable', 'error', 'aborted', 'trailers']);

class StreamWatch {
  constructor(
    private readonly hub: Hub,
    private readonly metrics: ServerMetrics,
  ) {}

  /** The span in whose context the listeners of the server are called. */
  start(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Span | undefined {
    const method = headers[':method'] ?? '';
    const exchange = new Open(headers, method);
    exchanges.attach(stream, exchange);
    this.metrics.inFlight++;
    exchange.span = startSpan(this.hub, method, headers.traceparent);
    return exchange.span;
  }

  spanOf(stream: object): Span | undefined {
    const open = exchanges.of(stream);
    return open?.isOpen ? open.span : undefined;
  }

  readonly event = (stream: object, type: string | symbol, values: readonly unknown[]): void =>
    this.hub.guard.run(
      'http2.server.event',
      () => {
        const open = exchanges.of(stream);
        if (!(open instanceof Open && open.isOpen)) return;
        if (type === 'data') open.received += (values[0] as Uint8Array | string | undefined)?.length ?? 0;
        if (type === 'close') this.close(stream as ServerHttp2Stream, open);
      },
      undefined,
    );

  private close(stream: ServerHttp2Stream, exchange: Open): void {
    const { headers } = exchange;
    exchange.isOpen = false;
    this.metrics.inFlight--;
    const sent = stream.sentHeaders as IncomingHttpHeaders | undefined;
    finishExchange(this.hub, this.metrics, exchange, {
      protocol: headers[':scheme'] === 'https' ? secure : plain,
      status: stream.headersSent && sent ? statusLabel(sent[':status']) : '',
      by: outcomeOf(stream),
      requestSize: Number(headers['content-length'] ?? exchange.received),
      responseSize: Number(sent?.['content-length'] ?? Number.NaN),
      peer: () => peerOf(stream, headers),
    });
  }
}

function outcomeOf(stream: ServerHttp2Stream): Outcome {
  if (stream.rstCode === CANCEL) return 'client';
  return stream.rstCode === 0 && stream.writableFinished && stream.headersSent ? 'finished' : 'server';
}

function peerOf({ session }: ServerHttp2Stream, headers: IncomingHttpHeaders): Peer {
  const socket = session?.destroyed === false ? session.socket : undefined;
  return {
    headers,
    host: headers[':authority'] ?? headers.host,
    address: socket?.remoteAddress,
    port: socket?.remotePort,
  };
}

/** The prototype of Node's own servers of HTTP/2 in the chain of this one; loading `node:http2` to ask takes 30 ms. */
function http2Prototype(server: object): object | undefined {
  let prototype: object | null = Object.getPrototypeOf(server);
  while (prototype && !SERVERS.has(prototype.constructor?.name)) prototype = Object.getPrototypeOf(prototype);
  return prototype ?? undefined;
}

export const http2Server: Instrumentation = {
  name: 'http2',
  install(hub) {
    const { guard, tracer } = hub;
    const watch = new StreamWatch(hub, serverMetricsOf(hub));
    const undo: (() => void)[] = [];
    const watched = new WeakSet<object>();
    const watchOnce = (prototype: object, how: () => () => void): void => {
      if (watched.has(prototype)) return;
      watched.add(prototype);
      undo.push(how());
    };
    const watchStreams = (prototype: object) =>
      watchEvents(prototype, {
        types: STREAM_EVENTS,
        before: watch.event,
        around(stream, _type, _values, pass) {
          const span = guard.run('http2.server.context', () => watch.spanOf(stream), undefined);
          return span && tracer.active() !== span ? tracer.run(span, pass) : pass();
        },
      });
    const watchServer = (prototype: object) =>
      watchEvents(prototype, {
        types: new Set(['stream']),
        around(_server, _type, [stream, headers], pass) {
          const begin = () => {
            const own = Object.getPrototypeOf(stream) as object;
            watchOnce(own, () => watchStreams(own));
            return watch.start(stream as ServerHttp2Stream, headers as IncomingHttpHeaders);
          };
          const span = guard.run('http2.server.start', begin, undefined);
          return span ? tracer.run(span, pass) : pass();
        },
      });
    // Before the first stream of a server there is a connection.
    const connected = (told: unknown) =>
      guard.run(
        'http2.server.connection',
        () => {
          const { server } = (told as { readonly socket: { readonly server?: object } }).socket;
          const prototype = server && !watched.has(server) ? http2Prototype(server) : undefined;
          if (prototype) watchOnce(prototype, () => watchServer(prototype));
          if (server) watched.add(server);
        },
        undefined,
      );
    subscribe('net.server.socket', connected);
    return () => {
      unsubscribe('net.server.socket', connected);
      for (const back of undo.splice(0).reverse()) back();
    };
  },
};

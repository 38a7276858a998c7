/** HTTP/1.0 and 1.1 as served by `node:http` and `node:https`. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Hub, Instrumentation } from '../core/hub.ts';
import { replaceMethod } from '../core/wrap.ts';
import type { Span } from '../tracing/tracer.ts';
import type { Emit } from './emit.ts';
import { Exchange, exchanges, finishExchange, type Peer, startSpan } from './exchange.ts';
import { rawHeader } from './raw-header.ts';
import { type Outcome, type Protocol, type ServerMetrics, statusLabel } from './server-metrics.ts';
import { serverMetricsOf } from './server-metrics-of.ts';
import { watchUpgrades } from './upgrade.ts';

/** What the channels tell; the objects are the application's as well. */
interface Told {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

/** A request that is open. */
class Open extends Exchange {
  /** Bytes of the connection when it was this response's turn; those of a pipeline come one after the other. */
  writtenBefore = 0;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    /** A request that the application has destroyed does not know its own any more. */
    readonly socket: Socket,
    /** As the request announced it; undefined for none. */
    readonly contentLength: string | undefined,
  ) {
    super(request.url ?? '', request.method ?? '');
  }
}

function openOf(request: object): Open | undefined {
  const exchange = exchanges.of(request);
  return exchange?.isOpen ? (exchange as Open) : undefined;
}

const protocol = (scheme: Protocol['scheme'], version: string): Protocol => ({ scheme, version });
const plain = { '1.0': protocol('http', '1.0'), '1.1': protocol('http', '1.1') };
const secure = { '1.0': protocol('https', '1.0'), '1.1': protocol('https', '1.1') };

/** Of a request; by its socket, as its version cannot change meanwhile. */
function protocolOf(request: IncomingMessage, socket: Socket): Protocol {
  const isSecure = (socket as { readonly encrypted?: boolean }).encrypted === true;
  return (isSecure ? secure : plain)[request.httpVersionMinor === 0 ? '1.0' : '1.1'];
}

class ServerWatch {
  constructor(
    private readonly hub: Hub,
    private readonly metrics: ServerMetrics,
    /** Called for each request that has a span. */
    private readonly keepContext: () => void,
  ) {}

  readonly started = (told: unknown): void =>
    this.hub.guard.run('http.server.start', () => this.start(told as Told), undefined);

  readonly finished = (told: unknown): void =>
    this.hub.guard.run('http.server.finish', () => this.finish(told as Told), undefined);

  /** A response's turn has come. */
  readonly assigned = (response: ServerResponse): void =>
    this.hub.guard.run('http.server.socket', () => this.begin(response), undefined);

  /** A part of a body came in. */
  readonly received = (request: object, chunk: unknown): void =>
    this.hub.guard.run('http.server.request', () => this.count(request, chunk), undefined);

  /** A request was destroyed: at its end, by the application, or because its connection is gone. */
  readonly destroyed = (request: object): void =>
    this.hub.guard.run('http.server.close', () => this.close(request), undefined);

  /** Gives the span in whose context the listeners are to be called. */
  readonly spanOf = (request: object, type: string | symbol): Span | undefined =>
    this.hub.guard.run('http.server.context', () => this.find(request as IncomingMessage, type), undefined);

  private start({ request, response, socket }: Told): void {
    const { rawHeaders } = request;
    const open = new Open(request, response, socket, rawHeader(rawHeaders, 'content-length'));
    exchanges.attach(request, open);
    this.metrics.inFlight++;
    open.span = startSpan(this.hub, open.method, rawHeader(rawHeaders, 'traceparent'));
    if (!open.span) return;
    this.hub.tracer.enter(open.span);
    this.keepContext();
  }

  private finish({ request }: Told): void {
    const open = openOf(request);
    if (open) this.end(open, 'finished');
  }

  private begin({ req: request }: ServerResponse): void {
    const open = request && openOf(request);
    if (open) open.writtenBefore = open.socket.bytesWritten;
  }

  /** Of all incoming messages, also of those that are responses to this process. */
  private count(request: object, chunk: unknown): void {
    const open = openOf(request);
    if (open) open.received += sizeOf(chunk);
  }

  private close(request: object): void {
    const open = openOf(request);
    if (open?.socket.destroyed) this.end(open, closedBy(open.socket));
  }

  private find(request: IncomingMessage, type: string | symbol): Span | undefined {
    const span = openOf(request)?.span;
    return span && request.listenerCount(type) > 0 ? span : undefined;
  }

  private end(open: Open, by: Outcome): void {
    const { request, response, socket } = open;
    open.isOpen = false;
    this.metrics.inFlight--;
    // One that waits in a pipeline may have a head, and has no socket.
    const sent = response.headersSent && response.socket !== null;
    finishExchange(this.hub, this.metrics, open, {
      protocol: protocolOf(request, socket),
      status: sent ? statusLabel(response.statusCode) : '',
      by,
      requestSize: open.contentLength === undefined ? open.received : Number(open.contentLength),
      responseSize: sent ? socket.bytesWritten - open.writtenBefore - headSize(response) : -1,
      peer: () => peerOf(request, socket),
    });
  }
}

const peerOf = ({ headers }: IncomingMessage, socket: Socket): Peer => ({
  headers,
  host: headers.host,
  address: socket.remoteAddress,
  port: socket.remotePort,
});

const sizeOf = (chunk: unknown): number =>
  typeof chunk === 'string' ? Buffer.byteLength(chunk) : ((chunk as Uint8Array | undefined)?.byteLength ?? 0);

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'.length;

/** Bytes that are not of the body: the head as Node keeps it, and a response of status 100 before it. */
function headSize(response: ServerResponse): number {
  const kept = response as { readonly _header?: string | null; readonly _sent100?: boolean };
  return (kept._header?.length ?? 0) + (kept._sent100 ? CONTINUE : 0);
}

const FROM_AFAR = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT']);

/** Who ended a connection whose response was not finished. */
function closedBy(socket: Socket): Outcome {
  const code = (socket.errored as NodeJS.ErrnoException | null)?.code;
  if (code !== undefined) return FROM_AFAR.has(code) ? 'client' : 'server';
  return socket.readableEnded ? 'client' : 'server';
}

type Assign = (this: ServerResponse, socket: Socket) => void;
type Push = (this: IncomingMessage, chunk: unknown, encoding?: BufferEncoding) => boolean;
type Destroy = (this: IncomingMessage, error?: Error, callback?: unknown) => IncomingMessage;

const watchTurns = (watch: ServerWatch): (() => void) =>
  replaceMethod<Assign>(
    http.ServerResponse.prototype,
    'assignSocket',
    (original, isWatching) =>
      function assignSocket(socket) {
        if (isWatching()) watch.assigned(this);
        return original.call(this, socket);
      },
  );

const watchBodies = (watch: ServerWatch): (() => void) =>
  replaceMethod<Push>(
    http.IncomingMessage.prototype,
    'push',
    (original, isWatching) =>
      function push(chunk, encoding) {
        if (chunk && isWatching()) watch.received(this, chunk);
        return original.call(this, chunk, encoding);
      },
  );

/** Node destroys the requests of a connection that is gone before their responses were finished. */
const watchEnds = (watch: ServerWatch): (() => void) =>
  replaceMethod<Destroy>(
    http.IncomingMessage.prototype,
    'destroy',
    (original, isWatching) =>
      function destroy(error, callback) {
        const given = original.call(this, error, callback);
        if (isWatching()) watch.destroyed(this);
        return given;
      },
  );

const isRequestEvent = (type: string | symbol): boolean =>
  type === 'data' ||
  type === 'end' ||
  type === 'close' ||
  type === 'readable' ||
  type === 'error' ||
  type === 'aborted';

/** Where Node keeps the context with the callback and not with the connection (from 24 on), it is lost at the next event. */
const watchContexts = (watch: ServerWatch, tracer: Hub['tracer']): (() => void) =>
  replaceMethod<Emit>(http.IncomingMessage.prototype, 'emit', (original, isWatching) => {
    const inContext = (span: Span, request: object, type: string | symbol, values: readonly unknown[]): boolean => {
      const pass = () => original.call(request, type, ...values);
      return tracer.active() === span ? pass() : tracer.run(span, pass);
    };
    return function emit(type, ...values) {
      const span = isRequestEvent(type) && isWatching() ? watch.spanOf(this, type) : undefined;
      return span ? inContext(span, this, type, values) : original.call(this, type, ...values);
    };
  });

export const httpServer: Instrumentation = {
  name: 'http',
  install(hub) {
    const undo: (() => void)[] = [];
    // From the first span on: an application without traces does not pay for it, and it costs each event of each request.
    let keepsContext = false;
    const watch = new ServerWatch(hub, serverMetricsOf(hub), () => {
      if (keepsContext) return;
      keepsContext = true;
      undo.push(watchContexts(watch, hub.tracer));
    });
    subscribe('http.server.request.start', watch.started);
    subscribe('http.server.response.finish', watch.finished);
    undo.push(
      watchTurns(watch),
      watchBodies(watch),
      watchEnds(watch),
      ...[http.Server, https.Server].map(({ prototype }) => watchUpgrades(prototype, hub)),
    );
    return () => {
      unsubscribe('http.server.request.start', watch.started);
      unsubscribe('http.server.response.finish', watch.finished);
      for (const back of undo.reverse()) back();
    };
  },
};

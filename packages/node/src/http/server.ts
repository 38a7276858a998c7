/** HTTP/1.0 and 1.1 as served by `node:http` and `node:https`. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Hub, Instrumentation } from '../core/hub.ts';
import type { Span } from '../tracing/tracer.ts';
import { Attachment } from './attachment.ts';
import { watchEvents } from './emit.ts';
import { Exchange, finishExchange, type Peer, startSpan } from './exchange.ts';
import { rawHeader } from './raw-header.ts';
import { routeOf } from './route.ts';
import { type Outcome, type Protocol, type ServerMetrics, statusLabel } from './server-metrics.ts';
import { serverMetricsOf } from './server-metrics-of.ts';
import { watchUpgrades } from './upgrade.ts';

/** What the channels tell; the objects are the application's as well. */
interface Told {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

/** A request that is open, kept with the request itself. */
class Open {
  isOpen = true;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    /** A request that the application has destroyed does not know its own any more. */
    readonly socket: Socket,
    readonly connection: Connection,
    readonly exchange: Exchange,
    /** As the request announced it; undefined for none. */
    readonly contentLength: string | undefined,
  ) {}
}

/** How far the bytes of a connection are counted; its requests come one after the other. */
class Connection {
  written: number;

  constructor(socket: Socket) {
    this.written = socket.bytesWritten;
  }
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
  private readonly connections = new Attachment<Socket, Connection>();
  private readonly requests = new Attachment<IncomingMessage, Open>();

  constructor(
    private readonly hub: Hub,
    private readonly metrics: ServerMetrics,
  ) {}

  readonly started = (told: unknown): void =>
    this.hub.guard.run('http.server.start', () => this.start(told as Told), undefined);

  readonly finished = (told: unknown): void =>
    this.hub.guard.run('http.server.finish', () => this.finish(told as Told), undefined);

  /** Of a response that nobody finished, or one that is finished already. */
  readonly responseClosed = (response: object): void =>
    this.hub.guard.run('http.server.close', () => this.close(response as ServerResponse), undefined);

  /** Gives the span in whose context the listeners are to be called. */
  readonly requestEvent = (request: object, type: string | symbol, values: readonly unknown[]): Span | undefined =>
    this.hub.guard.run('http.server.request', () => this.look(request as IncomingMessage, type, values[0]), undefined);

  private start({ request, response, socket }: Told): void {
    let connection = this.connections.of(socket);
    if (!connection) {
      connection = new Connection(socket);
      this.connections.attach(socket, connection);
    }
    const { url = '', method = '', rawHeaders } = request;
    const exchange = new Exchange(url, method);
    this.requests.attach(
      request,
      new Open(request, response, socket, connection, exchange, rawHeader(rawHeaders, 'content-length')),
    );
    this.metrics.inFlight++;
    exchange.span = startSpan(this.hub, method, rawHeader(rawHeaders, 'traceparent'));
    if (exchange.span) this.hub.tracer.enter(exchange.span);
  }

  private finish({ request }: Told): void {
    const open = this.requests.of(request);
    if (open?.isOpen) this.end(open, 'finished');
  }

  private close({ req: request }: ServerResponse): void {
    const open = request && this.requests.of(request);
    if (open?.isOpen) this.end(open, closedBy(open.socket));
  }

  /** Events of all incoming messages, also of those that are responses to this process. */
  private look(request: IncomingMessage, type: string | symbol, value: unknown): Span | undefined {
    const open = this.requests.of(request);
    if (!open?.isOpen) return undefined;
    if (type === 'data') open.exchange.received += sizeOf(value);
    const { span } = open.exchange;
    // One of a pipeline whose turn never came: its response has no socket, and never closes.
    if (type === 'close' && open.socket.destroyed) this.end(open, closedBy(open.socket));
    return open.isOpen ? span : undefined;
  }

  private end(open: Open, by: Outcome): void {
    const { request, response, socket, connection, exchange } = open;
    open.isOpen = false;
    this.metrics.inFlight--;
    // One that waits in a pipeline may have a head, and has no socket.
    const sent = response.headersSent && response.socket !== null;
    let responseSize = -1;
    if (sent) {
      const { bytesWritten } = socket;
      responseSize = bytesWritten - connection.written - headSize(response);
      connection.written = bytesWritten;
    }
    finishExchange(this.hub, this.metrics, exchange, {
      protocol: protocolOf(request, socket),
      route: routeOf(request),
      status: sent ? statusLabel(response.statusCode) : '',
      by,
      requestSize: bodySize(open),
      responseSize,
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

/** As it was announced, else what passed. */
function bodySize({ contentLength, exchange }: Open): number {
  return contentLength === undefined ? exchange.received : Number(contentLength);
}

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

const REQUEST_EVENTS = new Set(['data', 'end', 'close', 'readable', 'error', 'aborted']);

export const httpServer: Instrumentation = {
  name: 'http',
  install(hub) {
    const watch = new ServerWatch(hub, serverMetricsOf(hub));
    const { tracer } = hub;
    subscribe('http.server.request.start', watch.started);
    subscribe('http.server.response.finish', watch.finished);
    const undo = [
      watchEvents(http.ServerResponse.prototype, { types: new Set(['close']), before: watch.responseClosed }),
      watchEvents(http.IncomingMessage.prototype, {
        types: REQUEST_EVENTS,
        // Where Node keeps the context with the callback and not with the connection (from 24 on), it is lost at the next.
        around(request, type, values, pass) {
          const span = watch.requestEvent(request, type, values);
          return span && tracer.active() !== span ? tracer.run(span, pass) : pass();
        },
      }),
      ...[http.Server, https.Server].map(({ prototype }) => watchUpgrades(prototype, hub)),
    ];
    return () => {
      unsubscribe('http.server.request.start', watch.started);
      unsubscribe('http.server.response.finish', watch.finished);
      for (const back of undo.reverse()) back();
    };
  },
};

/** HTTP/1.0 and 1.1 as served by `node:http` and `node:https`. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Hub, Instrumentation } from '../core/hub.ts';
import type { Span } from '../tracing/tracer.ts';
import { watchEvents } from './emit.ts';
import { Exchange, finishExchange, type Peer, startSpan } from './exchange.ts';
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

interface Open {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly exchange: Exchange;
}

/** What is kept for a connection: the requests that are open on it, in their order, and how far its bytes are counted. */
class Connection {
  readonly open: Open[] = [];
  written: number;

  constructor(socket: Socket) {
    this.written = socket.bytesWritten;
  }

  find(request: object): Open | undefined {
    const { open } = this;
    // Nearly always the only one.
    return open[0]?.request === request ? open[0] : open.find((one) => one.request === request);
  }

  take(request: object): Open | undefined {
    const found = this.find(request);
    if (found) this.open.splice(this.open.indexOf(found), 1);
    return found;
  }
}

const protocols: Readonly<Record<string, Protocol>> = Object.fromEntries(
  (['http', 'https'] as const).flatMap((scheme) =>
    ['1.0', '1.1'].map((version) => [`${scheme}/${version}`, { scheme, version }]),
  ),
);

/** Of a request; by its socket, as its version cannot change meanwhile. */
function protocolOf(request: IncomingMessage): Protocol {
  const secure = (request.socket as { readonly encrypted?: boolean }).encrypted === true;
  return protocols[`${secure ? 'https' : 'http'}/${request.httpVersionMinor === 0 ? '1.0' : '1.1'}`]!;
}

class ServerWatch {
  private readonly connections = new WeakMap<Socket, Connection>();

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

  readonly requestEvent = (request: object, type: string | symbol, values: readonly unknown[]): void =>
    this.hub.guard.run('http.server.request', () => this.look(request as IncomingMessage, type, values[0]), undefined);

  private start({ request, response, socket }: Told): void {
    let connection = this.connections.get(socket);
    if (!connection) {
      connection = new Connection(socket);
      this.connections.set(socket, connection);
    }
    const { url = '', method = '', headers } = request;
    const exchange = new Exchange(url, method);
    connection.open.push({ request, response, exchange });
    this.metrics.inFlight++;
    exchange.span = startSpan(this.hub, method, headers.traceparent);
    if (exchange.span) this.hub.tracer.enter(exchange.span);
  }

  private finish({ request, socket }: Told): void {
    const connection = this.connections.get(socket);
    const open = connection?.take(request);
    if (connection && open) this.end(connection, open, 'finished');
  }

  private close({ req: request }: ServerResponse): void {
    const connection = this.connections.get(request?.socket);
    const open = connection?.take(request);
    if (connection && open) this.end(connection, open, closedBy(request.socket));
  }

  /** Events of all incoming messages, also of those that are responses to this process. */
  private look(request: IncomingMessage, type: string | symbol, value: unknown): void {
    const connection = this.connections.get(request.socket);
    const open = connection?.find(request);
    if (!connection || !open) return;
    if (type === 'data') open.exchange.received += sizeOf(value);
    // One of a pipeline whose turn never came: its response has no socket, and never closes.
    if (type === 'close' && request.socket.destroyed) {
      connection.take(request);
      this.end(connection, open, closedBy(request.socket));
    }
  }

  /** The span in whose context the events of a request are. */
  spanOf(request: IncomingMessage): Span | undefined {
    return this.connections.get(request.socket)?.find(request)?.exchange.span;
  }

  private end(connection: Connection, { request, response, exchange }: Open, by: Outcome): void {
    this.metrics.inFlight--;
    // One that waits in a pipeline may have a head, and has no socket.
    const sent = response.headersSent && response.socket !== null;
    let responseSize = -1;
    if (sent) {
      const { bytesWritten } = request.socket;
      responseSize = bytesWritten - connection.written - headSize(response);
      connection.written = bytesWritten;
    }
    finishExchange(this.hub, this.metrics, exchange, {
      protocol: protocolOf(request),
      route: routeOf(request),
      status: sent ? statusLabel(response.statusCode) : '',
      by,
      requestSize: bodySize(request, exchange),
      responseSize,
      peer: () => peerOf(request),
    });
  }
}

const peerOf = ({ headers, socket }: IncomingMessage): Peer => ({
  headers,
  host: headers.host,
  address: socket.remoteAddress,
  port: socket.remotePort,
});

const sizeOf = (chunk: unknown): number =>
  typeof chunk === 'string' ? Buffer.byteLength(chunk) : ((chunk as Uint8Array | undefined)?.byteLength ?? 0);

/** As it was announced, else what passed. */
function bodySize({ headers }: IncomingMessage, { received }: Exchange): number {
  const announced = headers['content-length'];
  return announced === undefined ? received : Number(announced);
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
        before: watch.requestEvent,
        // Where Node keeps the context with the callback and not with the connection (from 24 on), it is lost at the next.
        around(request, _type, _values, pass) {
          const span = hub.guard.run('http.server.context', () => watch.spanOf(request as IncomingMessage), undefined);
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

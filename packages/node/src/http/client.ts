/** Requests made with `node:http` and `node:https`. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import type { Hub, Instrumentation } from '../core/hub.ts';
import { alike } from '../core/wrap.ts';
import { type ClientExchange, type ClientUrl, type ClientWatch, clientWatchOf, failureOf } from './client-exchange.ts';
import { watchEvents } from './emit.ts';

/** Called by Node when the head of a request is made, unless that was given ready: the last moment for a header. */
type WithHead = ClientRequest & { _implicitHeader(): void };

class RequestWatch {
  private readonly requests = new WeakMap<object, ClientExchange>();

  constructor(
    private readonly hub: Hub,
    private readonly watch: ClientWatch,
  ) {}

  start(request: ClientRequest): void {
    if (this.requests.has(request)) return;
    const exchange = this.watch.start(request.method, urlOf(request));
    if (!exchange) return;
    this.requests.set(request, exchange);
    if (exchange.span && !request.headersSent && !request.hasHeader('traceparent')) {
      request.setHeader('traceparent', this.hub.tracer.inject(exchange.span));
    }
  }

  readonly answered = (told: unknown): void =>
    this.hub.guard.run(
      'http.client.response',
      () => {
        const { request, response } = told as { readonly request: ClientRequest; readonly response: IncomingMessage };
        const exchange = this.requests.get(request);
        if (exchange) exchange.status = response.statusCode ?? 0;
      },
      undefined,
    );

  readonly failed = (told: unknown): void =>
    this.hub.guard.run(
      'http.client.error',
      () => {
        const { request, error } = told as { readonly request: ClientRequest; readonly error: unknown };
        this.end(request, error);
      },
      undefined,
    );

  readonly closed = (request: object): void =>
    this.hub.guard.run('http.client.close', () => this.end(request as ClientRequest), undefined);

  private end(request: ClientRequest, error?: unknown): void {
    const exchange = this.requests.get(request);
    if (!exchange) return;
    this.requests.delete(request);
    this.watch.end(exchange, error === undefined ? undefined : failureOf(error));
  }
}

function urlOf(request: ClientRequest): ClientUrl {
  const named = request.getHeader('host');
  return {
    scheme: request.protocol.replace(':', ''),
    host: typeof named === 'string' ? named : request.host,
    target: request.path,
  };
}

/** Puts itself before the one method of the prototype; gives the way back. */
function beforeHead(prototype: WithHead, before: (request: ClientRequest) => void): () => void {
  const original = prototype._implicitHeader;
  prototype._implicitHeader = function _implicitHeader(this: WithHead): void {
    before(this);
    original.call(this);
  };
  const own = prototype._implicitHeader;
  alike(own, original);
  return () => {
    if (prototype._implicitHeader === own) prototype._implicitHeader = original;
  };
}

export const httpClient: Instrumentation = {
  name: 'http-client',
  install(hub) {
    const watch = new RequestWatch(hub, clientWatchOf(hub));
    const prototype = http.ClientRequest.prototype as WithHead;
    const undo = [
      beforeHead(prototype, (request) => hub.guard.run('http.client.start', () => watch.start(request), undefined)),
      watchEvents(prototype, { types: new Set(['close']), before: watch.closed }),
    ];
    subscribe('http.client.response.finish', watch.answered);
    subscribe('http.client.request.error', watch.failed);
    return () => {
      unsubscribe('http.client.response.finish', watch.answered);
      unsubscribe('http.client.request.error', watch.failed);
      for (const back of undo.reverse()) back();
    };
  },
};

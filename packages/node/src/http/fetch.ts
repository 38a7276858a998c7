/** Requests made with `fetch` and undici, by the channels of undici (its docs/api/DiagnosticsChannel.md). */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Instrumentation } from '../core/hub.ts';
import { type ClientExchange, clientWatchOf, failureOf } from './client-exchange.ts';

/** As far as versions 5 to 7 agree. */
interface UndiciRequest {
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
  /** A block of lines in version 5, names and values in turn from 6 on. */
  readonly headers: string | readonly unknown[];
  addHeader(name: string, value: string): void;
}

interface Told {
  readonly request: UndiciRequest;
  readonly response?: { readonly statusCode: number };
  readonly error?: unknown;
}

export const fetchClient: Instrumentation = {
  name: 'fetch',
  install(hub) {
    const { guard, tracer } = hub;
    const watch = clientWatchOf(hub);
    const open = new WeakMap<object, ClientExchange>();
    const end = (request: object, failure?: ReturnType<typeof failureOf>) => {
      const exchange = open.get(request);
      if (!exchange) return;
      open.delete(request);
      watch.end(exchange, failure);
    };
    const listeners: Readonly<Record<string, (told: Told) => void>> = {
      create({ request }) {
        const { protocol, host } = new URL(request.origin);
        const exchange = watch.start(request.method, { scheme: protocol.slice(0, -1), host, target: request.path });
        if (!exchange) return;
        open.set(request, exchange);
        if (exchange.span && !hasTraceparent(request.headers)) {
          request.addHeader('traceparent', tracer.inject(exchange.span));
        }
      },
      headers({ request, response }) {
        const exchange = open.get(request);
        if (exchange) exchange.status = response?.statusCode ?? 0;
      },
      trailers: ({ request }) => end(request),
      error: ({ request, error }) => end(request, failureOf(error)),
    };
    const subscribed = Object.entries(listeners).map(([event, listen]) => {
      const listener = (told: unknown) => guard.run(`fetch.${event}`, () => listen(told as Told), undefined);
      subscribe(`undici:request:${event}`, listener);
      return { channel: `undici:request:${event}`, listener };
    });
    return () => {
      for (const { channel, listener } of subscribed) unsubscribe(channel, listener);
    };
  },
};

function hasTraceparent(headers: UndiciRequest['headers']): boolean {
  if (typeof headers === 'string') return /^traceparent:/im.test(headers);
  return headers.some((one, place) => place % 2 === 0 && String(one).toLowerCase() === 'traceparent');
}

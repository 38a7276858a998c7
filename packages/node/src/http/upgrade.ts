/** Requests that Node hands over with their connection: `Upgrade` and CONNECT. What is spoken then is not HTTP. */
import type { IncomingMessage } from 'node:http';
import type { Hub } from '../core/hub.ts';
import { watchEvents } from './emit.ts';
import { startSpan } from './exchange.ts';
import { splitTarget } from './url.ts';

const KNOWN = new Set(['websocket', 'h2c', 'tls']);

/** To what, from a bounded set. */
function protocolOf({ method, headers }: IncomingMessage): string {
  if (method === 'CONNECT') return 'connect';
  const asked = headers.upgrade?.toLowerCase() ?? '';
  return KNOWN.has(asked) ? asked : 'other';
}

const counters = new WeakMap<Hub, ReturnType<Hub['meters']['counter']>>();

function counterOf(hub: Hub) {
  const counter =
    counters.get(hub) ??
    hub.meters.counter({
      name: 'http_upgrades_total',
      help: 'Connections that were handed over to another protocol, before an answer was given.',
      labels: ['protocol'],
    });
  counters.set(hub, counter);
  return counter;
}

/** Counts them, and has a span about the time in which the listeners are called. */
export function watchUpgrades(prototype: object, hub: Hub): () => void {
  const { guard, tracer } = hub;
  const counter = counterOf(hub);
  const begin = (request: IncomingMessage) => {
    counter.add([protocolOf(request)]);
    const span = startSpan(hub, request.method ?? '', request.headers.traceparent);
    span?.set('http.request.method', request.method ?? '');
    span?.set('url.path', splitTarget(request.url ?? '').path);
    return span;
  };
  return watchEvents(prototype, {
    types: new Set(['upgrade', 'connect']),
    around(_server, _type, values, pass) {
      const span = guard.run('http.server.upgrade', () => begin(values[0] as IncomingMessage), undefined);
      if (!span) return pass();
      try {
        return tracer.run(span, pass);
      } finally {
        span.end();
      }
    },
  });
}

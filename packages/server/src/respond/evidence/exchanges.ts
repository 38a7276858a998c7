import type { Exchange, GatewayEvent } from '@nightshift/gateway/protocol';

const MOST = 50;

/** The failed exchanges of a release in order, the first 50: the gateway reports all of the first 100, then ever fewer. */
export function failedExchanges(events: readonly GatewayEvent[], release: string): Exchange[] {
  const exchanges = new Map<string, Exchange>();
  for (const event of events) {
    if (event.kind === 'exchange.failed' && event.release === release) exchanges.set(event.exchange.id, event.exchange);
    if (exchanges.size === MOST) break;
  }
  return [...exchanges.values()].sort((a, b) => a.at - b.at);
}

/** `GET /links/:…`: the one route that all exchanges share, '' when they have none in common. Segments that differ become `:…`. */
export function commonRoute(exchanges: readonly Exchange[]): string {
  const routes = exchanges.map(({ method, path }) => ({ method, segments: path.split('?')[0]!.split('/') }));
  const first = routes[0];
  if (!first || routes.some(({ segments }) => segments.length !== first.segments.length)) return '';
  const method = routes.every((route) => route.method === first.method) ? first.method : 'Requests to';
  const segments = first.segments.map((segment, i) =>
    routes.every((route) => route.segments[i] === segment) ? segment : ':…',
  );
  return `${method} ${segments.join('/')}`;
}

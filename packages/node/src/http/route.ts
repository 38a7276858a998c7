/**
 * The template of the route that serves a request, as the instrumentation of a framework finds it out: `/users/:id`, with
 * the prefixes of mounted routers. Kept with the exchange, beside the request, which stays as it is.
 */
import { exchanges, type LateRoute } from './exchange.ts';

/**
 * `request` is what Node gave: an IncomingMessage, an Http2ServerRequest, or the stream of a server session of HTTP/2. May
 * be called any number of times until the response has ended; the last one counts. Never throws.
 */
export function setRoute(request: object, template: string): void {
  try {
    const exchange = exchanges.of(streamOf(request));
    if (exchange) exchange.route = template;
  } catch {
    // Whatever a framework gave is no object.
  }
}

/** For a request that may be answered on its way to a route: `late` is asked at the end if there was none. The last one counts. */
export function setLateRoute(request: object, late: LateRoute): void {
  try {
    const exchange = exchanges.of(streamOf(request));
    if (exchange) exchange.late = late;
  } catch {
    // Whatever a framework gave is no object.
  }
}

/** A request of the compatibility API stands for its stream. */
const streamOf = (request: object & { readonly stream?: unknown }): object =>
  typeof request.stream === 'object' && request.stream !== null ? request.stream : request;

/**
 * The template of the route that serves a request, as the instrumentation of a framework finds it out: `/users/:id`, with
 * the prefixes of mounted routers. Kept with the exchange, beside the request, which stays as it is.
 */
import { type Exchange, exchanges } from './exchange.ts';

/**
 * `request` is what Node gave: an IncomingMessage, an Http2ServerRequest, or the stream of a server session of HTTP/2. May
 * be called any number of times until the response has ended; the last one counts. Never throws.
 */
export function setRoute(request: object, template: string): void {
  const exchange = exchangeOf(request);
  if (exchange) exchange.route = template;
}

/** The exchange of a request, in which `late` is for frameworks to set; undefined where nobody looks on. Never throws. */
export function exchangeOf(request: object): Exchange | undefined {
  try {
    return exchanges.of(streamOf(request));
  } catch {
    // Whatever a framework gave is no object.
    return undefined;
  }
}

/** A request of the compatibility API stands for its stream. */
const streamOf = (request: object & { readonly stream?: unknown }): object =>
  typeof request.stream === 'object' && request.stream !== null ? request.stream : request;

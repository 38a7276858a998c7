/**
 * The template of a Fastify route, with all prefixes, is known when the request begins: a hook of ours, the first one of
 * each instance that is made, notes it. Of instances that were made before, the channel of the handlers tells.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Hub, Instrumentation } from '../core/hub.ts';
import { isFunction } from '../core/wrap.ts';
import { setRoute } from '../http/route.ts';
import { isLoaded } from '../modules/commonjs.ts';

interface Config {
  readonly url?: unknown;
}

interface Request {
  readonly raw: object;
  readonly routeOptions?: { readonly config?: Config };
  readonly [own: symbol]: { readonly config?: Config } | undefined;
}

/**
 * The template of the route of a request; undefined where none was found. `routeOptions` is made anew each time that it
 * is asked for, of a dozen fields: it is asked once, to find what a request keeps its route in.
 */
function createUrlOf(): (request: Request) => unknown {
  let place: symbol | undefined;
  return (request) => {
    const kept = place && request[place];
    if (kept) return kept.config?.url;
    const config = request.routeOptions?.config;
    if (config) place = Object.getOwnPropertySymbols(request).find((own) => request[own]?.config === config);
    return config?.url;
  };
}

const INITIALIZATION = 'fastify.initialization';
const HANDLER = 'tracing:fastify.request.handler:start';

export const fastify: Instrumentation = {
  name: 'fastify',
  install({ guard }: Hub) {
    let watching = true;
    const urlOf = createUrlOf();
    const note = (request: Request): void => {
      const url = watching ? urlOf(request) : undefined;
      if (typeof url === 'string' && url !== '') setRoute(request.raw, url);
    };
    const onRequest = (request: Request, _reply: unknown, done: () => void): void => {
      guard.run('fastify.request', () => note(request), undefined);
      done();
    };
    const handling = (told: unknown): void =>
      guard.run('fastify.handler', () => note((told as { request: Request }).request), undefined);
    const made = (told: unknown): void =>
      guard.run(
        'fastify.initialization',
        () => {
          const { fastify: instance } = told as { fastify: { addHook?: unknown } };
          if (isFunction(instance.addHook)) instance.addHook('onRequest', onRequest);
          // Whoever makes an instance only now had none before.
          unsubscribe(HANDLER, handling);
        },
        undefined,
      );
    subscribe(INITIALIZATION, made);
    if (isLoaded('fastify')) subscribe(HANDLER, handling);
    return () => {
      watching = false;
      unsubscribe(INITIALIZATION, made);
      unsubscribe(HANDLER, handling);
    };
  },
};

/**
 * The template of a Fastify route, with all prefixes, is known when the request begins: a hook of ours, the first one of
 * each instance that is made, notes it. Of instances that were made before, the channel of the handlers tells.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Hub, Instrumentation } from '../core/hub.ts';
import { isFunction } from '../databases/wrap.ts';
import { setRoute } from '../http/route.ts';
import { isLoaded } from '../modules/commonjs.ts';

interface Request {
  readonly raw: object;
  readonly is404?: boolean;
  readonly routeOptions?: { readonly url?: unknown };
}

const INITIALIZATION = 'fastify.initialization';
const HANDLER = 'tracing:fastify.request.handler:start';

export const fastify: Instrumentation = {
  name: 'fastify',
  install({ guard }: Hub) {
    let watching = true;
    const note = (request: Request): void => {
      const url = request.is404 ? undefined : request.routeOptions?.url;
      if (watching && typeof url === 'string' && url !== '') setRoute(request.raw, url);
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

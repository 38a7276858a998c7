/** Route templates of @koa/router from 15 on, with the prefixes of nested routers, which its layers have already. */
import type { ModuleInstrumentation } from '../core/hub.ts';
import { exported, type Method, prototypeOf, prototypeOfClass, wholeOf, wrapMethod } from '../core/wrap.ts';
import { setRoute } from '../http/route.ts';

interface Layer {
  readonly path: string | RegExp;
  /** None: a middleware. */
  readonly methods: readonly string[];
}

interface Context {
  readonly req: object;
  _matchedRoute?: unknown;
}

export const koaRouter: ModuleInstrumentation = {
  module: '@koa/router',
  patch(exports, { guard }) {
    const prototype =
      prototypeOf(exports, 'Router') ??
      prototypeOfClass(wholeOf(exports)) ??
      prototypeOfClass(exported(exports, 'default'));
    if (!prototype) return () => {};
    return wrapMethod(
      prototype,
      '_setMatchedRouteInfo',
      (original): Method =>
        function setMatchedRouteInfo(this: object, ...args) {
          const result = original.apply(this, args);
          guard.run('koa.router', () => note(args[0] as Context, args[1] as readonly Layer[]), undefined);
          return result;
        },
    );
  },
};

function note(context: Context, layers: readonly Layer[]): void {
  const routes = layers.filter(({ methods }) => methods.length > 0);
  const [first] = routes;
  if (!first) return;
  setRoute(context.req, String(first.path));
  if (routes.length > 1) follow(context, new Set(routes.map(({ path }) => path)));
}

/** Where several routes match, the router says by `_matchedRoute` which of them it comes to. */
function follow(context: Context, routes: ReadonlySet<unknown>): void {
  let value = context._matchedRoute;
  Object.defineProperty(context, '_matchedRoute', {
    configurable: true,
    enumerable: true,
    get: () => value,
    set(now: unknown) {
      value = now;
      if (routes.has(now)) setRoute(context.req, String(now));
    },
  });
}

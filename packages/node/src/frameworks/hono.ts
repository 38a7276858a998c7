/**
 * Route templates of Hono on @hono/node-server. The routers of Hono keep a handler and its route side by side; the one
 * that they keep says its route when it is called, and `app.routes` has the application's own.
 */
import type { Guard } from '../core/guard.ts';
import type { ModuleInstrumentation } from '../core/hub.ts';
import { isFunction, isObject, type Method, ownerOf, together, wrapMethod } from '../core/wrap.ts';
import type { LateRoute } from '../http/exchange.ts';
import { exchangeOf } from '../http/route.ts';

interface RouterRoute {
  readonly path: string;
  readonly method: string;
}

interface Context {
  readonly env?: { readonly incoming?: object };
}

const ours = new WeakSet<Method>();

const modules = [
  'hono',
  'hono/tiny',
  'hono/quick',
  ...['linear', 'pattern', 'reg-exp', 'smart', 'trie'].map((name) => `hono/router/${name}-router`),
];

export const honoModules: readonly ModuleInstrumentation[] = modules.map((module) => ({
  module,
  patch: (exports, { guard }) =>
    together(routersOf(exports).map((router) => wrapMethod(router, 'add', (original) => adding(original, guard)))),
}));

/** The prototypes of the routers that are exported, or that an exported application has. */
function routersOf(exports: unknown): object[] {
  if (!isObject(exports)) return [];
  return Object.values(exports).flatMap((value) => {
    const prototype = isFunction(value) ? (value as { prototype?: unknown }).prototype : undefined;
    if (!isObject(prototype)) return [];
    const { router } = isFunction(prototype.route) ? made(value as never) : { router: prototype };
    const owner = isObject(router) && isFunction(router.match) ? ownerOf(router, 'add') : undefined;
    return owner ? [owner] : [];
  });
}

const made = (Application: new () => { readonly router?: unknown }) => new Application();

function adding(original: Method, guard: Guard): Method {
  return function add(this: object, ...args) {
    const kept = guard.run('hono.add', () => watched(args[2], guard), undefined);
    return original.apply(this, kept ? [args[0], args[1], kept] : args);
  };
}

function watched(pair: unknown, guard: Guard): readonly [Method, RouterRoute] | undefined {
  if (!Array.isArray(pair)) return undefined;
  const [handler, route] = pair as [unknown, unknown];
  if (!isFunction(handler) || ours.has(handler) || !isRoute(route)) return undefined;
  const late = isMiddleware(handler, route) ? lateRoute(route) : undefined;
  const handle: Method = function (this: object, ...args) {
    guard.run('hono.handler', () => note(args[0] as Context, route, late), undefined);
    return handler.apply(this, args);
  };
  ours.add(handle);
  return [handle, route];
}

const isRoute = (value: unknown): value is RouterRoute =>
  isObject(value) && typeof value.path === 'string' && typeof value.method === 'string';

/** `app.use` and `app.all` add alike; what is for every path below and takes `next` may pass it on. */
const isMiddleware = ({ length }: Method, { method, path }: RouterRoute): boolean =>
  method === 'ALL' && path.endsWith('*') && length > 1;

/** Of what is for every path below one, `app.use('/static/*', …)`: it has answered where nobody after it has. */
const lateRoute = ({ path }: RouterRoute): LateRoute => ({
  route: (status) => (status === '404' || /^\/?\*$/.test(path) ? undefined : path),
});

function note({ env }: Context, { path }: RouterRoute, late: LateRoute | undefined): void {
  const exchange = env?.incoming && exchangeOf(env.incoming);
  if (!exchange) return;
  if (late) exchange.late = late;
  else exchange.route = path;
}

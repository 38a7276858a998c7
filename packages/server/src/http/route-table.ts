import type { FastifyInstance } from 'fastify';
import type { Right } from '../api/api.ts';

/** Who may use a route: `open` is everybody, `self` any valid token or session. */
export type Access = Right | 'open' | 'self';

declare module 'fastify' {
  interface FastifyContextConfig {
    right?: Access;
  }
}

export interface Route {
  readonly method: string;
  /** As registered: `/api/v1/tokens/:id`. */
  readonly path: string;
  readonly right: Access;
}

export interface RouteTable {
  readonly routes: readonly Route[];
  /** Methods of the routes that an actual path fits, sorted. */
  methodsAt(path: string): string[];
}

const patternOf = (path: string): RegExp =>
  new RegExp(
    `^${path
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:\w+/g, '[^/]+')
      .replaceAll('*', '.*')}$`,
  );

/** Notes every route that is registered from here on, and refuses one that does not say whom it is for. */
export function keepRouteTable(app: FastifyInstance): RouteTable {
  const routes: Route[] = [];
  app.addHook('onRoute', (route) => {
    const right = route.config?.right;
    if (!right) throw new Error(`The route ${String(route.method)} ${route.url} declares no right.`);
    for (const method of [route.method].flat()) routes.push({ method, path: route.url, right });
  });
  return {
    routes,
    methodsAt: (path) => [
      ...new Set(
        routes
          .filter((route) => patternOf(route.path).test(path))
          .map(({ method }) => method)
          .sort(),
      ),
    ],
  };
}

/** Route templates of Next.js, `/blog/[slug]`: of the router for pages and that for apps, of route handlers and API routes. */
import type { ModuleInstrumentation } from '../core/hub.ts';
import { isObject, type Method, ownerOf, prototypeOfClass, wholeOf, wrapMethod } from '../databases/wrap.ts';
import { setRoute } from '../http/route.ts';

/** What the server of Next.js knows of a request when it has found what serves it. */
interface RequestContext {
  readonly pathname?: unknown;
  readonly req?: { readonly originalRequest?: unknown };
}

const NOT_FOUND: ReadonlySet<unknown> = new Set(['/404', '/_not-found', '/_error', '/500']);

export const nextServer: ModuleInstrumentation = {
  module: 'next/dist/server/base-server',
  patch(exports, { guard }) {
    const prototype = prototypeOfClass(wholeOf(exports));
    const owner = prototype && ownerOf(prototype, 'renderToResponseWithComponents');
    if (!owner) return () => {};
    return wrapMethod(
      owner,
      'renderToResponseWithComponents',
      (original): Method =>
        function renderToResponseWithComponents(this: object, ...args) {
          guard.run('next.render', () => note(args[0] as RequestContext), undefined);
          return original.apply(this, args);
        },
    );
  },
};

function note({ pathname, req }: RequestContext): void {
  const request = req?.originalRequest;
  if (isObject(request) && typeof pathname === 'string' && !NOT_FOUND.has(pathname)) setRoute(request, pathname);
}

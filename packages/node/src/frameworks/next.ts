/** Route templates of Next.js, `/blog/[slug]`: of the router for pages and that for apps, of route handlers and API routes. */
import type { ModuleInstrumentation } from '../core/hub.ts';
import { isObject, type Method, ownerOf, prototypeOfClass, wholeOf, wrapMethod } from '../core/wrap.ts';
import { setRoute } from '../http/route.ts';

/** What the server of Next.js knows of a request when it has found what serves it. */
interface RequestContext {
  readonly pathname?: unknown;
  readonly req?: Request;
}

interface Request {
  /** As Node gave it. */
  readonly originalRequest?: unknown;
}

interface Match {
  readonly definition?: { readonly pathname?: unknown };
}

const NOT_FOUND: ReadonlySet<unknown> = new Set(['/404', '/_not-found', '/_error', '/500']);

/** Pages of both routers, and route handlers. */
export const nextPages: ModuleInstrumentation = {
  module: 'next/dist/server/base-server',
  patch: (exports, { guard }) =>
    before(exports, 'renderToResponseWithComponents', (context) =>
      guard.run(
        'next.render',
        () => note((context as RequestContext).req, (context as RequestContext).pathname),
        undefined,
      ),
    ),
};

/** API routes of the router for pages. */
export const nextApi: ModuleInstrumentation = {
  module: 'next/dist/server/next-server',
  patch: (exports, { guard }) =>
    before(exports, 'runApi', (request, _response, _query, match) =>
      guard.run('next.api', () => note(request as Request, (match as Match).definition?.pathname), undefined),
    ),
};

/** Looks at what a method of the exported server is called with. */
function before(exports: unknown, method: string, look: (...args: unknown[]) => void): () => void {
  const prototype = prototypeOfClass(wholeOf(exports));
  const owner = prototype && ownerOf(prototype, method);
  if (!owner) return () => {};
  return wrapMethod(
    owner,
    method,
    (original): Method =>
      function seen(this: object, ...args) {
        look(...args);
        return original.apply(this, args);
      },
  );
}

function note(request: Request | undefined, pathname: unknown): void {
  const original = request?.originalRequest;
  if (isObject(original) && typeof pathname === 'string' && !NOT_FOUND.has(pathname)) setRoute(original, pathname);
}

import Fastify, { type FastifyInstance } from 'fastify';
import { NightshiftError } from '../errors/catalogue.ts';
import { type NotFound, requireRights } from './auth.ts';
import type { HttpDeps } from './deps.ts';
import { sendError, toNightshiftError } from './errors.ts';
import { incidentRoutes } from './incidents.ts';
import { loginRoutes } from './login.ts';
import { logRoutes } from './logs.ts';
import { withOwnMetrics } from './own-metrics.ts';
import { releaseRoutes } from './releases.ts';
import { keepRouteTable, type RouteTable } from './route-table.ts';
import { addSecurityHeaders } from './security-headers.ts';
import { serviceRoutes } from './services.ts';
import { statusRoutes } from './status.ts';
import { tokenRoutes } from './tokens.ts';
import { traceRoutes } from './traces.ts';
import { webRoutes } from './web.ts';

declare module 'fastify' {
  interface FastifyInstance {
    routeTable: RouteTable;
  }
}

const jsonBodyBytes = 1024 ** 2;
// Node's own bound for headers is 60 s; a sender that takes longer than this for a body only holds a connection.
const requestMs = 120_000;

const routes = [
  statusRoutes,
  loginRoutes,
  tokenRoutes,
  serviceRoutes,
  releaseRoutes,
  incidentRoutes,
  logRoutes,
  traceRoutes,
  webRoutes,
] as const;

/**
 * The one HTTP application, not yet listening. Further routes (ingest, Prometheus) are registered on what it returns;
 * each must declare its right. The rights are checked before a body is read.
 */
export function buildHttpApp(deps: HttpDeps): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: jsonBodyBytes,
    requestTimeout: requestMs,
    rewriteUrl: ({ url = '/', headers }) => withOwnMetrics(url, headers.accept),
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => {
      sendError(reply, toNightshiftError(error, request, deps.log));
    },
  });
  app.removeContentTypeParser('text/plain');
  const table = keepRouteTable(app);
  app.decorate('routeTable', table);
  addSecurityHeaders(app, deps.config.http.publicUrl);
  app.setErrorHandler((error, request, reply) => sendError(reply, toNightshiftError(error, request, deps.log)));
  const notFound: NotFound = (request, reply) => {
    const path = request.url.split('?')[0] ?? '/';
    const methods = table.methodsAt(path);
    // A route of this method that says 404 itself (an asset that is not there) comes here as well.
    if (methods.length === 0 || methods.includes(request.method))
      return sendError(reply, new NightshiftError('NOT_FOUND', { what: path }));
    const allowed = methods.join(', ');
    return sendError(
      reply.header('allow', allowed),
      new NightshiftError('METHOD_NOT_ALLOWED', { method: request.method, allowed }),
    );
  };
  app.setNotFoundHandler(notFound);
  requireRights(app, deps, notFound);
  for (const register of routes) register(app, deps);
  return app;
}

/** Takes no more connections, lets open requests end for at most `graceMs`, then cuts them. May be called twice. */
export async function closeHttpApp(app: FastifyInstance, graceMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
  }
}

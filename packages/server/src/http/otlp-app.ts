import Fastify, { type FastifyInstance } from 'fastify';
import { NightshiftError } from '../errors/catalogue.ts';
import { type NotFound, requireRights } from './auth.ts';
import type { HttpDeps } from './deps.ts';
import { toNightshiftError } from './errors.ts';
import { type IngestDeps, ingestRoutes } from './ingest.ts';
import { sendRpcStatus } from './otlp-status.ts';

/** The application on OpenTelemetry's own port: the three OTLP paths and nothing else. */
export function buildOtlpApp(deps: HttpDeps, ingest: IngestDeps): FastifyInstance {
  const app = Fastify({ logger: false, requestTimeout: 120_000, forceCloseConnections: 'idle' });
  const notFound: NotFound = (request, reply) =>
    sendRpcStatus(request, reply, new NightshiftError('NOT_FOUND', { what: 'such OTLP path' }));
  requireRights(app, deps, notFound);
  app.setErrorHandler((error, request, reply) =>
    sendRpcStatus(request, reply, toNightshiftError(error, request, deps.log)),
  );
  app.setNotFoundHandler(notFound);
  ingestRoutes(app, ingest, (receiver) => receiver.answer === 'otlp');
  return app;
}

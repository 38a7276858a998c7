import type { FastifyInstance } from 'fastify';
import type { HttpDeps } from './deps.ts';

/** How Nightshift itself is. /live and /ready say nothing that a stranger should not know. */
export function statusRoutes(app: FastifyInstance, deps: HttpDeps): void {
  app.get('/live', { config: { right: 'open' } }, async () => ({ status: 'live' }));

  app.get('/ready', { config: { right: 'open' } }, async (_request, reply) => {
    const isReady = (deps.notReady?.() ?? '') === '';
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready' });
  });

  app.get('/api/v1/status', { config: { right: 'read' } }, async () => deps.status());

  app.get('/health', { config: { right: 'read' } }, async (_request, reply) => {
    const status = await deps.status();
    const isWell = status.engine.state === 'up' && status.spool.degraded === '';
    return reply.code(isWell ? 200 : 503).send({ status: isWell ? 'up' : 'degraded', details: status });
  });
}

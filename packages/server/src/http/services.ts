import type { FastifyInstance } from 'fastify';
import type { ServiceSummary } from '../api/api.ts';
import type { HttpDeps } from './deps.ts';
import { onlyKnown, timeRange } from './parameters.ts';

export function serviceRoutes(app: FastifyInstance, { services, now }: HttpDeps): void {
  app.get(
    '/api/v1/services',
    { config: { right: 'read' } },
    async (request): Promise<{ services: ServiceSummary[] }> => {
      const range = timeRange(onlyKnown(request.query, ['start', 'end']), now());
      return { services: await services.summaries(range) };
    },
  );
}

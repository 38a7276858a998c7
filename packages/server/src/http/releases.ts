import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Release, ReleaseRequest } from '../api/api.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import { principalOf } from './auth.ts';
import type { HttpDeps } from './deps.ts';
import { onlyKnown, readBody, single } from './parameters.ts';

const serviceName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, {
  error: 'must be a name of letters, digits, `.`, `_` and `-`',
});

const releaseBody = z.strictObject({
  service: serviceName,
  version: z.string().min(1).max(200),
  revision: z.string().max(200).optional(),
  dir: z.string().startsWith('/', { error: 'must be an absolute path' }),
  command: z.array(z.string()).min(1),
  env: z.record(z.string().min(1), z.string()).optional(),
  healthPath: z.string().startsWith('/').optional(),
  port: z.int().min(0).max(65_535).optional(),
  environment: z.string().max(200).optional(),
  failover: z.boolean().optional(),
});

const rollbackBody = z.strictObject({ service: serviceName, reason: z.string().trim().min(1).max(2000) });

/** Without keys whose value is undefined, which JSON cannot carry anyway. */
const releaseRequest = (body: unknown): ReleaseRequest => {
  const parsed = readBody(releaseBody, body);
  return Object.fromEntries(
    Object.entries(parsed).filter(([, value]) => value !== undefined),
  ) as unknown as ReleaseRequest;
};

export function releaseRoutes(app: FastifyInstance, { releases }: HttpDeps): void {
  app.get('/api/v1/releases', { config: { right: 'read' } }, async (request): Promise<{ releases: Release[] }> => {
    return { releases: await releases.list(single(onlyKnown(request.query, ['service']), 'service')) };
  });

  app.get<{ Params: { id: string } }>('/api/v1/releases/:id', { config: { right: 'read' } }, async (request) => {
    const release = await releases.get(request.params.id);
    if (!release) throw new NightshiftError('NOT_FOUND', { what: `release ${request.params.id}` });
    return release;
  });

  app.post('/api/v1/releases', { config: { right: 'release' } }, async (request, reply) => {
    return reply.code(202).send(await releases.start(releaseRequest(request.body), principalOf(request).name));
  });

  app.post('/api/v1/releases/rollback', { config: { right: 'release' } }, async (request): Promise<Release> => {
    const { service, reason } = readBody(rollbackBody, request.body);
    return releases.rollback(service, reason, principalOf(request).name);
  });
}

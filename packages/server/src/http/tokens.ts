import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { HttpDeps } from './deps.ts';
import { readBody } from './parameters.ts';

const rights = z.array(z.enum(['ingest', 'read', 'release', 'admin'])).min(1);
const createBody = z.strictObject({ name: z.string().trim().min(1).max(200), rights });
const dayS = 24 * 3600;
const rotateBody = z.strictObject({
  graceSeconds: z
    .int()
    .min(0)
    .max(30 * dayS)
    .default(dayS),
});

export function tokenRoutes(app: FastifyInstance, { control: { tokens } }: HttpDeps): void {
  const config = { right: 'admin' } as const;

  app.get('/api/v1/tokens', { config }, async () => ({ tokens: tokens.list() }));

  app.post('/api/v1/tokens', { config }, async (request, reply) => {
    const body = readBody(createBody, request.body);
    return reply.code(201).send(tokens.create(body.name, [...new Set(body.rights)]));
  });

  app.post<{ Params: { id: string } }>('/api/v1/tokens/:id/rotate', { config }, async (request, reply) => {
    const { graceSeconds } = readBody(rotateBody, request.body);
    return reply.code(201).send(tokens.rotate(request.params.id, graceSeconds));
  });

  app.delete<{ Params: { id: string } }>('/api/v1/tokens/:id', { config }, async (request, reply) => {
    tokens.delete(request.params.id);
    return reply.code(204).send();
  });
}

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { NightshiftError } from '../errors/catalogue.ts';
import { principalOf } from './auth.ts';
import type { HttpDeps } from './deps.ts';
import { choice, onlyKnown, readBody } from './parameters.ts';

const stateBody = z.strictObject({ state: z.enum(['opened', 'acknowledged', 'mitigated', 'resolved', 'reviewed']) });
const mediaTypes = { md: 'text/markdown; charset=utf-8', html: 'text/html; charset=utf-8' } as const;
// The report styles itself and quotes what applications wrote: nothing in it may run or load.
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox";

function found<T>(value: T | null, id: string): T {
  if (value === null) throw new NightshiftError('NOT_FOUND', { what: `incident ${id}` });
  return value;
}

export function incidentRoutes(app: FastifyInstance, { incidents }: HttpDeps): void {
  type ById = { Params: { id: string } };

  app.get('/api/v1/incidents', { config: { right: 'read' } }, async () => ({ incidents: await incidents.list() }));

  app.get<ById>('/api/v1/incidents/:id', { config: { right: 'read' } }, async ({ params: { id } }) =>
    found(await incidents.get(id), id),
  );

  app.post<ById>('/api/v1/incidents/:id/state', { config: { right: 'release' } }, async (request) => {
    const { state } = readBody(stateBody, request.body);
    return found(await incidents.setState(request.params.id, state, principalOf(request).name), request.params.id);
  });

  app.get<ById>('/api/v1/incidents/:id/report', { config: { right: 'read' } }, async (request, reply) => {
    const format = choice(onlyKnown(request.query, ['format']), 'format', { md: 'md', html: 'html' } as const, 'md');
    const text = found(await incidents.report(request.params.id, format), request.params.id);
    return reply.type(mediaTypes[format]).header('content-security-policy', reportPolicy).send(text);
  });
}

import { existsSync, readdirSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { NightshiftError } from '../errors/catalogue.ts';
import type { HttpDeps } from './deps.ts';

/** Addresses that the browser application itself understands (packages/web/src/router.tsx); all of them are its one page. */
export const clientRoutes = [
  '/',
  '/login',
  '/services',
  '/releases',
  '/incidents',
  '/incidents/:id',
  '/incidents/:id/report',
  '/logs',
  '/traces/:id',
  '/metrics',
  '/cardinality',
  '/settings',
] as const;

const forever = 'public, max-age=31536000, immutable';

/** The built web application: its page for every client route, files beside it, and hashed assets that never change. */
export function webRoutes(app: FastifyInstance, { webDir }: HttpDeps): void {
  const config = { right: 'open' } as const;
  const root = resolve(webDir ?? '.');
  const isBuilt = webDir !== null && existsSync(join(root, 'index.html'));
  if (isBuilt) app.register(fastifyStatic, { root, serve: false, cacheControl: false });
  for (const path of clientRoutes) {
    app.get(path, { config }, async (_request, reply) => {
      if (!isBuilt) throw new NightshiftError('NOT_FOUND', { what: 'web application (it was not built)' });
      return reply.header('cache-control', 'no-cache').sendFile('index.html');
    });
  }
  if (!isBuilt) return;
  app.get<{ Params: { '*': string } }>('/assets/*', { config }, async (request, reply) => {
    const name = request.params['*'];
    if (!/^\w[\w.-]*(\/\w[\w.-]*)*$/.test(name)) throw new NightshiftError('NOT_FOUND', { what: 'asset of this name' });
    return reply.header('cache-control', forever).sendFile(name, join(root, 'assets'));
  });
  const beside = readdirSync(root, { withFileTypes: true }).filter(
    (file) => file.isFile() && extname(file.name) !== '.html',
  );
  for (const { name } of beside) {
    app.get(`/${name}`, { config }, async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=3600').sendFile(name),
    );
  }
}

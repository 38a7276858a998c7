import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import serveStatic from '@fastify/static';
import fastify from 'fastify';
import type { App } from './app.ts';
import { raw } from './raw.ts';

export const fastifyApp: App = async (given) => {
  const app = fastify({ exposeHeadRoutes: true });
  app.register(async (scope) => {
    // What comes below /raw is read by its route.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.all('/raw/*', (request, reply) => {
      reply.hijack();
      try {
        raw(request.raw, reply.raw, given);
      } catch (error) {
        // What is thrown behind a reply that was taken away is logged, and nothing more.
        reply.raw.destroy();
        throw error;
      }
    });
  });
  app.register(serveStatic, { root: given.files, prefix: '/static/' });
  app.get('/app/text', async () => 'text');
  app.get('/app/html', (_request, reply) => reply.type('text/html').send('<p>grüße</p>'));
  app.post('/app/json', async (request) => ({ got: request.body }));
  app.get<{ Params: { id: string } }>('/app/users/:id', async ({ params }) => ({ id: params.id }));
  app.put('/app/users/:id', async (request, reply) => reply.code(201).send(request.body));
  app.delete('/app/users/:id', (_request, reply) => reply.code(204).send());
  app.get('/app/redirect', (_request, reply) => reply.redirect('/app/text'));
  app.get('/app/gzip', (_request, reply) =>
    reply.header('content-encoding', 'gzip').send(Readable.from(['y'.repeat(5000)]).pipe(createGzip())),
  );
  app.get('/app/file', (_request, reply) => reply.sendFile('small.txt'));
  app.get('/app/stream', (_request, reply) => reply.send(createReadStream(join(given.files, 'big.bin'))));
  app.get('/app/error', async () => {
    throw new Error('no');
  });
  app.get('/app/async-error', (_request, reply) => void setImmediate(() => reply.send(new Error('later'))));
  app.get('/app/late-error', (_request, reply) => {
    const body = async function* () {
      yield 'begun';
      throw new Error('too late');
    };
    return reply.send(Readable.from(body()));
  });
  await app.ready();
  return app.server;
};

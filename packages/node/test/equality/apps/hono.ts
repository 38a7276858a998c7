import { createReadStream } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { etag } from 'hono/etag';
import { stream, streamSSE } from 'hono/streaming';
import type { App } from './app.ts';
import { raw } from './raw.ts';

export const hono: App = async (given) => {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.all('/raw/*', (context) => {
    raw(context.env.incoming, context.env.outgoing, given);
    return RESPONSE_ALREADY_SENT;
  });
  app.use('/static/*', serveStatic({ root: given.files, rewriteRequestPath: (path) => path.slice(7) }));
  app.get('/app/text', (context) => context.text('text'));
  app.get('/app/html', (context) => context.html('<p>grüße</p>'));
  app.post('/app/json', async (context) => context.json({ got: await context.req.json() }));
  app.get('/app/users/:id', (context) => context.json({ id: context.req.param('id') }));
  app.put('/app/users/:id', async (context) => context.json(await context.req.json(), 201));
  app.delete('/app/users/:id', (context) => context.body(null, 204));
  app.get('/app/redirect', (context) => context.redirect('/app/text'));
  app.get('/app/gzip', compress({ threshold: 0 }), (context) => context.text('y'.repeat(5000)));
  app.get('/app/file', etag(), (context) => context.text('the same each time'));
  app.get('/app/stream', (context) =>
    stream(context, (out) =>
      out.pipe(Readable.toWeb(createReadStream(join(given.files, 'big.bin'))) as ReadableStream),
    ),
  );
  app.get('/app/events', (context) =>
    streamSSE(context, async (out) => {
      for (let i = 0; i < 3; i++) await out.writeSSE({ data: 'tick', id: String(i) });
    }),
  );
  app.get('/app/error', () => {
    throw new Error('no');
  });
  app.get('/app/async-error', async () => Promise.reject(new Error('later')));
  app.get('/app/late-error', (context) =>
    stream(context, async (out) => {
      await out.write('begun');
      throw new Error('too late');
    }),
  );
  return createAdaptorServer({ fetch: app.fetch }) as Server;
};

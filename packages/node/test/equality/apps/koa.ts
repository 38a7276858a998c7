import { createReadStream } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import Router from '@koa/router';
import Koa from 'koa';
import send from 'send';
import type { App } from './app.ts';
import { raw } from './raw.ts';

export const koa: App = async (given) => {
  const app = new Koa();
  app.silent = true;
  app.use(async (context, next) => {
    if (context.path.startsWith('/raw/')) {
      context.respond = false;
      context.res.statusCode = 200;
      return raw(context.req, context.res, given);
    }
    if (context.path.startsWith('/static/')) {
      context.respond = false;
      context.res.statusCode = 200;
      return void send(context.req, context.path.slice(7), { root: given.files }).pipe(context.res);
    }
    await next();
  });
  const router = new Router({ prefix: '/app' });
  const set = (path: string, body: () => unknown) =>
    router.get(path, (context) => {
      context.body = body();
    });
  set('/text', () => 'text');
  set('/html', () => '<p>grüße</p>');
  set('/gzip', () => Readable.from(['y'.repeat(5000)]).pipe(createGzip()));
  set('/file', () => createReadStream(join(given.files, 'small.txt')));
  set('/stream', () => createReadStream(join(given.files, 'big.bin')));
  set('/error', () => {
    throw new Error('no');
  });
  set('/late-error', () =>
    Readable.from(
      (async function* () {
        yield 'begun';
        throw new Error('too late');
      })(),
    ),
  );
  router.get('/async-error', async () => Promise.reject(new Error('later')));
  router.get('/redirect', (context) => context.redirect('/app/text'));
  router.get('/users/:id', (context) => {
    context.body = { id: context.params.id };
  });
  router.delete('/users/:id', (context) => {
    context.status = 204;
  });
  router.post('/json', async (context) => {
    let text = '';
    for await (const chunk of context.req) text += chunk;
    context.body = { got: JSON.parse(text) as unknown };
  });
  app.use(router.routes()).use(router.allowedMethods());
  return http.createServer(app.callback());
};

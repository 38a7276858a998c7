import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { told } from './listen.mjs';

const app = new Hono();
const say = (c) => c.json(c.req.param());
app.use('/static/*', serveStatic({ root: './', rewriteRequestPath: (path) => path.slice('/static'.length) }));
app.use('/locked/*', async (c, next) => (c.req.path.endsWith('/everything') ? next() : c.body(null, 401)));
app.use('*', async (c, next) => (/closed|everything/.test(c.req.path) ? c.body(null, 503) : next()));
app.get('/', say);
const posts = new Hono();
posts.onError((error, c) => c.text(error.message, 500));
posts.get('/', say).get('/:post', say);
posts.get('/:post/boom', () => {
  throw new Error('boom');
});
const users = new Hono();
users.use('/:user/locked', async (c) => c.body(null, 401));
users.get('/:user', say).put('/:user', say);
users.route('/:user/posts', posts);
app.route('/users', users);
app.get('/files/*', say);
app.get('/numbers/:id{[0-9]+}', say);
app.all('/any/:id', say);
app.basePath('/api/:version').get('/things/:id', say);
app.get('/boom/:id', () => {
  throw new Error('boom');
});
app.onError((error, c) => c.text(error.message, 500));
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
told(server);

import Router from '@koa/router';
import Koa from 'koa';
import { listen } from './listen.mjs';

const app = new Koa();
app.silent = true;
const say = (ctx) => {
  ctx.body = { ...ctx.params };
};
const posts = new Router();
posts.get('/', say).get('/:post', say);
const users = new Router({ prefix: '/users' });
users.get('/:user', say);
users.use('/:user/posts', posts.routes(), posts.allowedMethods());
const router = new Router();
router.use(async (_ctx, next) => next());
router.get('/', say);
router.all('/guarded/{*rest}', (ctx, next) => {
  if (ctx.path.endsWith('/no')) ctx.status = 401;
  else return next();
});
router.get('/guarded/:id', say);
router.get(/^\/files\/(.+)\.txt$/, say);
router.get(['/one', '/two/:id'], say);
router.put('/things/:id', say);
router.get('/boom/:id', () => {
  throw new Error('boom');
});
app.use(router.routes()).use(router.allowedMethods());
app.use(users.routes()).use(users.allowedMethods());
listen(app.callback());

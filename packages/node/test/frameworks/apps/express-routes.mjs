import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The same for Express 4 and 5: nested routers with parameters, mounted applications, and what ends early. */
export function routes(express) {
  const app = express();
  app.use(express.json());
  app.use(function anyMiddleware(_req, _res, next) {
    setImmediate(next);
  });
  const say = (req, res) => res.json({ ...req.params });

  const posts = express.Router({ mergeParams: true });
  posts.get('/', say);
  posts.get('/:post', (_req, _res, next) => next(), say);
  posts.all('/:post/any', say);

  const users = express.Router();
  users.param('user', (_req, _res, next) => setImmediate(next));
  users.get('/:user', say);
  users.use('/:user/posts', posts);
  users.use('/:user/locked', (_req, res) => res.status(401).end());

  // Handlers that are mounted, and have a template by that alone.
  const files = express.static(process.cwd());
  app.use('/static', files);
  app.use(['/assets', '/of/:tenant'], files);
  app.use(/^\/any-of-\w+/, files);
  users.use('/:user/files', files);
  app.use('/answers', (req, res) => setTimeout(() => res.status(Number(req.path.slice(1))).end(), 5));
  app.use('/throws', () => {
    throw new Error('thrown');
  });
  app.use('/refuses', (_req, _res, next) => next(Object.assign(new Error('no'), { status: 403 })));
  app.use('/passes', (_req, _res, next) => setImmediate(next));
  app.use((req, res, next) => {
    if (req.path.endsWith('/at-the-root')) return res.status(403).end();
    if (req.path.endsWith('/root-throws')) throw new Error('thrown');
    next();
  });
  const guarded = express.Router();
  guarded.use((_req, res) => res.status(401).end());
  app.use('/guarded/:area', guarded);

  // A router that does not answer, before one that does.
  const silent = express.Router();
  silent.get('/nobody', say);
  app.use('/:tenant', silent);
  app.use('/users', users);

  const admin = express();
  admin.get('/', say);
  admin.use('/people', users);
  app.use('/admin', admin);
  app.use(['/v1/:region', '/v2'], users);

  app.get(/^\/files\/(.+)\.txt$/, say);
  app.get(['/one', '/two/:id'], say);
  app.route('/things/:id').get(say).put(say);
  app.get('/boom/:id', () => {
    throw new Error('boom');
  });
  app.get('/later/:id', (_req, _res, next) => setImmediate(next, new Error('later')));
  app.get('/', say);

  const views = join(tmpdir(), `views-${process.pid}`);
  writeFileSync(`${views}.tpl`, 'view');
  process.on('exit', () => rmSync(`${views}.tpl`, { force: true }));
  app.engine('tpl', (_path, options, done) => setImmediate(done, options.fail ? new Error('no view') : null, 'a view'));
  app.set('views', tmpdir());
  app.set('view engine', 'tpl');
  app.get('/view/:id', (req, res) => res.render(`views-${process.pid}`, { fail: req.params.id === 'bad' }));

  app.use((error, _req, res, _next) => res.status(error.status ?? 500).send(error.message));
  return app;
}

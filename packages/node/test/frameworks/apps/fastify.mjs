import files from '@fastify/static';
import Fastify from 'fastify';
import { told } from './listen.mjs';

const app = Fastify();
const say = async (request) => ({ ...request.params });
app.get('/', say);
app.get('/users/:user', say);
app.register(
  async (users) => {
    users.get('/:user/posts/:post', say);
    users.register(async (inner) => inner.get('/deep', say), { prefix: '/:user/in' });
    users.put('/:user', say);
  },
  { prefix: '/api/:version' },
);
app.get('/files/*', say);
app.register(files, { root: process.cwd(), prefix: '/static/' });
app.get('/numbers/:id(^\\d+)', say);
app.get('/locked/:id', { onRequest: async (_request, reply) => reply.code(401).send() }, say);
app.get('/checked/:id', { schema: { querystring: { type: 'object', required: ['q'] } } }, say);
app.get('/boom/:id', async () => {
  throw new Error('boom');
});
app.listen({ port: 0, host: '127.0.0.1' }, () => told(app.server));

/**
 * The application that is measured: `app.cjs node|fastify`, as little as can be said to answer with something. What
 * watches it comes by --require; the hand-written middleware, which an application has in its own code, by BENCH_MIDDLEWARE.
 */
const { createRequire } = require('node:module');
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { join } = require('node:path');

const peers = createRequire(join(process.cwd(), 'packages/node/test/package.json'));
const middleware = process.env.BENCH_MIDDLEWARE ? require('./middleware.cjs') : undefined;

const userOf = (id) => ({ id, name: 'A user of the application', email: 'somebody@example.com', active: true });

function bare() {
  const answer = (request, response) => {
    const body = JSON.stringify(userOf(request.url.slice('/users/'.length)));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  };
  const server = createServer(middleware ? middleware.around('/users/:id', answer) : answer);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

async function fastify() {
  const app = peers('fastify')();
  if (middleware) app.addHook('onResponse', middleware.onResponse);
  app.get('/users/:id', (request) => userOf(request.params.id));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server.address().port;
}

/**
 * In bytes, after a garbage collection: what is anonymous and resident (proc_pid_smaps(5)), and what is in use of it: objects
 * and buffers, without the room that V8 keeps for new ones.
 */
function memory() {
  global.gc();
  global.gc();
  const { heapUsed, external } = process.memoryUsage();
  const [, kilobytes] = /^Anonymous:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'));
  return { anonymous: 1024 * kilobytes, used: heapUsed + external };
}

const answers = {
  cpu: () => process.cpuUsage(),
  memory,
};

process.on('message', (question) => process.send({ answer: answers[question]() }));
process.on('disconnect', () => process.exit(0));

(process.argv[2] === 'fastify' ? fastify() : bare()).then((port) => process.send({ answer: port }));

import { createServer } from 'node:http';
import { join } from 'node:path';
import next from 'next';
import { told } from './listen.mjs';

const server = createServer();
const app = next({ dev: false, dir: join(process.cwd(), 'next'), httpServer: server, quiet: true });
app.prepare().then(() => {
  const handle = app.getRequestHandler();
  server.on('request', (request, response) => void handle(request, response));
  told(server.listen(0, '127.0.0.1'));
});

import http from 'node:http';
import next from 'next';
import type { App } from './app.ts';
import { raw } from './raw.ts';

/** Where the built application is. */
const folder = process.env.EQUALITY_NEXT ?? '';

export const nextApp: App = async (given) => {
  const server = http.createServer();
  const app = next({ dev: false, dir: folder, httpServer: server, quiet: true });
  await app.prepare();
  const handle = app.getRequestHandler();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/raw/')) return raw(request, response, given);
    void handle(request, response);
  });
  return server;
};

import http, { type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { App } from './app.ts';
import { raw } from './raw.ts';

interface NextServer {
  prepare(): Promise<void>;
  getRequestHandler(): RequestListener;
}

/** Its own types would change those of Node for the whole workspace. */
const next = createRequire(import.meta.url)('next') as (options: {
  readonly dev: boolean;
  readonly dir: string;
  readonly httpServer: Server;
  readonly quiet: boolean;
}) => NextServer;

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

import http, { type IncomingMessage } from 'node:http';
import type { Application } from './application.ts';
import { ProxiedExchange } from './exchange.ts';
import { proxyUpgrade } from './upgrade.ts';

/** A user's request; the flag is set while the user waits for "100 Continue" before sending the body. */
export type UserRequest = IncomingMessage & { expectsContinue?: boolean };

/**
 * The public server of an application. There is no limit on how long an upload or an answer may take: the version's own
 * limits are what users would meet without the gateway. Only the head of a request must arrive within a minute.
 */
export function createPublicServer(app: Application): http.Server {
  const server = http.createServer({
    requestTimeout: 0,
    headersTimeout: 60_000,
    keepAliveTimeout: 75_000,
    noDelay: true,
  });
  const handle = (req: UserRequest, res: http.ServerResponse) => {
    new ProxiedExchange(app, req, res).run().catch(() => res.destroy());
  };
  server.on('request', handle);
  server.on('checkContinue', (req: UserRequest, res) => {
    req.expectsContinue = true;
    handle(req, res);
  });
  server.on('upgrade', (req, socket, head) => {
    proxyUpgrade(app, req, socket, head).catch(() => socket.destroy());
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  return server;
}

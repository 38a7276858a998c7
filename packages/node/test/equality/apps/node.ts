import http, { type IncomingMessage, type RequestListener, type Server } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import send from 'send';
import type { App } from './app.ts';
import { makeCertificate } from './certificate.ts';
import { type Given, raw } from './raw.ts';
import { nameOf } from './seen.ts';

async function json(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

function listener(given: Given): RequestListener {
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://a');
    if (pathname.startsWith('/raw/')) return raw(request, response, given);
    if (pathname.startsWith('/static/')) {
      return void send(request, pathname.slice(7), { root: given.files }).pipe(response);
    }
    if (pathname === '/app/text') return void response.end('text');
    if (pathname === '/app/json' && request.method === 'POST') {
      json(request).then(
        (body) => response.end(JSON.stringify({ got: body })),
        (error: Error) => response.writeHead(400).end(error.message),
      );
      return;
    }
    if (pathname.startsWith('/app/users/')) return void response.end(JSON.stringify({ id: pathname.slice(11) }));
    if (pathname === '/app/stream') {
      return void send(request, '/big.bin', { root: given.files, etag: false }).pipe(response);
    }
    response.writeHead(404).end();
  };
}

/** What an application may do with a server of Node that frameworks leave alone. */
function withOwnHandlers(server: Server, { seen }: Given): Server {
  server.on('checkContinue', (request, response) => {
    if (request.url?.includes('refuse')) return void response.writeHead(417).end();
    response.writeContinue();
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (_request, response) => response.writeHead(417, { 'X-Own': '1' }).end());
  server.on('connect', (request, socket, head) => {
    seen.note(nameOf(request), `connect with ${head.length} bytes`);
    socket.end('HTTP/1.1 200 Connected\r\n\r\ntunnel');
  });
  // Asked for while it is there, it can be asked for after the end.
  for (const event of ['connection', 'secureConnection']) server.on(event, (socket: Socket) => socket.remotePort);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    seen.note(`port ${socket.remotePort}`, `client error ${error.code}`);
    if (socket.writable) socket.end('HTTP/1.1 400 Very Bad\r\nConnection: close\r\n\r\n');
  });
  return server;
}

export const node: App = async (given) => withOwnHandlers(http.createServer(listener(given)), given);

export const nodeTls: App = async (given) =>
  withOwnHandlers(https.createServer(makeCertificate(join(given.files, '..')), listener(given)), given);

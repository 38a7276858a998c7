import type { Server } from 'node:http';
import http2, { type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from './app.ts';
import type { Given } from './raw.ts';

type Route = (request: Http2ServerRequest, response: Http2ServerResponse, given: Given) => unknown;

const routes: Readonly<Record<string, Route>> = {
  '/text': (_request, response) => response.end('text'),
  '/empty': (_request, response) => response.end(),
  '/204': (_request, response) => {
    response.writeHead(204);
    response.end();
  },
  '/length': (_request, response) => {
    response.setHeader('content-length', 4);
    response.end('four');
  },
  '/cookies': (_request, response) => {
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.end('x');
  },
  '/trailers': (_request, response) => {
    response.write('body');
    response.addTrailers({ 'x-sum': '4' });
    response.end();
  },
  '/slow': async (_request, response) => {
    for (let i = 0; i < 3; i++) {
      response.write(`part ${i}`);
      await sleep(6);
    }
    response.end();
  },
  '/echo': (request, response) => request.pipe(response as unknown as NodeJS.WritableStream),
  '/big': (_request, response) => response.end(Buffer.alloc(200_000, 'q')),
  '/hints': (_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.end('hinted');
  },
  '/file': (_request, response, { files }) =>
    response.stream.respondWithFile(join(files, 'small.txt'), { 'content-type': 'text/plain', date: 'fixed' }),
  '/close': (_request, response) => response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR),
  '/destroy': (_request, response) => response.stream.destroy(new Error('given up')),
  '/half': (_request, response) => {
    response.write('half');
    setTimeout(() => response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), 5);
  },
  '/forever': (_request, response) => response.write('begun'),
};

const STREAM_EVENTS = ['aborted', 'close', 'error', 'finish', 'end'] as const;

/** The compatibility API below, the API of streams for `/stream/…`. The date is left out: it is in compressed headers. */
export const http2App: App = async (given) => {
  const server = http2.createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const name = String(headers['x-exchange']);
    for (const event of STREAM_EVENTS) {
      stream.on(event, (error?: NodeJS.ErrnoException) =>
        given.seen.note(name, `stream ${event} ${error?.code ?? ''}`),
      );
    }
    // How often depends on the pieces in which a body comes; the first comes before what is piped can go on.
    stream.once('drain', () => given.seen.note(name, 'stream drain'));
    if (!headers[':path']?.startsWith('/stream/')) return;
    stream.respond({ ':status': 200, 'x-own': '1', date: 'fixed' });
    if (headers[':path'].endsWith('echo')) stream.pipe(stream);
    else stream.end('by stream');
  });
  server.on('request', (request, response) => {
    if (request.url.startsWith('/stream/')) return;
    response.sendDate = false;
    const route = routes[request.url];
    if (route) return void route(request, response, given);
    response.statusCode = 404;
    response.end();
  });
  server.on('session', (session) => session.on('error', () => {}));
  return server as unknown as Server;
};

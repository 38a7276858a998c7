/** Routes below `/raw`, on what Node gives: the same in each application, whatever stands before them. */
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBrotliCompress, createGzip } from 'node:zlib';
import { nameOf, type Seen } from './seen.ts';

export interface Given {
  readonly seen: Seen;
  /** Folder with the files that are served. */
  readonly files: string;
}

type Raw = (request: IncomingMessage, response: ServerResponse, given: Given, rest: string) => unknown;

/** Writes with regard to back-pressure, and notes how often it had to wait. */
async function writeAll(request: IncomingMessage, response: ServerResponse, seen: Seen, chunk: Buffer, times: number) {
  let refused = 0;
  for (let i = 0; i < times; i++) {
    if (response.write(chunk)) continue;
    refused++;
    await new Promise<void>((resolve) => {
      const go = () => {
        response.off('drain', go);
        response.off('close', go);
        resolve();
      };
      response.on('drain', go);
      response.on('close', go);
    });
    if (response.destroyed) break;
  }
  seen.note(nameOf(request), `${refused} writes were refused`);
  response.end();
}

const listeners = (one: NodeJS.EventEmitter): string[] =>
  one.eventNames().map((event) => `${String(event)}:${one.listenerCount(event)}`);

const described = (one: object): string[] =>
  Reflect.ownKeys(one).map((key) => `${String(key)}:${Object.getOwnPropertyDescriptor(one, key)?.enumerable}`);

const routes: Readonly<Record<string, Raw>> = {
  empty: (_request, response) => response.end(),
  status: (_request, response, _given, code) => response.writeHead(Number(code)).end(),
  text: (_request, response) => response.end('some text, grüße'),
  reason: (_request, response) => response.writeHead(299, 'Quite Good', { 'X-A': '1' }).end('x'),
  cookies: (_request, response) => {
    response.setHeader('Set-Cookie', ['a=1', 'b=2; Path=/']);
    response.appendHeader('X-List', 'one');
    response.appendHeader('X-List', 'two');
    response.end('cookies');
  },
  'raw-headers': (_request, response) => {
    response.writeHead(200, ['X-Odd', 'a', 'x-odd', 'b', 'Content-Length', '2'] as unknown as Record<string, string>);
    response.end('ok');
  },
  'no-date': (_request, response) => {
    response.sendDate = false;
    response.removeHeader('connection');
    response.end('undated');
  },
  chunks: (_request, response) => {
    for (const part of ['one', 'two', 'three']) response.write(part);
    response.end('end');
  },
  trailers: (request, response) => {
    if (request.httpVersion === '1.1' && request.method !== 'HEAD') response.setHeader('Trailer', 'X-Sum, X-Late');
    response.write('body');
    response.addTrailers({ 'X-Sum': '4', 'X-Late': 'yes' });
    response.end();
  },
  corked: (_request, response) => {
    response.cork();
    response.write('a');
    response.write('b');
    process.nextTick(() => {
      response.uncork();
      response.end('c');
    });
  },
  flush: async (_request, response) => {
    response.setHeader('X-Early', '1');
    response.flushHeaders();
    await sleep(15);
    response.end('after the headers');
  },
  hints: (_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.writeProcessing();
    response.end('hinted');
  },
  slow: async (_request, response) => {
    for (let i = 0; i < 4; i++) {
      response.write(`part ${i}\n`);
      await sleep(8);
    }
    response.end();
  },
  events: async (request, response, { seen }) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    request.on('close', () => seen.note(nameOf(request), 'the listener went'));
    for (let i = 0; i < 3 && !response.destroyed; i++) {
      response.write(`id: ${i}\ndata: tick\n\n`);
      await sleep(5);
    }
    if (!request.url?.includes('forever')) response.end();
  },
  big: (request, response, { seen }, times) =>
    writeAll(request, response, seen, Buffer.alloc(65_536, 'abcdefgh'), Number(times)),
  small: (request, response, { seen }, times) =>
    writeAll(request, response, seen, Buffer.alloc(100, 'z'), Number(times)),
  huge: (request, response, { seen }, megabytes) => {
    response.setHeader('Content-Length', Number(megabytes) * 1_048_576);
    return writeAll(request, response, seen, Buffer.alloc(1_048_576, '0123456789abcdef'), Number(megabytes));
  },
  pipe: (_request, response, { files }) => createReadStream(join(files, 'big.bin')).pipe(response),
  gzip: (_request, response, { files }) => {
    response.setHeader('Content-Encoding', 'gzip');
    createReadStream(join(files, 'big.bin')).pipe(createGzip()).pipe(response);
  },
  brotli: (_request, response, { files }) => {
    response.setHeader('Content-Encoding', 'br');
    createReadStream(join(files, 'small.txt')).pipe(createBrotliCompress()).pipe(response);
  },
  echo: (request, response) => request.pipe(response),
  body: async (request, response) => {
    let size = 0;
    for await (const chunk of request) size += (chunk as Buffer).length;
    response.end(JSON.stringify({ size, trailers: request.trailers, complete: request.complete }));
  },
  refuse: (_request, response) => response.writeHead(413, { Connection: 'close' }).end('too much'),
  'destroy-before': (_request, response) => response.destroy(),
  'destroy-request': (request) => request.destroy(),
  'destroy-middle': async (_request, response) => {
    response.write('half');
    await sleep(5);
    response.destroy(new Error('given up'));
  },
  'destroy-socket': (request, response) => {
    response.writeHead(200, { 'Content-Length': 100 });
    response.write('half', () => request.socket.destroy());
  },
  never: () => {},
  throw: (_request, response, { seen }) => {
    seen.thrown = response;
    throw new Error('thrown in the listener');
  },
  'throw-late': (_request, response) => {
    response.write('begun');
    throw new Error('thrown after the headers');
  },
  twice: (_request, response) => {
    response.writeHead(200);
    try {
      response.writeHead(500);
    } catch (error) {
      response.end((error as NodeJS.ErrnoException).code);
    }
  },
  'after-end': (request, response, { seen }) => {
    response.end('the end');
    response.write('more', (error) => seen.note(nameOf(request), `written: ${(error as { code?: string })?.code}`));
  },
  'bad-header': (_request, response) => {
    try {
      response.setHeader('X-Bad', 'a\nb');
    } catch (error) {
      response.end((error as NodeJS.ErrnoException).code);
    }
  },
  timeout: (request, response, { seen }) => {
    response.setTimeout(20, () => {
      seen.note(nameOf(request), 'time-out');
      response.end('late');
    });
  },
  strict: (request, response, { seen }) => {
    response.strictContentLength = true;
    response.setHeader('Content-Length', 3);
    try {
      response.end('four');
    } catch (error) {
      seen.note(nameOf(request), `${(error as NodeJS.ErrnoException).code}`);
      response.destroy();
    }
  },
  objects: (request, response) =>
    response.end(
      JSON.stringify({
        listeners: [request, response, request.socket].map(listeners),
        keys: [request, response].map(described),
        names: [response.write, response.end, response.writeHead, response.emit, request.emit].map(
          (method) => `${method.name}/${method.length}`,
        ),
        same: [request.socket === response.socket, response.req === request],
      }),
    ),
};

/** Of a target such as `/raw/big/10?x=1`. What a route throws at once is thrown here. */
export function raw(request: IncomingMessage, response: ServerResponse, given: Given): void {
  const [, , name = '', rest = ''] = new URL(request.url ?? '', 'http://a').pathname.split('/');
  const route = routes[name];
  if (route) void route(request, response, given, rest);
  else response.writeHead(404).end('no such route');
}

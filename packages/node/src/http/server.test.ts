import http, { type RequestListener, type Server } from 'node:http';
import http2, { type Http2Server } from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type Started, start } from '../core/start.ts';
import type { FinishedSpan } from '../tracing/own-tracer.ts';
import { http2Server } from './http2-server.ts';
import { setRoute } from './route.ts';
import { httpServer } from './server.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function library(options = {}) {
  const instrumentations = [httpServer, http2Server];
  const hub = start({
    options,
    environment: {},
    instrumentations,
    say: (text) => closing.push(() => expect(text).toBe('')),
  });
  const spans: FinishedSpan[] = [];
  hub.onSpan((span) => spans.push(span));
  closing.push(hub.stop);
  return { hub, spans, value: (line: string) => readSeries(hub, line) };
}

/** Of the series whose line begins so. */
async function readSeries(hub: Started, line: string): Promise<number | undefined> {
  const found = (await hub.meters.registry.metrics()).split('\n').find((one) => one.startsWith(line));
  return found === undefined ? undefined : Number(found.slice(line.length).split(' ')[1]);
}

async function listen<S extends Server | Http2Server>(server: S): Promise<{ server: S; port: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

const serve = (listener: RequestListener) => listen(http.createServer(listener));

/** All that comes back for these bytes until the server ends the connection, or `until` is in it. */
function exchange(port: number, bytes: string, until?: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (until && text.includes(until)) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${more}\r\n`;
const last = 'Connection: close\r\n';

describe('a server of HTTP/1.1', () => {
  it('counts each request of a pipeline with its own route, status and bytes', async () => {
    const { hub, value } = library();
    const { port } = await serve((request, response) => {
      setRoute(request, `${request.url?.split('/', 2).join('/')}/:id`);
      response.statusCode = request.url === '/b/3' ? 404 : 200;
      // The first answers last.
      setTimeout(() => response.end('x'.repeat(Number(request.url?.slice(3)))), request.url === '/a/5' ? 30 : 0);
    });
    await exchange(port, get('/a/5') + get('/b/700') + get('/b/3', last));
    expect(await value('http_request_duration_seconds_count{route="/a/:id",method="GET",status="200"}')).toBe(1);
    expect(await value('http_response_size_bytes_sum{route="/a/:id",method="GET",status="200"}')).toBe(5);
    expect(await value('http_response_size_bytes_sum{route="/b/:id",method="GET",status="200"}')).toBe(700);
    expect(await value('http_response_size_bytes_sum{route="/b/:id",method="GET",status="404"}')).toBe(3);
    expect(await value('http_requests_in_flight')).toBe(0);
    const line =
      'http_server_request_duration_seconds_count{http_request_method="GET",url_scheme="http",http_route="/a/:id",' +
      'http_response_status_code="200",error_type="",network_protocol_version="1.1"}';
    expect(await value(line)).toBe(1);
    expect(
      hub.recorder
        .kinds()[0]
        ?.byName.map(({ name }) => name)
        .sort(),
    ).toEqual(['GET /a/:id', 'GET /b/:id']);
  });

  it('counts bodies of requests as announced or as they pass, and methods that nobody knows as _OTHER', async () => {
    const { value } = library();
    const { port } = await serve(async (request, response) => {
      for await (const _ of request);
      response.end();
    });
    const chunked = 'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n';
    await exchange(port, `POST / HTTP/1.1\r\nHost: a\r\n${chunked}`);
    await exchange(port, `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\n12345`);
    await exchange(port, `PROPFIND / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(await value('http_request_size_bytes_sum{route="unknown",method="POST",status="200"}')).toBe(7);
    expect(await value('http_request_size_bytes_sum{route="unknown",method="PUT",status="200"}')).toBe(5);
    expect(await value('http_request_duration_seconds_count{route="unknown",method="_OTHER",status="200"}')).toBe(1);
  });

  it('counts what was given up, by whom, with what had been sent', async () => {
    const { value, hub } = library();
    const { port } = await serve((request, response) => {
      setRoute(request, request.url ?? '');
      if (request.url === '/server') request.socket.destroy();
      if (request.url === '/stream') response.write('a little');
    });
    await exchange(port, get('/server'));
    await exchange(port, get('/stream'), 'a little');
    const silent = net.connect(port, '127.0.0.1');
    silent.write(get('/silent') + get('/queued'));
    await sleep(30);
    expect(await value('http_requests_in_flight')).toBe(2);
    silent.destroy();
    await sleep(50);
    expect(await value('http_requests_aborted_total{route="/server",method="GET",by="server"}')).toBe(1);
    expect(await value('http_requests_aborted_total{route="/stream",method="GET",by="client"}')).toBe(1);
    expect(await value('http_requests_aborted_total{route="/silent",method="GET",by="client"}')).toBe(1);
    expect(await value('http_requests_aborted_total{route="/queued",method="GET",by="client"}')).toBe(1);
    expect(await value('http_request_duration_seconds_count{route="/stream",method="GET",status="200"}')).toBe(1);
    expect(await value('http_request_duration_seconds_count{route="/silent",method="GET",status="none"}')).toBe(1);
    expect(await value('http_requests_in_flight')).toBe(0);
    expect(hub.recorder.kinds()[0]?.total).toMatchObject({ count: 4, failed: 1 });
  });

  it('counts a request that the application has destroyed after its answer', async () => {
    const { value, hub } = library();
    const { port } = await serve((request, response) => {
      setRoute(request, '/upload');
      response.writeHead(413, { connection: 'close' });
      response.end('too large', () => request.destroy());
      request.socket.once('close', () => Object.defineProperty(request, 'socket', { value: null }));
    });
    await exchange(port, `POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab`);
    await sleep(50);
    expect(await value('http_request_duration_seconds_count{route="/upload",method="POST",status="413"}')).toBe(1);
    expect(hub.guard.counts()).toEqual(new Map());
  });

  it('goes on with a trace, names its span by the route, and is its context also when the body is there', async () => {
    const { hub, spans } = library();
    const { port } = await serve((request, response) => {
      request.on('data', () => hub.tracer.start('data', 'internal').end());
      request.on('end', () => {
        hub.tracer.start('end', 'internal').end();
        setRoute(request, '/users/:id');
        response.end('ok');
      });
    });
    const header = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const head = `POST /users/7?a=1&sig=secret HTTP/1.1\r\nHost: a.example:81\r\ntraceparent: ${header}\r\n`;
    const socket = net.connect(port, '127.0.0.1');
    socket.write(`${head}Content-Length: 4\r\n\r\nab`);
    await sleep(30);
    socket.write('cd');
    await sleep(30);
    socket.write(get('/later'));
    await sleep(30);
    socket.destroy();
    const server = spans.find(({ name }) => name === 'POST /users/:id');
    expect(server).toMatchObject({ kind: 'server', parentSpanId: 'b7ad6b7169203331', failed: false });
    expect(Object.fromEntries(server!.attributes)).toMatchObject({
      'http.request.method': 'POST',
      'url.path': '/users/7',
      'url.query': 'a=1&sig=REDACTED',
      'url.scheme': 'http',
      'http.route': '/users/:id',
      'http.response.status_code': 200,
      'server.address': 'a.example',
      'server.port': 81,
      'network.protocol.version': '1.1',
      'client.address': '127.0.0.1',
    });
    const inner = spans.filter(({ parentSpanId }) => parentSpanId === server?.spanId).map(({ name }) => name);
    expect(inner).toEqual(['data', 'data', 'end']);
    const later = spans.find(({ attributes }) => attributes.get('url.path') === '/later');
    expect(later?.parentSpanId).toBe('');
    expect(later?.traceId).not.toBe(server?.traceId);
  });

  it('counts upgrades, and leaves the connection to who took it', async () => {
    const { value } = library();
    const { server, port } = await serve(() => {});
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nhello'));
    const answer = await exchange(port, get('/', 'Connection: upgrade\r\nUpgrade: websocket\r\n'));
    expect(answer).toBe('HTTP/1.1 101 Switching Protocols\r\n\r\nhello');
    expect(await value('http_upgrades_total{protocol="websocket"}')).toBe(1);
    expect(await value('http_requests_in_flight')).toBe(0);
  });

  it('adds no listener, and takes back what it changed', async () => {
    const before = Object.getOwnPropertyNames(http.ServerResponse.prototype);
    const { hub } = library();
    const { port } = await serve((request, response) => {
      const count = (one: NodeJS.EventEmitter) =>
        one.eventNames().map((name) => [String(name), one.listenerCount(name)]);
      const keys = [Object.keys(request).length, Object.keys(response).length, Reflect.ownKeys(request).length];
      response.end(JSON.stringify([count(request), count(response), count(request.socket), keys]));
    });
    const watched = (await exchange(port, get('/', last))).split('\r\n\r\n')[1];
    hub.stop();
    expect((await exchange(port, get('/', last))).split('\r\n\r\n')[1]).toBe(watched);
    expect(Object.getOwnPropertyNames(http.ServerResponse.prototype)).toEqual(before);
  });

  it('knows a bounded number of routes', async () => {
    const { hub, value } = library();
    const { port } = await serve((request, response) => {
      setRoute(request, request.url ?? '');
      response.end();
    });
    const many = Array.from({ length: 600 }, (_, i) => get(`/${i}`)).join('');
    await exchange(port, many + get('/last', last));
    const text = await hub.meters.registry.metrics();
    expect(text.split('\n').filter((line) => line.startsWith('http_request_duration_seconds_count'))).toHaveLength(501);
    expect(await value('http_request_duration_seconds_count{route="other",method="GET",status="200"}')).toBe(101);
  });
});

describe('a server of HTTP/2', () => {
  it('counts streams, goes on with their traces, and says who gave up', async () => {
    const { hub, spans, value } = library();
    const { port } = await listen(
      http2.createServer((request, response) => {
        setRoute(request, request.url);
        request.on('end', () => {
          hub.tracer.start('end', 'internal').end();
          if (request.url === '/drop') return void response.stream.close(2);
          if (request.url === '/wait') return void response.write('begun');
          response.setHeader('content-length', 2);
          response.end('ok');
        });
        request.resume();
      }),
    );
    const client = http2.connect(`http://127.0.0.1:${port}`);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const ask = (path: string, abort = false) =>
      new Promise((resolve) => {
        const stream = client.request({ ':path': path, ':method': 'POST', traceparent });
        stream.on('error', () => {});
        stream.on('close', resolve);
        stream.on('data', () => abort && stream.close(8));
        stream.end('abc');
      });
    await Promise.all([ask('/ok'), ask('/drop'), ask('/wait', true)]);
    await sleep(30);
    client.destroy();
    expect(await value('http_request_duration_seconds_count{route="/ok",method="POST",status="200"}')).toBe(1);
    expect(await value('http_request_size_bytes_sum{route="/ok",method="POST",status="200"}')).toBe(3);
    expect(await value('http_response_size_bytes_sum{route="/ok",method="POST",status="200"}')).toBe(2);
    expect(await value('http_requests_aborted_total{route="/drop",method="POST",by="server"}')).toBe(1);
    expect(await value('http_requests_aborted_total{route="/wait",method="POST",by="client"}')).toBe(1);
    expect(await value('http_requests_in_flight')).toBe(0);
    const ok = spans.find(({ name }) => name === 'POST /ok');
    expect(ok).toMatchObject({ parentSpanId: 'b7ad6b7169203331', failed: false });
    expect(ok?.attributes.get('network.protocol.version')).toBe('2');
    expect(spans.filter(({ name }) => name === 'end').map(({ parentSpanId }) => parentSpanId)).toContain(ok?.spanId);
  });
});

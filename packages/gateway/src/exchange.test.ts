import { createHash, randomBytes } from 'node:crypto';
import http, { type IncomingMessage } from 'node:http';
import net from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayClient } from './client.ts';
import { type Gateway, startGateway } from './gateway.ts';
import {
  allEvents,
  appConfig,
  ask,
  eventually,
  type TestDirectory,
  testDirectory,
  withGoodVersion,
} from './testbed.ts';

let directory: TestDirectory;
let gateway: Gateway;
let client: GatewayClient;
let base: string;

beforeAll(async () => {
  directory = testDirectory();
  gateway = await startGateway({ dir: directory.dir });
  const good = await withGoodVersion(directory, appConfig(), 1);
  client = good.client;
  base = good.app.url;
});

afterAll(async () => {
  await gateway.close();
  directory.remove();
});

function logged(text: string): Promise<unknown> {
  return eventually(`log line ${text}`, async () => JSON.stringify(await allEvents(client)).includes(text));
}

describe('a proxied answer', () => {
  it('shows server-sent events while the stream is open, and ends it upstream when the user leaves', async () => {
    const response = await new Promise<IncomingMessage>((resolve) =>
      http.get(`${base}/sse`, { agent: false }, resolve),
    );
    const first = await new Promise<string>((resolve) =>
      response.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    expect(first).toBe('data: 0\n\n');
    expect(response.complete).toBe(false);
    response.destroy();
    await logged('sse closed');
  });

  it.each([
    ['HEAD', '/pid', 200],
    ['GET', '/empty', 204],
    ['GET', '/cached', 304],
  ])('to %s %s is %i and has no body', async (method, path, status) => {
    const answer = await ask(base, path, { method });
    expect(answer).toMatchObject({ status, body: '' });
    if (status === 304) expect(answer.headers.etag).toBe('"a"');
  });

  it('keeps its trailers', async () => {
    expect(await ask(base, '/trailers')).toMatchObject({ body: 'body', trailers: { 'x-sum': '42' } });
  });

  it('is preceded by the early hints', async () => {
    const hints = await new Promise<http.InformationEvent>((resolve) =>
      http.get(`${base}/hints`, { agent: false }).on('information', resolve),
    );
    expect(hints).toMatchObject({ statusCode: 103, headers: { link: '</a.css>; rel=preload' } });
  });

  it('that breaks off in the middle is cut for the user too, and counts as a visible failure', async () => {
    await expect(ask(base, '/half')).rejects.toThrow('aborted');
    const failed = await eventually('the failure', async () =>
      (await allEvents(client)).find((event) => event.kind === 'exchange.failed' && event.exchange.path === '/half'),
    );
    expect(failed).toMatchObject({ exchange: { failure: 'connection', visible: true, status: null } });
  });
});

describe('a proxied request', () => {
  it('tells the application who asked, joins its trace, and drops what belongs to the connection', async () => {
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const headers = {
      traceparent: parent,
      Connection: 'close, X-Private',
      'X-Private': '1',
      TE: 'trailers',
      Host: 'shop.example',
      'X-Forwarded-For': '192.0.2.7',
    };
    const seen = JSON.parse((await ask(base, '/headers', { headers })).body);
    expect(seen).toMatchObject({
      host: 'shop.example',
      'x-forwarded-for': '192.0.2.7, 127.0.0.1',
      'x-forwarded-host': 'shop.example',
      'x-forwarded-proto': 'http',
    });
    expect(seen.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(seen.traceparent).not.toBe(parent);
    expect(seen).not.toHaveProperty('x-private');
    expect(seen).not.toHaveProperty('te');
    await eventually('its sampled trace', async () =>
      (await allEvents(client)).some(
        (event) => event.kind === 'trace' && JSON.stringify(event.otlp).includes('0af7651916cd43dd8448eb211c80319c'),
      ),
    );
  });

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('%s arrives with and without a body', async (method) => {
    expect((await ask(base, '/api', { method })).body).toBe(`${method} v1 `);
    expect((await ask(base, '/api', { method, headers: { 'Transfer-Encoding': 'chunked' } }, 'abc')).body).toBe(
      `${method} v1 abc`,
    );
    expect((await ask(base, '/api', { method, headers: { 'Content-Length': '3' } }, 'abc')).body).toBe(
      `${method} v1 abc`,
    );
  });

  it('waits for 100 Continue from the application before it sends its body', async () => {
    const body = await new Promise<string>((resolve, reject) => {
      const req = http.request(`${base}/api`, {
        method: 'POST',
        agent: false,
        headers: { Expect: '100-continue', 'Content-Length': '4' },
      });
      req.on('continue', () => req.end('sent'));
      req.on('response', (res) => res.on('data', (chunk: Buffer) => resolve(chunk.toString())));
      req.on('error', reject);
      req.flushHeaders();
    });
    expect(body).toBe('POST v1 sent');
  });

  it('streams 50 MB up, whole', async () => {
    const block = randomBytes(1024 * 1024);
    const expected = createHash('sha256');
    for (let i = 0; i < 50; i++) expected.update(block);
    const answer = await new Promise<string>((resolve, reject) => {
      const req = http.request(`${base}/upload`, { method: 'PUT', agent: false }, (res) =>
        res.on('data', (chunk: Buffer) => resolve(chunk.toString())),
      );
      pipeline(Readable.from(Array(50).fill(block)), req).catch(reject);
    });
    expect(JSON.parse(answer)).toEqual({ bytes: 50 * block.length, sha256: expected.digest('hex') });
  });

  it('is held back as soon as the application stops reading, instead of being kept in memory', async () => {
    const block = randomBytes(1024 * 1024);
    let taken = 0;
    const blocks = function* () {
      for (; taken < 400; taken++) yield block;
    };
    const req = http.request(`${base}/never-reads`, { method: 'POST', agent: false });
    const sending = pipeline(Readable.from(blocks()), req).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const stalledAt = taken;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(taken).toBe(stalledAt);
    expect(taken).toBeLessThan(60);
    req.destroy();
    await sending;
  });

  it('that the user abandons is abandoned upstream', async () => {
    const req = http.get(`${base}/hang`, { agent: false });
    req.on('error', () => {});
    setTimeout(() => req.destroy(), 150);
    await logged('hang closed');
  });

  it('for an upgrade becomes a two-way connection', async () => {
    const url = new URL(base);
    const socket = net.connect(Number(url.port), url.hostname);
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    socket.write('GET /ws HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await eventually(
      '101',
      () => received.startsWith('HTTP/1.1 101 Switching Protocols\r\n') && received.endsWith('\r\n\r\n'),
    );
    socket.write('ping');
    await eventually('the echo', () => received.endsWith('ping'));
    socket.destroy();
  });

  it('on a pipelined keep-alive connection gets its own answer', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((body) => ask(base, '/api', { method: 'POST', agent }, body)),
    );
    expect(answers.map((answer) => answer.body)).toEqual(['POST v1 a', 'POST v1 b', 'POST v1 c']);
    agent.destroy();
  });
});

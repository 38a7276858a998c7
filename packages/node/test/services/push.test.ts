import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import http2, { type Http2SecureServer } from 'node:http2';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { apns2 } from '../../src/services/push/apns2.ts';
import { pushHttp2 } from '../../src/services/push/http2-sessions.ts';
import { pushRequests } from '../../src/services/push/push-requests.ts';
import { providerOf, resultOf } from '../../src/services/push/push-watch.ts';
import { unhandledWhile, type Watched, type Watching, watching } from './watching.ts';

const require = createRequire(import.meta.url);
const { ApnsClient, Notification } = require('apns2') as typeof import('apns2');
const { Pool, Agent, fetch } = require('undici') as typeof import('undici');

const directory = mkdtempSync(join(tmpdir(), 'nightshift-push-'));
const [keyFile, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
const made = spawnSync('openssl', [...request, '-subj', '/CN=localhost', '-keyout', keyFile, '-out', certificate]);

/** What the services answer, by the last part of the path. */
const answers: Readonly<Record<string, readonly [number, string]>> = {
  good: [200, ''],
  bad: [400, '{"reason":"BadDeviceToken"}'],
  gone: [410, '{"reason":"Unregistered","timestamp":1}'],
};
const answerOf = (path = ''): readonly [number, string] => {
  if (path.startsWith('/v1/projects/shop/')) return [200, '{"name":"projects/shop/messages/1"}'];
  if (path.startsWith('/v1/')) return [404, '{"error":{"code":404,"status":"NOT_FOUND"}}'];
  return answers[path.split('/').at(-1) ?? ''] ?? [500, ''];
};

describe.skipIf(made.status !== 0)('push notifications (skipped where openssl is not installed)', () => {
  let secure: Http2SecureServer;
  let plain: http.Server;
  let current: Watching;
  const close: (() => unknown)[] = [];
  const portOf = (server: { address(): unknown }) => (server.address() as { port: number }).port;

  const watch = (options: Watched = {}) => {
    current = watching({ modules: [apns2], instrumentations: [pushRequests, pushHttp2], ...options });
    return current;
  };

  beforeAll(async () => {
    secure = http2.createSecureServer({ key: readFileSync(keyFile), cert: readFileSync(certificate) });
    secure.on('stream', (stream, headers) => {
      const [status, body] = answerOf(String(headers[':path']));
      stream.respond({ ':status': status });
      stream.end(body);
    });
    plain = http.createServer((incoming, response) => {
      const [status, body] = answerOf(incoming.url);
      response.writeHead(status).end(body);
    });
    for (const server of [secure, plain]) {
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()));
    }
  });
  afterAll(() => {
    secure.close();
    plain.closeAllConnections();
    plain.close();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const one of close.splice(0)) await one();
    current.stop();
  });

  function apnsClient() {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const signingKey = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const client = new ApnsClient({ team: 'T', keyId: 'K', signingKey, defaultTopic: 'app', host: '127.0.0.1' });
    // The package always asks port 443.
    const origin = `https://127.0.0.1:${portOf(secure)}`;
    const pool = new Pool(origin, { allowH2: true, connect: { rejectUnauthorized: false } });
    Object.assign(client, { client: pool });
    close.push(() => client.destroy());
    return client;
  }

  const session = () => {
    const one = http2.connect(`https://127.0.0.1:${portOf(secure)}`, { rejectUnauthorized: false });
    close.push(() => one.destroy());
    return one;
  };

  /** As an application sends over HTTP/2 by itself, reading what comes in one of several ways. */
  async function sendHttp2(client: http2.ClientHttp2Session, authority: string, path: string, reading = 'events') {
    const stream = client.request({ ':method': 'POST', ':path': path, ':authority': authority });
    const seen: unknown[] = [];
    stream.on('response', (headers) => seen.push(headers[':status']));
    let body = '';
    const ended = new Promise((done) => stream.once('close', done));
    stream.end('{}');
    if (reading === 'events') {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
    } else if (reading === 'iteration') for await (const chunk of stream) body += String(chunk);
    else stream.resume();
    await ended;
    return [...seen, body, stream.listenerCount('response'), Object.hasOwn(stream, 'push')];
  }

  async function exercise(): Promise<unknown[]> {
    const seen: unknown[] = [];
    const told = (error: Error & { reason?: string }) => [error.constructor.name, error.message, error.reason];
    const client = apnsClient();
    const events: string[] = [];
    client.on('BadDeviceToken', () => events.push('bad'));
    client.on('error', () => events.push('error'));
    const good = new Notification('good', { alert: 'hello' });
    seen.push((await client.send(good)) === good, await client.send(new Notification('bad')).catch(told), events);
    const many = await client.sendMany([new Notification('good'), new Notification('gone')]);
    seen.push(many.map((one) => ('error' in one ? told(one.error) : one.deviceToken)));
    const direct = session();
    for (const reading of ['events', 'iteration', 'none']) {
      seen.push(await sendHttp2(direct, 'api.push.apple.com', '/3/device/bad', reading));
    }
    seen.push(await sendHttp2(direct, 'api.push.apple.com', '/3/device/good'));
    seen.push(await sendHttp2(direct, 'example.com', '/3/device/bad'));
    seen.push(await sendHttp2(direct, 'fcm.googleapis.com', '/v1/projects/none/messages:send'));
    return JSON.parse(JSON.stringify(seen));
  }

  it('are as without the library, also when every part of that fails', async () => {
    watch({ options: { enabled: false } });
    const without = await exercise();
    expect(JSON.stringify(without)).toContain('BadDeviceToken');
    current.stop();
    const watched = watch();
    expect(await exercise()).toEqual(without);
    expect(watched.hub.guard.counts()).toEqual(new Map());
    watched.stop();
    const broken = watch({ broken: true });
    expect(await exercise()).toEqual(without);
    expect(broken.hub.guard.counts().get('apns2.start')).toBe(4);
  });

  it('are counted once by service and reason, whatever layers they pass', async () => {
    const { metric, spans, operations } = watch();
    await exercise();
    const count = (provider: string, result: string) =>
      metric(`push_send_duration_seconds_count{provider="${provider}",result="${result}"}`);
    expect(await count('apns', 'ok')).toBe(3);
    expect(await count('apns', 'BadDeviceToken')).toBe(4);
    expect(await count('apns', 'Unregistered')).toBe(1);
    expect(await count('fcm', 'UNREGISTERED')).toBe(1);
    expect(operations('push')).toHaveLength(9);
    expect(spans.filter(({ name }) => name.startsWith('push '))).toHaveLength(9);
    expect(spans.find(({ failed }) => failed)?.attributes.get('error.type')).toBe('BadDeviceToken');
  });

  it('are recognised in requests by http and by fetch', async () => {
    const { metric, operations } = watch();
    const send = (path: string) =>
      new Promise<number | undefined>((done) => {
        const headers = { host: 'fcm.googleapis.com' };
        const options = { host: '127.0.0.1', port: portOf(plain), path, method: 'POST', headers };
        http.request(options, (response: IncomingMessage) => response.resume() && done(response.statusCode)).end('{}');
      });
    expect(await send('/v1/projects/shop/messages:send')).toBe(200);
    expect(await send('/v1/projects/none/messages:send')).toBe(404);
    expect(await send('/3/device/good')).toBe(200);
    const dispatcher = new Agent({
      connect: (_options, done) => {
        const socket = connect(portOf(plain), '127.0.0.1');
        socket.once('connect', () => done(null, socket));
      },
    });
    close.push(() => dispatcher.close());
    const url = 'http://fcm.googleapis.com/v1/projects/shop/messages:send';
    expect((await fetch(url, { method: 'POST', body: '{}', dispatcher })).status).toBe(200);
    expect(await metric('push_send_duration_seconds_count{provider="fcm",result="ok"}')).toBe(2);
    expect(await metric('push_send_duration_seconds_count{provider="fcm",result="UNREGISTERED"}')).toBe(1);
    expect(operations('push')).toEqual(['fcm', 'fcm!', 'fcm']);
  });

  it('let a rejection that nobody handles be one, once, and count a service that is away', async () => {
    const { metric } = watch();
    const client = apnsClient();
    client.on('error', () => {});
    const reasons = await unhandledWhile(1, async () => {
      void client.send(new Notification('bad'));
      await client.send(new Notification('good'));
    });
    expect(reasons.map(String)).toEqual([expect.stringContaining('BadDeviceToken')]);
    const direct = session();
    const stream = direct.request({ ':path': '/3/device/good', ':authority': 'api.push.apple.com', ':method': 'POST' });
    const failed = new Promise((done) => stream.once('error', done));
    const closed = new Promise((done) => stream.once('close', done));
    stream.destroy(Object.assign(new Error('away'), { code: 'ECONNRESET' }));
    await failed;
    await closed;
    expect(await metric('push_send_duration_seconds_count{provider="apns",result="ECONNRESET"}')).toBe(1);
  });

  it('are seen in the ES module of apns2 as well, which is another copy', async () => {
    const { metric, hub } = watch();
    const imported = await import('apns2');
    expect(imported.ApnsClient).not.toBe(ApnsClient);
    const undo = apns2.patch(imported, hub);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const signingKey = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const client = new imported.ApnsClient({ team: 'T', keyId: 'K', signingKey, host: '127.0.0.1' });
    const pool = new Pool(`https://127.0.0.1:${portOf(secure)}`, {
      allowH2: true,
      connect: { rejectUnauthorized: false },
    });
    Object.assign(client, { client: pool });
    close.push(() => client.destroy());
    await expect(client.send(new imported.Notification('gone'))).rejects.toThrow('Unregistered');
    expect(await metric('push_send_duration_seconds_count{provider="apns",result="Unregistered"}')).toBe(1);
    undo();
  });

  it('are told from other requests by host and path', () => {
    watch();
    expect(providerOf('api.push.apple.com', '/3/device/abc')).toBe('apns');
    expect(providerOf('api.sandbox.push.apple.com:443', '/3/device/abc')).toBe('apns');
    expect(providerOf('api.push.apple.com.example.org', '/3/device/abc')).toBeUndefined();
    expect(providerOf('fcm.googleapis.com', '/v1/projects/p/messages:send')).toBe('fcm');
    expect(providerOf('fcm.googleapis.com', '/v1/projects/p')).toBeUndefined();
    expect([resultOf('fcm', 429), resultOf('apns', 400), resultOf('apns', 200)]).toEqual([
      'QUOTA_EXCEEDED',
      'status_400',
      'ok',
    ]);
  });
});

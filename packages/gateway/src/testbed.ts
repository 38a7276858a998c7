import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultGuardConfig } from '@nightshift/guard';
import { connectGateway, type GatewayClient } from './client.ts';
import type { AppConfig, AppStatus, GatewayEvent, ReleaseSpec } from './protocol.ts';

/**
 * A small application for the gateway's own tests, run as a child process. MODE says what is wrong with the version:
 * ok, broken (every /api answers 500), broken-posts, dies (exits on /api), hangs, slow, never-healthy.
 */
const APPLICATION = `
import http from 'node:http';
import { createHash } from 'node:crypto';
const mode = process.env.MODE ?? 'ok';
const name = process.env.NAME ?? 'v1';
const server = http.createServer((req, res) => {
  const url = new URL(req.url, 'http://app');
  res.setHeader('X-Version', name);
  if (url.pathname === '/health') return res.writeHead(mode === 'never-healthy' ? 503 : 200).end();
  if (url.pathname === '/pid') return res.end(String(process.pid));
  if (url.pathname === '/headers') return res.end(JSON.stringify(req.headers));
  if (url.pathname === '/broken-everywhere') return res.writeHead(500).end('broken in every version');
  if (url.pathname === '/kill') return process.kill(process.pid, 'SIGKILL');
  if (url.pathname === '/empty') return res.writeHead(204).end();
  if (url.pathname === '/cached') return res.writeHead(304, { ETag: '"a"' }).end();
  if (url.pathname === '/trailers') { res.writeHead(200, { Trailer: 'X-Sum' }); res.write('body'); res.addTrailers({ 'X-Sum': '42' }); return res.end(); }
  if (url.pathname === '/hints') { res.writeEarlyHints({ link: '</a.css>; rel=preload' }); return res.end('hinted'); }
  if (url.pathname === '/half') { res.writeHead(200, { 'Content-Length': '100' }); res.write('only a part'); setTimeout(() => res.destroy(), 50); return; }
  if (url.pathname === '/slow') { setTimeout(() => res.end('slow but whole'), 700); return; }
  if (url.pathname === '/hang') { req.on('close', () => console.log('hang closed')); return; }
  if (url.pathname === '/never-reads') { setTimeout(() => res.destroy(), 20000).unref(); return; }
  if (url.pathname === '/sse') {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    let n = 0;
    const timer = setInterval(() => res.write('data: ' + n++ + '\\n\\n'), 100);
    res.on('close', () => { clearInterval(timer); console.log('sse closed'); });
    return;
  }
  if (url.pathname === '/upload') {
    const hash = createHash('sha256'); let bytes = 0;
    req.on('data', (chunk) => { hash.update(chunk); bytes += chunk.length; });
    req.on('end', () => res.end(JSON.stringify({ bytes, sha256: hash.digest('hex') })));
    return;
  }
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    if (mode === 'broken' || (mode === 'broken-posts' && req.method === 'POST')) { console.error('TypeError: store.shorten is not a function'); return res.writeHead(500, { 'Set-Cookie': 'id=1' }).end('boom from ' + name); }
    if (mode === 'dies') process.exit(7);
    if (mode === 'hangs') return;
    res.end(req.method + ' ' + name + ' ' + Buffer.concat(chunks).toString());
  });
});
server.on('upgrade', (req, socket, head) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n');
  if (head.length > 0) socket.write(head);
  socket.pipe(socket);
  socket.on('error', () => {});
});
console.log('listening as ' + name);
server.listen(Number(process.env.PORT), process.env.HOST);
`;

export interface TestDirectory {
  readonly dir: string;
  readonly app: string;
  remove(): void;
}

export function testDirectory(): TestDirectory {
  const root = mkdtempSync(join(tmpdir(), 'gw-'));
  const app = join(root, 'app.mjs');
  writeFileSync(app, APPLICATION);
  return { dir: join(root, 'g'), app, remove: () => rmSync(root, { recursive: true, force: true }) };
}

export function appConfig(changes: Partial<AppConfig> = {}): AppConfig {
  return {
    service: 'shop',
    environment: 'test',
    host: '127.0.0.1',
    port: 0,
    failover: true,
    rollback: true,
    guard: defaultGuardConfig,
    requestTimeoutMs: 3_000,
    replayBodyBytes: 64 * 1024,
    drainMs: 2_000,
    ...changes,
  };
}

export function releaseSpec(
  directory: TestDirectory,
  id: string,
  mode = 'ok',
  changes: Partial<ReleaseSpec> = {},
): ReleaseSpec {
  return {
    id,
    version: id,
    revision: '',
    dir: join(directory.app, '..'),
    command: [process.execPath, directory.app],
    env: { MODE: mode, NAME: id },
    healthPath: '/health',
    startTimeoutMs: 5_000,
    ...changes,
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: NodeJS.Dict<string>;
  readonly body: string;
}

export function ask(
  base: string,
  path: string,
  options: http.RequestOptions = {},
  body?: string | Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = http.request(base + path, { agent: false, ...options }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        resolve({
          status: res.statusCode!,
          headers: res.headers,
          trailers: res.trailers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    req.on('error', reject);
    req.end(body);
  });
}

/** Polls until the condition holds. */
export async function eventually<T>(
  what: string,
  poll: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await poll();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function allEvents(client: GatewayClient): Promise<GatewayEvent[]> {
  const events: GatewayEvent[] = [];
  for (;;) {
    const more = await client.events(events.at(-1)?.seq ?? 0);
    if (more.length === 0) return events;
    events.push(...more);
  }
}

export function eventOf<K extends GatewayEvent['kind']>(client: GatewayClient, kind: K, release?: string) {
  type Found = Extract<GatewayEvent, { kind: K }>;
  return eventually(`event ${kind} of ${release ?? 'any release'}`, async () => {
    const events = await allEvents(client);
    return events.find(
      (event): event is Found => event.kind === kind && (release === undefined || event.release === release),
    );
  });
}

/** Puts the application, starts v1, and gives it a record of `requests` good answers. */
export async function withGoodVersion(
  directory: TestDirectory,
  config: AppConfig,
  requests = 1000,
): Promise<{ client: GatewayClient; app: AppStatus }> {
  const client = connectGateway(directory.dir);
  await client.putApp(config);
  const app = await client.release(config.service, releaseSpec(directory, 'v1'));
  await eventOf(client, 'release.live', 'v1');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
  await Promise.all(Array.from({ length: requests }, () => ask(app.url, '/api', { agent })));
  agent.destroy();
  return { client, app };
}

export async function goLive(client: GatewayClient, directory: TestDirectory, id: string, mode: string): Promise<void> {
  await client.release('shop', releaseSpec(directory, id, mode));
  await eventOf(client, 'release.live', id);
}

import { chmodSync, rmSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { readAppConfig, readReleaseSpec } from './control-input.ts';
import type { Gateway } from './gateway.ts';
import { GatewayError } from './gateway-error.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_EVENTS = 500;
const MAX_WAIT_MS = 60_000;
/** sockaddr_un.sun_path of unix(7), without its terminating zero. */
const MAX_SOCKET_PATH = 107;

export interface ControlServer {
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

type Handler = (
  gateway: Gateway,
  match: RegExpExecArray,
  body: unknown,
  query: URLSearchParams,
) => Promise<Reply> | Reply;

/** The routes of protocol.ts, in its order. */
const ROUTES: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
  ['GET', /^\/status$/, (gateway) => ({ status: 200, body: gateway.status() })],
  [
    'PUT',
    /^\/apps\/([^/]+)$/,
    async (gateway, [, service], body) => ({
      status: 200,
      body: await gateway.configure(readAppConfig(body, decodeURIComponent(service!))),
    }),
  ],
  ['POST', /^\/apps\/([^/]+)\/releases$/, postRelease],
  ['POST', /^\/apps\/([^/]+)\/rollback$/, postRollback],
  [
    'DELETE',
    /^\/apps\/([^/]+)$/,
    async (gateway, [, service]) => gateway.remove(decodeURIComponent(service!)).then(() => ({ status: 204 })),
  ],
  ['GET', /^\/events$/, getEvents],
  ['POST', /^\/events\/ack$/, postAck],
  ['POST', /^\/stop$/, postStop],
];

async function postRelease(gateway: Gateway, [, service]: RegExpExecArray, body: unknown): Promise<Reply> {
  const app = gateway.app(decodeURIComponent(service!));
  app.release(readReleaseSpec(body));
  await gateway.saveNow();
  return { status: 202, body: app.status() };
}

async function postRollback(gateway: Gateway, [, service]: RegExpExecArray, body: unknown): Promise<Reply> {
  const app = gateway.app(decodeURIComponent(service!));
  const reason = (body as { reason?: unknown } | null)?.reason;
  if (typeof reason !== 'string')
    throw new GatewayError(400, 'bad_request', `"reason" must be a string, got ${JSON.stringify(reason)}.`);
  app.rollback(reason);
  await gateway.saveNow();
  return { status: 200, body: app.status() };
}

async function getEvents(
  gateway: Gateway,
  _match: RegExpExecArray,
  _body: unknown,
  query: URLSearchParams,
): Promise<Reply> {
  const after = number(query, 'after', Number.MAX_SAFE_INTEGER);
  const waitMs = number(query, 'wait', MAX_WAIT_MS);
  return { status: 200, body: { events: await gateway.journal.wait(after, MAX_EVENTS, waitMs) } };
}

async function postAck(gateway: Gateway, _match: RegExpExecArray, body: unknown): Promise<Reply> {
  const seq = (body as { seq?: unknown } | null)?.seq;
  if (!Number.isSafeInteger(seq))
    throw new GatewayError(400, 'bad_request', `"seq" must be a whole number, got ${JSON.stringify(seq)}.`);
  await gateway.journal.ack(seq as number);
  return { status: 204 };
}

function postStop(gateway: Gateway): Reply {
  setImmediate(() => void gateway.close());
  return { status: 202, body: {} };
}

function number(query: URLSearchParams, name: string, max: number): number {
  const text = query.get(name) ?? '0';
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new GatewayError(400, 'bad_request', `"${name}" must be a whole number of at least 0, got "${text}".`);
  return Math.min(value, max);
}

/** Listens on the socket, mode 0600. A socket file that is there belongs to a dead predecessor: the caller holds the directory's lock. */
export async function openControlServer(gateway: Gateway, socketPath: string): Promise<ControlServer> {
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH) {
    throw new Error(
      `The path ${socketPath} is longer than the ${MAX_SOCKET_PATH} bytes that a Unix socket may have. Use a shorter directory.`,
    );
  }
  rmSync(socketPath, { force: true });
  const server = http.createServer((req, res) => void answer(gateway, req, res));
  // So that there is no moment at which others may connect; chmod alone would come after the bind.
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
      process.umask(mask);
    });
  } finally {
    process.umask(mask);
  }
  chmodSync(socketPath, 0o600);
  return { close: () => closeServer(server) };
}

function closeServer(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    // Long polls end with the journal; what is left a moment later is cut.
    setTimeout(() => server.closeAllConnections(), 100);
  });
}

async function answer(gateway: Gateway, req: IncomingMessage, res: ServerResponse): Promise<void> {
  let reply: Reply;
  try {
    reply = await route(gateway, req);
  } catch (error) {
    const known = error instanceof GatewayError ? error : new GatewayError(500, 'internal', (error as Error).message);
    reply = { status: known.status, body: { error: { code: known.code, message: known.message } } };
  }
  const text = reply.body === undefined ? '' : JSON.stringify(reply.body);
  res.writeHead(reply.status, text ? { 'Content-Type': 'application/json' } : {}).end(text);
}

async function route(gateway: Gateway, req: IncomingMessage): Promise<Reply> {
  const url = new URL(req.url ?? '/', 'http://gateway');
  for (const [method, path, handler] of ROUTES) {
    const match = req.method === method ? path.exec(url.pathname) : null;
    if (match) return handler(gateway, match, await readJson(req), url.searchParams);
  }
  throw new GatewayError(404, 'unknown_route', `There is no ${req.method} ${url.pathname}.`);
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new GatewayError(413, 'too_large', `The body is larger than ${MAX_BODY_BYTES} bytes.`);
    chunks.push(chunk);
  }
  if (bytes === 0) return null;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new GatewayError(400, 'bad_json', `The body is not JSON: ${(error as Error).message}`);
  }
}

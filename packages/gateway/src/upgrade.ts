import http, { type IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import type { Application } from './application.ts';
import { pairs, requestHeaders } from './headers.ts';
import { randomId, traceContextOf, traceparent } from './trace-context.ts';
import type { Version } from './version.ts';

type UpgradeResult =
  | { readonly kind: 'switched'; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }
  | { readonly kind: 'answered'; readonly response: IncomingMessage }
  | { readonly kind: 'lost' };

/**
 * Passes an Upgrade (RFC 9110 section 7.8, WebSocket: RFC 6455) through: the version decides, and from its 101 on the two
 * sockets are one. The opening handshake is a GET, so it is repeated on the last good version like any other.
 */
export async function proxyUpgrade(
  app: Application,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy());
  const first = await app.versionFor(true);
  if (!first) return refuse(socket);
  const clock = performance.now();
  const answer = await ask(app, first, req, socket);
  const latencyMs = performance.now() - clock;
  const failed = isFailure(answer);
  if (failed && socket.destroyed) return;
  app.observe(first, { failed, latencyMs }, null);
  const fallback = failed ? app.fallbackFor(first) : null;
  const second = fallback ? await ask(app, fallback, req, socket) : null;
  const saved = second !== null && !isFailure(second);
  const status = answer.kind === 'lost' ? 502 : answer.response.statusCode!;
  const visible = failed && !saved;
  app.count({ release: first.id, method: req.method ?? 'GET', status, failed, saved, visible, latencyMs });
  // Bytes that followed the handshake belong to the new protocol.
  if (head.length > 0) socket.unshift(head);
  relay(second && second.kind !== 'lost' ? second : answer, socket);
}

function isFailure(result: UpgradeResult): boolean {
  return result.kind === 'lost' || (result.kind === 'answered' && result.response.statusCode! >= 500);
}

function ask(app: Application, version: Version, req: IncomingMessage, socket: Duplex): Promise<UpgradeResult> {
  const { upstream } = version;
  if (!upstream) return Promise.resolve({ kind: 'lost' });
  const headers = requestHeaders(req);
  headers.push(
    'Connection',
    'Upgrade',
    'Upgrade',
    req.headers.upgrade ?? '',
    'traceparent',
    traceparent(traceContextOf(req), randomId(8)),
  );
  const { host, port } = upstream;
  const request = http.request({
    host,
    port,
    method: req.method ?? 'GET',
    path: req.url ?? '/',
    headers,
    agent: false,
    setHost: false,
  });
  const inFlight = { cut: () => socket.destroy() };
  version.begin(inFlight);
  const timer = setTimeout(() => request.destroy(), app.config.requestTimeoutMs);
  socket.once('close', () => {
    request.destroy();
    version.end(inFlight);
  });
  return new Promise((resolve) => {
    const settle = (result: UpgradeResult) => {
      clearTimeout(timer);
      if (isFailure(result)) version.end(inFlight);
      resolve(result);
    };
    request.on('upgrade', (response, upstreamSocket, rest) => {
      socket.once('close', () => upstreamSocket.destroy());
      settle({ kind: 'switched', response, socket: upstreamSocket, head: rest });
    });
    request.on('response', (response) => settle({ kind: 'answered', response }));
    request.on('error', () => settle({ kind: 'lost' }));
    request.end();
  });
}

function relay(result: UpgradeResult, user: Duplex): void {
  if (result.kind === 'lost') {
    refuse(user);
    return;
  }
  const { response } = result;
  const lines = pairs(response.rawHeaders).filter(
    ([name]) => result.kind === 'switched' || !/^(connection|keep-alive|transfer-encoding)$/i.test(name),
  );
  const closing = result.kind === 'switched' ? '' : 'Connection: close\r\n';
  const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  user.write(`HTTP/1.1 ${response.statusCode} ${response.statusMessage}\r\n${fields}${closing}\r\n`, 'latin1');
  if (result.kind === 'answered') {
    response.pipe(user);
    return;
  }
  const { socket, head } = result;
  socket.on('error', () => user.destroy());
  socket.once('close', () => user.destroy());
  if (head.length > 0) user.write(head);
  socket.pipe(user);
  user.pipe(socket);
}

function refuse(socket: Duplex): void {
  socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}

import http from 'node:http';
import { join } from 'node:path';
import { GatewayError } from './gateway-error.ts';
import type { AppConfig, AppStatus, GatewayEvent, GatewayStatus, ReleaseSpec } from './protocol.ts';

/** Nobody listens on the socket: the gateway is not started, or it died. */
export class GatewayUnavailable extends Error {
  constructor(socketPath: string, cause: Error) {
    super(`No gateway answers on ${socketPath}: ${cause.message}`, { cause });
    this.name = 'GatewayUnavailable';
  }
}

/** The control API, one method per route. All reject with GatewayUnavailable, or with the GatewayError that the gateway answered. */
export interface GatewayClient {
  readonly socketPath: string;
  status(): Promise<GatewayStatus>;
  putApp(config: AppConfig): Promise<AppStatus>;
  release(service: string, spec: ReleaseSpec): Promise<AppStatus>;
  rollback(service: string, reason: string): Promise<AppStatus>;
  deleteApp(service: string): Promise<void>;
  /** Events after `after`, ascending, at most 500; waits up to `waitMs` (at most a minute) for the first one. */
  events(after: number, waitMs?: number, signal?: AbortSignal): Promise<readonly GatewayEvent[]>;
  ack(seq: number): Promise<void>;
  /** Returns when the gateway has begun to stop. */
  stop(): Promise<void>;
}

const TIMEOUT_MS = 10_000;

/** A client of the gateway that keeps `dir`. Connects on every call; there is nothing to close. */
export function connectGateway(dir: string): GatewayClient {
  const socketPath = join(dir, 'control.sock');
  const call = <T>(method: string, path: string, body?: unknown, timeoutMs = TIMEOUT_MS, signal?: AbortSignal) =>
    request<T>(socketPath, method, path, body, timeoutMs, signal);
  const app = (service: string) => `/apps/${encodeURIComponent(service)}`;
  return {
    socketPath,
    status: () => call('GET', '/status'),
    putApp: (config) => call('PUT', app(config.service), config),
    release: (service, spec) => call('POST', `${app(service)}/releases`, spec),
    rollback: (service, reason) => call('POST', `${app(service)}/rollback`, { reason }),
    // Draining takes as long as drainMs, which only the gateway knows.
    deleteApp: (service) => call('DELETE', app(service), undefined, 0),
    events: async (after, waitMs = 0, signal) => {
      const path = `/events?after=${after}&wait=${waitMs}`;
      return (await call<{ events: GatewayEvent[] }>('GET', path, undefined, waitMs + TIMEOUT_MS, signal)).events;
    },
    ack: (seq) => call('POST', '/events/ack', { seq }),
    stop: async () => void (await call('POST', '/stop', {})),
  };
}

function request<T>(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  const headers = payload ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(payload) } : {};
  return new Promise<T>((resolve, reject) => {
    const unavailable = (error: Error) => reject(signal?.aborted ? error : new GatewayUnavailable(socketPath, error));
    const req = http.request({ socketPath, method, path, headers, agent: false, ...(signal ? { signal } : {}) });
    if (timeoutMs > 0) req.setTimeout(timeoutMs, () => req.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    req.on('error', unavailable);
    req.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', unavailable);
      response.on('end', () =>
        settle(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8'), resolve, reject),
      );
    });
    req.end(payload);
  });
}

function settle<T>(status: number, text: string, resolve: (value: T) => void, reject: (error: Error) => void): void {
  const body = text ? JSON.parse(text) : undefined;
  if (status < 400) resolve(body as T);
  else reject(new GatewayError(status, body?.error?.code ?? 'unknown', body?.error?.message ?? text));
}

import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import type { RawHeaders } from './headers.ts';
import type { RequestBody } from './request-body.ts';

/** Where a version listens, and the connections that are kept to it. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly agent: http.Agent;
}

export interface AttemptRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: RawHeaders;
  readonly body: RequestBody | Buffer | null;
  readonly timeoutMs: number;
  /** Interim answers (1xx) as they come. */
  readonly onInterim?: (status: number, headers: http.IncomingHttpHeaders) => void;
}

/** How asking a version ended: with the head of an answer (its body not yet read), or without one. */
export type AttemptResult =
  | { readonly kind: 'response'; readonly response: IncomingMessage; readonly request: ClientRequest }
  | {
      readonly kind: 'lost';
      readonly failure: 'connection' | 'timeout';
      readonly error: string;
      /** The request never left: nothing listened there. Safe to repeat whatever its method. */
      readonly neverSent: boolean;
      /** A kept connection that the version had closed at the same moment: says nothing about the version. */
      readonly stale: boolean;
    };

export interface Attempt {
  readonly result: Promise<AttemptResult>;
  /** Restarts the clock of the time-out. */
  progress(): void;
  abort(): void;
}

/**
 * Asks a version once. No proxy library is used: the half that matters here (look at the status before anything reaches the
 * user, keep the body for a second attempt, tell a stale connection from a dead version, cut an answer that broke off)
 * is exactly the half that they hide, and the other half is a call of `http.request`.
 */
export function attempt(upstream: Upstream, ask: AttemptRequest, freshConnection = false): Attempt {
  const request = http.request({
    host: upstream.host,
    port: upstream.port,
    method: ask.method,
    path: ask.path,
    headers: ask.headers,
    agent: freshConnection ? false : upstream.agent,
    setHost: false,
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    request.destroy(new Error(`no answer within ${ask.timeoutMs} ms`));
  }, ask.timeoutMs);
  const result = new Promise<AttemptResult>((resolve) => {
    request.on('response', (response) => {
      clearTimeout(timer);
      resolve({ kind: 'response', response, request });
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      if (ask.body && !Buffer.isBuffer(ask.body)) ask.body.detach();
      resolve(lost(request, error, timedOut));
    });
  });
  request.on('continue', () => ask.onInterim?.(100, {}));
  request.on('information', (info) => ask.onInterim?.(info.statusCode, info.headers));
  if (ask.body === null || Buffer.isBuffer(ask.body)) request.end(ask.body ?? undefined);
  else ask.body.sendTo(request);
  return { result, progress: () => timer.refresh(), abort: () => request.destroy() };
}

const RESET: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

function lost(request: ClientRequest, error: NodeJS.ErrnoException, timedOut: boolean): AttemptResult {
  return {
    kind: 'lost',
    failure: timedOut ? 'timeout' : 'connection',
    error: error.message,
    neverSent: error.code === 'ECONNREFUSED' && !request.reusedSocket,
    stale: !timedOut && request.reusedSocket && RESET.has(error.code),
  };
}

/** One push: OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp), protobuf, compressed. */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { gzip as gzipWith } from 'node:zlib';
import type { Settings } from '../config/settings.ts';
import { createLookup } from './lookup.ts';
import { asOwnRequest } from './own-requests.ts';
import { readRejected } from './partial-success.ts';
import { VERSION } from './resource.ts';

export type Signal = 'metrics' | 'traces' | 'logs';

export type Outcome =
  | { readonly kind: 'taken'; readonly rejected: number }
  /** Another time, perhaps after the milliseconds that the receiver asks for. */
  | { readonly kind: 'again'; readonly afterMs: number | undefined; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Sender {
  /** Never rejects. `body` is compressed already. */
  send(signal: Signal, body: Uint8Array): Promise<Outcome>;
  /** From now on pushes keep the process alive. */
  hold(): void;
  /** Breaks off what is under way: it comes out as `again`. */
  abort(): void;
  close(): void;
}

/** Level 1: most of the gain for a third of the time. Works outside the thread of the application. */
export const compress: (body: Uint8Array) => Promise<Uint8Array> = (body) => gzip(body, { level: 1 });

const gzip = promisify<Uint8Array, { level: number }, Buffer>(gzipWith);

type SenderSettings = Pick<Settings, 'endpoint' | 'protocol' | 'headers' | 'token' | 'exportTimeout'>;

const CONTENT_TYPES: Readonly<Record<Settings['protocol'], string>> = { 'http/protobuf': 'application/x-protobuf' };

/** A connection that is not there after this long keeps a process that wants to end waiting for nothing. */
const CONNECT_MS = 900;
const MOST_ANSWER_BYTES = 64 * 1024;
const ANSWER_MS = 1000;
const MOST_RETRY_AFTER_MS = 5 * 60_000;
/** As OTLP has it, and 502 and 504 of whatever is in between. */
const RETRYABLE = new Set([429, 502, 503, 504]);

export function createSender({ endpoint, protocol, headers, token, exportTimeout }: SenderSettings): Sender {
  const base = new URL(endpoint);
  const { request, Agent } = base.protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 3, maxFreeSockets: 1, lookup: createLookup() });
  const sent: http.OutgoingHttpHeaders = {
    'user-agent': `nightshift-node/${VERSION}`,
    ...(token !== '' && { authorization: `Bearer ${token}` }),
    ...lowerCase(headers),
    'content-type': CONTENT_TYPES[protocol],
    'content-encoding': 'gzip',
  };
  const underWay = new Set<http.ClientRequest>();
  let held = false;

  const send = (signal: Signal, body: Uint8Array) =>
    new Promise<Outcome>((resolve) => {
      const again = (reason: string): Outcome => ({ kind: 'again', afterMs: undefined, reason });
      let over = (_: Outcome): void => {};
      let response: http.IncomingMessage | undefined;
      try {
        const url = new URL(`${base.href.replace(/\/+$/, '')}/v1/${signal}`);
        const options = { method: 'POST', agent, headers: { ...sent, 'content-length': body.length } };
        asOwnRequest(() => {
          const own = request(url, options);
          const limit = setTimeout(() => over(again(`no answer within ${exportTimeout} ms`)), exportTimeout).unref();
          underWay.add(own);
          over = (outcome) => {
            clearTimeout(limit);
            underWay.delete(own);
            resolve(outcome);
            if (!response?.complete) own.destroy();
          };
          own.on('error', (error) => over(again(textOf(error))));
          own.on('close', () => {
            if (!response) over(again('the connection was broken off'));
          });
          own.on('socket', (socket) => watch(socket, own, held));
          own.on('response', (received) => {
            response = received;
            answer(received, over);
          });
          own.end(body);
        });
      } catch (error) {
        // A header that no request may have, from the settings.
        resolve({ kind: 'refused', reason: textOf(error) });
      }
    });
  return {
    send,
    hold() {
      held = true;
      for (const { socket } of underWay) socket?.ref();
    },
    abort() {
      for (const own of underWay) own.destroy(new Error('broken off at exit'));
    },
    close: () => agent.destroy(),
  };
}

function watch(socket: Socket, request: http.ClientRequest, held: boolean): void {
  if (held) socket.ref();
  else socket.unref();
  if (!socket.connecting) return;
  const limit = setTimeout(() => {
    if (socket.connecting) request.destroy(new Error(`no connection within ${CONNECT_MS} ms`));
  }, CONNECT_MS).unref();
  socket.once('connect', () => clearTimeout(limit));
  socket.once('close', () => clearTimeout(limit));
}

/** The status decides; what comes after it is read so far as it comes at all. */
function answer(response: http.IncomingMessage, over: (outcome: Outcome) => void): void {
  const { statusCode = 0, headers } = response;
  const outcome = (body: Buffer): Outcome => {
    if (statusCode >= 200 && statusCode < 300) return { kind: 'taken', rejected: readRejected(body) };
    const reason = `the receiver answers ${statusCode}`;
    if (!RETRYABLE.has(statusCode)) return { kind: 'refused', reason };
    return { kind: 'again', afterMs: retryAfter(headers['retry-after'], Date.now()), reason };
  };
  const pieces: Buffer[] = [];
  let size = 0;
  const end = () => over(outcome(Buffer.concat(pieces)));
  response.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size <= MOST_ANSWER_BYTES) pieces.push(piece);
    else end();
  });
  response.on('end', end);
  response.on('error', end);
  response.on('close', end);
  // An answer that never ends is one all the same.
  setTimeout(end, ANSWER_MS).unref();
}

/** Seconds or a date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after), in milliseconds from `now`; bounded. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MOST_RETRY_AFTER_MS) : undefined;
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const textOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return message || code || 'the connection failed';
};

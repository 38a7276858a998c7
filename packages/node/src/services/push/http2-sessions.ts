/** Notifications that an application sends by itself over HTTP/2: by host and path. */
import type { ClientHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { Hub, Instrumentation } from '../../core/hub.ts';
import { type Method, together, wrapMethod } from '../../core/wrap.ts';
import { watchEvents } from '../../http/emit.ts';
import { isCandidate } from './push-requests.ts';
import { errorResult, type Push, providerOf, pushWatchOf, resultOf } from './push-watch.ts';

interface Sent {
  readonly push: Push;
  status: number;
  error?: unknown;
  /** Of the body, as far as it has passed. */
  body: string;
}

const MOST_BODY = 1024;

class StreamWatch {
  private readonly open = new WeakMap<object, Sent>();

  constructor(private readonly hub: Hub) {}

  start(stream: ClientHttp2Stream): boolean {
    const headers = stream.sentHeaders;
    const [path, host] = [headers?.[':path'], headers?.[':authority']];
    if (typeof path !== 'string' || typeof host !== 'string') return false;
    const provider = providerOf(host, path);
    const push = provider && pushWatchOf(this.hub).start(provider, path, true);
    if (!push) return false;
    this.open.set(stream, { push, status: 0, body: '' });
    return true;
  }

  event(stream: object, type: string | symbol, value: unknown): void {
    const sent = this.open.get(stream);
    if (!sent) return;
    if (type === 'error') sent.error = value;
    if (type === 'response') {
      sent.status = Number((value as Readonly<Record<string, unknown>>)[':status']);
      if (sent.push.provider === 'apns' && sent.status >= 400) this.lookAtBody(stream as Duplex, sent);
    }
    if (type !== 'close') return;
    this.open.delete(stream);
    Reflect.deleteProperty(stream, 'push');
    pushWatchOf(this.hub).end(sent.push, outcomeOf(sent), sent.error);
  }

  /** The few bytes of a refusal as Node hands them to the stream; whoever reads it gets them as ever. */
  private lookAtBody(stream: Duplex, sent: Sent): void {
    const { guard } = this.hub;
    const { push } = stream;
    const look = (chunk: unknown) => {
      if (chunk instanceof Uint8Array && sent.body.length < MOST_BODY)
        sent.body += Buffer.from(chunk).toString('latin1');
    };
    const value = function (this: Duplex, chunk: unknown, encoding?: BufferEncoding): boolean {
      guard.run('push.http2.body', () => look(chunk), undefined);
      return push.call(this, chunk, encoding);
    };
    Object.defineProperty(stream, 'push', { value, writable: true, enumerable: false, configurable: true });
  }
}

function outcomeOf({ push, status, error, body }: Sent): string {
  if (error !== undefined) return errorResult(error);
  if (status === 0) return 'closed';
  const reason = /"reason"\s*:\s*"([A-Za-z]+)"/.exec(body)?.[1];
  return reason ?? resultOf(push.provider, status);
}

/** Of Node's own sessions, which no module exports; this one is connected to nothing, and gone at once. */
function sessionPrototype(): object {
  const http2 = process.getBuiltinModule('node:http2');
  const nowhere = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const session = http2.connect('http://localhost', { createConnection: () => nowhere });
  session.on('error', () => {});
  const prototype = Object.getPrototypeOf(session) as object;
  session.destroy();
  return prototype;
}

function watchSessions(hub: Hub, watch: StreamWatch): () => void {
  const { guard } = hub;
  const undo: (() => void)[] = [];
  let watched = false;
  const started = (stream: ClientHttp2Stream) => {
    if (!watch.start(stream) || watched) return;
    watched = true;
    const before = (emitter: object, type: string | symbol, values: readonly unknown[]) =>
      guard.run('push.http2.event', () => watch.event(emitter, type, values[0]), undefined);
    undo.push(watchEvents(Object.getPrototypeOf(stream), { types: new Set(['response', 'error', 'close']), before }));
  };
  const request = (original: Method): Method =>
    function request(...args) {
      const stream = original.apply(this, args);
      const path = (args[0] as Readonly<Record<string, unknown>> | undefined)?.[':path'];
      if (isCandidate(path)) guard.run('push.http2.request', () => started(stream as ClientHttp2Stream), undefined);
      return stream;
    };
  undo.push(wrapMethod(sessionPrototype(), 'request', request));
  return together(undo);
}

/** Loading `node:http2` takes 30 ms: it waits for the first connection that may speak it. */
export const pushHttp2: Instrumentation = {
  name: 'push',
  install(hub) {
    const { guard } = hub;
    const watch = new StreamWatch(hub);
    const undo: (() => void)[] = [];
    let watched = false;
    const connecting = (args: readonly unknown[]) => {
      if (watched || !args.some(speaksHttp2)) return;
      watched = true;
      undo.push(watchSessions(hub, watch));
    };
    undo.push(
      wrapMethod(
        tls,
        'connect',
        (original) =>
          function connect(...args) {
            guard.run('push.http2.connect', () => connecting(args), undefined);
            return original.apply(this, args);
          },
      ),
    );
    return () => {
      for (const back of undo.splice(0).reverse()) back();
    };
  },
};

function speaksHttp2(options: unknown): boolean {
  if (typeof options !== 'object' || options === null) return false;
  const { ALPNProtocols } = options as { readonly ALPNProtocols?: unknown };
  return Array.isArray(ALPNProtocols) && ALPNProtocols.includes('h2');
}

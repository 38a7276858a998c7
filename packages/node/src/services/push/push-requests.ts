/** Notifications that an application sends by itself, with `fetch`, undici, `http` or `https`: by host and path. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Hub, Instrumentation } from '../../core/hub.ts';
import { errorResult, type Push, providerOf, pushWatchOf, resultOf } from './push-watch.ts';

interface UndiciTold {
  readonly request: { readonly origin: string | URL; readonly path: string; readonly method: string };
  readonly response?: { readonly statusCode: number };
  readonly error?: unknown;
}

interface HttpTold {
  readonly request: ClientRequest;
  readonly response?: IncomingMessage;
  readonly error?: unknown;
}

type Listeners = Readonly<Record<string, (told: never) => void>>;

/** From the request until its status is known. There is a span of the request itself. */
class Requests {
  private readonly open = new WeakMap<object, Push>();

  constructor(private readonly hub: Hub) {}

  start(request: object, host: string, path: string): void {
    const provider = providerOf(host, path);
    if (!provider || this.open.has(request)) return;
    const push = pushWatchOf(this.hub).start(provider, path, false);
    if (push) this.open.set(request, push);
  }

  answered(request: object, status: number | undefined): void {
    const push = this.open.get(request);
    if (!push || status === undefined) return;
    this.open.delete(request);
    pushWatchOf(this.hub).end(push, resultOf(push.provider, status));
  }

  failed(request: object, error: unknown): void {
    const push = this.open.get(request);
    if (!push) return;
    this.open.delete(request);
    pushWatchOf(this.hub).end(push, errorResult(error), error);
  }
}

function listenersOf(hub: Hub): Listeners {
  const requests = new Requests(hub);
  return {
    'undici:request:create': ({ request }: UndiciTold) => {
      if (isCandidate(request.path)) requests.start(request, new URL(request.origin).host, request.path);
    },
    'undici:request:headers': ({ request, response }: UndiciTold) => requests.answered(request, response?.statusCode),
    'undici:request:error': ({ request, error }: UndiciTold) => requests.failed(request, error),
    'http.client.request.start': ({ request }: HttpTold) => {
      if (isCandidate(request.path)) requests.start(request, String(request.getHeader('host')), request.path);
    },
    'http.client.response.finish': ({ request, response }: HttpTold) =>
      requests.answered(request, response?.statusCode),
    'http.client.request.error': ({ request, error }: HttpTold) => requests.failed(request, error),
  };
}

/** Before anything is looked up: most requests are for nobody here. */
export const isCandidate = (path: unknown): boolean =>
  typeof path === 'string' && (path.startsWith('/3/device/') || path.endsWith('/messages:send'));

export const pushRequests: Instrumentation = {
  name: 'push',
  install(hub) {
    const subscribed = Object.entries(listenersOf(hub)).map(([channel, listen]) => {
      const place = `push.${channel.replaceAll(':', '.')}`;
      const listener = (told: unknown) => hub.guard.run(place, () => listen(told as never), undefined);
      subscribe(channel, listener);
      return { channel, listener };
    });
    return () => {
      for (const { channel, listener } of subscribed) unsubscribe(channel, listener);
    };
  },
};

import type { Hub } from '../../core/hub.ts';
import type { HistogramMeter, Meters } from '../../metrics/meters.ts';
import type { Span } from '../../tracing/tracer.ts';
import { BoundedNames } from '../bounded-names.ts';

export type Provider = 'apns' | 'fcm';

/** A notification on its way. */
export interface Push {
  readonly provider: Provider;
  readonly path: string;
  readonly began: number;
  readonly span: Span | undefined;
}

const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const REASON = /^[A-Za-z][A-Za-z0-9_]{1,60}$/;

/** https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns */
const APNS_HOST = /^api\.(?:sandbox\.|development\.)?push\.apple\.com(?::\d+)?$/;
/** https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send */
const FCM_HOST = /^fcm\.googleapis\.com(?::\d+)?$/;

/** Which service a request is for; undefined for any other. */
export function providerOf(host: string, path: string): Provider | undefined {
  if (path.startsWith('/3/device/')) return APNS_HOST.test(host) ? 'apns' : undefined;
  return path.endsWith('/messages:send') && FCM_HOST.test(host) ? 'fcm' : undefined;
}

/** Each status of FCM has one code (https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode). */
const FCM_CODES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'THIRD_PARTY_AUTH_ERROR',
  403: 'SENDER_ID_MISMATCH',
  404: 'UNREGISTERED',
  429: 'QUOTA_EXCEEDED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};
/** Those statuses of APNs that have one reason; others have it in the body. */
const APNS_REASONS: Readonly<Record<number, string>> = {
  410: 'Unregistered',
  413: 'PayloadTooLarge',
  429: 'TooManyRequests',
  500: 'InternalServerError',
};

/** What the status says: `ok`, a code of the service, else `status_400`. */
export function resultOf(provider: Provider, status: number): string {
  if (status >= 200 && status < 300) return 'ok';
  return (provider === 'fcm' ? FCM_CODES : APNS_REASONS)[status] ?? `status_${status}`;
}

const watches = new WeakMap<Meters, PushWatch>();

/** All ways to send count in the same metric, which a registry takes once. */
export function pushWatchOf(hub: Hub): PushWatch {
  const watch = watches.get(hub.meters) ?? new PushWatch(hub);
  watches.set(hub.meters, watch);
  return watch;
}

/** Its methods may throw: they are called within the guard. */
export class PushWatch {
  private readonly took: HistogramMeter;
  private readonly results = new BoundedNames(100);
  /** By path: what is looked at already where it was asked for, and passes the layers below. */
  private readonly claimed = new Map<string, number>();

  constructor(private readonly hub: Hub) {
    this.took = hub.meters.histogram({
      name: 'push_send_duration_seconds',
      help: 'Duration of sending a push notification; result is ok, or the reason of the service or the error.',
      labels: ['provider', 'result'],
      buckets: BUCKETS,
    });
  }

  /** Undefined for what is looked at already. */
  start(provider: Provider, path: string, spanned: boolean): Push | undefined {
    if (this.claimed.has(path)) return undefined;
    return this.claim(provider, path, spanned);
  }

  /** From the outermost layer, which may ask for the same several times at once. */
  claim(provider: Provider, path: string, spanned: boolean): Push {
    this.claimed.set(path, (this.claimed.get(path) ?? 0) + 1);
    const { tracer, settings } = this.hub;
    const traced = spanned && (settings.traceRate > 0 || tracer.active() !== undefined);
    const span = traced ? tracer.start(`push ${provider}`, 'client') : undefined;
    return { provider, path, began: performance.now(), span };
  }

  end({ provider, path, began, span }: Push, result: string, error?: unknown): void {
    const claims = this.claimed.get(path) ?? 0;
    if (claims > 1) this.claimed.set(path, claims - 1);
    else this.claimed.delete(path);
    const seconds = (performance.now() - began) / 1000;
    const label = REASON.test(result) ? this.results.of(result) : 'other';
    const failed = label !== 'ok';
    this.took.observe([provider, label], seconds, span ?? this.hub.tracer.active());
    const labels = { provider, result: label };
    this.hub.recorder.record({ kind: 'push', name: provider, seconds, failed, labels, span });
    if (!span) return;
    if (failed) {
      span.set('error.type', label);
      span.fail(error);
    }
    span.end();
  }
}

/** Of whatever was thrown. */
export function errorResult(error: unknown): string {
  const { reason, code, name } = (error ?? {}) as Readonly<Record<string, unknown>>;
  return [reason, code, name].find((one): one is string => typeof one === 'string') ?? 'Error';
}

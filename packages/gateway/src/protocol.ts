/**
 * What `serve` and the gateway say to each other: HTTP with JSON over the Unix socket `DIR/control.sock` (mode 0600).
 *
 *   GET  /status                              → GatewayStatus
 *   PUT  /apps/SERVICE         AppConfig      → AppStatus        idempotent; opens the public port
 *   POST /apps/SERVICE/releases ReleaseSpec   → 202 AppStatus    starts the version; events tell how it goes; the same id again is a no-op
 *   POST /apps/SERVICE/rollback {reason}      → AppStatus        409 where there is no last good version
 *   DELETE /apps/SERVICE                      → 204              stops its versions, closes its port
 *   GET  /events?after=SEQ&wait=MS            → {events: GatewayEvent[]}   long poll, ascending seq, at most 500
 *   POST /events/ack {seq}                    → 204              forgets everything up to seq
 *   POST /stop                                → 202              drains, stops all versions, exits
 *
 * Errors are {error: {code, message}} with a 4xx/5xx status. Events are durable (fsynced) before they are shown, survive
 * restarts of either side, and are delivered at least once; `seq` is unique and ascending for the life of the directory.
 */
import type { GuardConfig, Verdict } from '@nightshift/guard';

export interface AppConfig {
  readonly service: string;
  readonly environment: string;
  readonly host: string;
  /** The public port of the application; 0 picks a free one, which then stays. */
  readonly port: number;
  readonly failover: boolean;
  readonly rollback: boolean;
  readonly guard: GuardConfig;
  /** Milliseconds until a version counts as not answering. */
  readonly requestTimeoutMs: number;
  /** Request bodies up to this size are kept for a repeat on the last good version. */
  readonly replayBodyBytes: number;
  readonly drainMs: number;
}

export interface ReleaseSpec {
  readonly id: string;
  readonly version: string;
  /** Source revision, '' if unknown. */
  readonly revision: string;
  readonly dir: string;
  /** Run without a shell in `dir`; `PORT` and `HOST` are set in its environment. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly healthPath: string;
  readonly startTimeoutMs: number;
}

export type VersionState = 'starting' | 'healthy' | 'live' | 'warm' | 'draining' | 'stopped' | 'failed';

export interface VersionStatus {
  readonly release: string;
  readonly version: string;
  readonly state: VersionState;
  readonly pid: number | null;
  readonly port: number | null;
  readonly requests: number;
  readonly failures: number;
  readonly restarts: number;
}

export interface AppStatus {
  readonly service: string;
  /** Where users reach the application. */
  readonly url: string;
  readonly live: string | null;
  readonly lastGood: string | null;
  readonly versions: readonly VersionStatus[];
  readonly verdict: Verdict | null;
}

export interface GatewayStatus {
  readonly pid: number;
  readonly startedAt: number;
  readonly apps: readonly AppStatus[];
  /** Events that the size cap of the journal took since the start; `expendable` are log, traffic and trace. */
  readonly eventsDropped?: { readonly expendable: number; readonly critical: number };
}

/** Bodies are kept up to 64 KiB each, then cut with `truncated`. Values of credentials in headers are replaced by `[redacted]`. */
export interface Exchange {
  readonly id: string;
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly requestHeaders: readonly (readonly [string, string])[];
  readonly requestBody: string;
  /** null where no response came (connection lost, time-out). */
  readonly status: number | null;
  readonly responseHeaders: readonly (readonly [string, string])[];
  readonly responseBody: string;
  readonly truncated: boolean;
  readonly failure: 'status' | 'connection' | 'timeout';
  /** The error in words, '' for a plain 5xx. */
  readonly error: string;
  readonly latencyMs: number;
  readonly idempotent: boolean;
  readonly traceId: string;
  readonly spanId: string;
  /** What the last good version answered in its place, null if it was not asked. */
  readonly savedBy: { readonly release: string; readonly status: number; readonly latencyMs: number } | null;
  /** True when the user was given the failure. */
  readonly visible: boolean;
}

interface EventBase {
  readonly seq: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly service: string;
  readonly release: string;
}

export type GatewayEvent = EventBase &
  (
    | { readonly kind: 'release.starting'; readonly pid: number; readonly port: number }
    | { readonly kind: 'release.failed'; readonly reason: string }
    | { readonly kind: 'release.live'; readonly previous: string | null; readonly startedInMs: number }
    | { readonly kind: 'release.promoted'; readonly verdict: Verdict }
    /** Every failed exchange up to 100 per release, then one in every doubling; `count` is the running total of failures. */
    | { readonly kind: 'exchange.failed'; readonly exchange: Exchange; readonly count: number }
    | { readonly kind: 'guard.verdict'; readonly verdict: Verdict; readonly baselineRelease: string | null }
    /** The failing request was repeated on the last good version before a rollback. */
    | {
        readonly kind: 'guard.replay';
        readonly exchange: string;
        readonly baselineRelease: string;
        readonly status: number | null;
        readonly conclusion: 'release-is-the-cause' | 'release-is-not-the-cause' | 'nothing-safe-to-replay';
        readonly reason: string;
      }
    | {
        readonly kind: 'rollback.done';
        readonly to: string;
        readonly reason: string;
        readonly by: 'guard' | 'person';
        /** Milliseconds from the first failed request of the release, null where none failed. */
        readonly sinceFirstFailureMs: number | null;
      }
    | { readonly kind: 'rollback.withheld'; readonly reason: string }
    | { readonly kind: 'drained'; readonly connectionsCut: number; readonly tookMs: number }
    | {
        readonly kind: 'version.exited';
        readonly code: number | null;
        readonly signal: string | null;
        readonly restartInMs: number | null;
      }
    /** Lines the version wrote, in order; `stream` 1 is stdout, 2 stderr. Batched every 200 ms. */
    | {
        readonly kind: 'log';
        readonly lines: readonly { readonly at: number; readonly stream: 1 | 2; readonly text: string }[];
      }
    /**
     * One second of traffic of one release (only seconds with traffic). `routes` are method and status; a request that
     * was answered by another version counts here as `failed` and `saved`. `latencyCounts` follow LATENCY_BOUNDS_MS.
     */
    | {
        readonly kind: 'traffic';
        readonly requests: number;
        readonly failed: number;
        readonly saved: number;
        readonly visible: number;
        readonly byStatus: Readonly<Record<string, number>>;
        readonly byMethod: Readonly<Record<string, number>>;
        readonly latencyCounts: readonly number[];
        readonly latencySumMs: number;
      }
    /** Spans of a failed or sampled exchange, OTLP/JSON (an ExportTraceServiceRequest). */
    | { readonly kind: 'trace'; readonly otlp: unknown }
  );

/** Upper bounds of the latency histogram, milliseconds (OpenTelemetry's http.server.request.duration advice, times 1000). */
export const LATENCY_BOUNDS_MS = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000] as const;

import type { Exchange, GatewayEvent } from '@nightshift/gateway/protocol';
import type { Verdict } from '@nightshift/guard';
import type { ReleaseRecord } from '../repositories.ts';

/** 14:02:03.400 UTC, when mira released v2 of the url shortener. */
export const T0 = Date.UTC(2026, 10, 21, 14, 2, 3, 400);
export const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

export function release(version: string, overrides: Partial<ReleaseRecord> = {}): ReleaseRecord {
  return {
    id: `rel-${version}`,
    service: 'url-shortener',
    environment: 'production',
    version,
    revision: '',
    driver: 'process',
    dir: `/srv/${version}`,
    command: ['node', 'dist/main.js'],
    state: 'starting',
    stateReason: '',
    createdAt: T0,
    createdBy: 'mira',
    liveAt: null,
    endedAt: null,
    url: 'http://127.0.0.1:8080',
    gateway: null,
    verdict: null,
    healthPath: '/health',
    failover: true,
    ...overrides,
  };
}

export function exchange(n: number, overrides: Partial<Exchange> = {}): Exchange {
  return {
    id: `x${n}`,
    at: T0 + 7_800 + n * 100,
    method: 'GET',
    path: `/c0de${n}`,
    requestHeaders: [['accept', '*/*']],
    requestBody: '',
    status: 500,
    responseHeaders: [['content-type', 'text/plain']],
    responseBody: 'Internal Server Error',
    truncated: false,
    failure: 'status',
    error: '',
    latencyMs: 3,
    idempotent: true,
    traceId: n === 0 ? TRACE : '',
    spanId: '',
    savedBy: { release: 'rel-v1', status: 302, latencyMs: 6 },
    visible: false,
    ...overrides,
  };
}

export function verdict(overrides: Partial<Verdict> = {}): Verdict {
  return {
    decision: 'bad',
    test: 'errors',
    reason: '7 of 9 requests failed, of v1 0 of 4182.',
    inputs: {
      requests: 9,
      failures: 7,
      slow: 0,
      slowThresholdMs: 100,
      baselineRequests: 4182,
      baselineFailures: 0,
      nullErrorRatio: 0.005,
      nullSlowRatio: 0.01,
      logErrorEvidence: 30,
      logSlowEvidence: 0,
      logThreshold: 13.8,
      falseAlarmRate: 1e-6,
    },
    ...overrides,
  };
}

export type EventBody = GatewayEvent extends infer E
  ? E extends GatewayEvent
    ? Omit<E, 'seq' | 'service' | 'release'> & { release?: string }
    : never
  : never;

/** Numbers events from 1; they belong to v2 unless they say otherwise. */
export function numbered(bodies: readonly EventBody[]): GatewayEvent[] {
  return bodies.map(
    (body, i) => ({ seq: i + 1, service: 'url-shortener', release: 'rel-v2', ...body }) as GatewayEvent,
  );
}

export function traffic(
  at: number,
  requests: number,
  failed: number,
  overrides: Record<string, unknown> = {},
): EventBody {
  return {
    kind: 'traffic',
    at,
    requests,
    failed,
    saved: failed,
    visible: 0,
    byStatus: { '302': requests - failed, ...(failed > 0 ? { '500': failed } : {}) },
    byMethod: { GET: requests },
    latencyCounts: [requests],
    latencySumMs: requests * 3,
    ...overrides,
  } as EventBody;
}

/** What the gateway tells of the afternoon's release: v2 fails 7 of 9, is judged, and v1 serves again after 0.9 s. */
export function badReleaseEvents(frame = 'src/store.ts:27:17'): GatewayEvent[] {
  const failures = Array.from(
    { length: 7 },
    (_, n): EventBody => ({ kind: 'exchange.failed', at: T0 + 7_800 + n * 100, exchange: exchange(n), count: n + 1 }),
  );
  const line = (n: number, text: string, stream: 1 | 2 = 1) => ({ at: T0 + 7_800 + n, stream, text });
  return numbered([
    traffic(T0 - 20_000, 40, 0, { release: 'rel-v1' }),
    { kind: 'release.starting', at: T0 + 100, pid: 77, port: 4001 },
    { kind: 'release.live', at: T0 + 5_700, previous: 'rel-v1', startedInMs: 5_600 },
    ...failures,
    {
      kind: 'log',
      at: T0 + 8_500,
      lines: [
        line(0, '2026-11-21T14:02:11.100Z info listening'),
        line(
          1,
          '2026-11-21T14:02:11.201Z error GET /c0de0 SyntaxError: Unexpected token \'l\', "links.json" is not valid JSON',
        ),
        line(2, '    at JSON.parse (<anonymous>)'),
        line(3, `    at LinkStore.all (/srv/v2/${frame})`),
        line(4, '2026-11-21T14:02:11.203Z info GET /c0de0 req=8f21 500 3ms'),
      ],
    },
    { kind: 'guard.verdict', at: T0 + 8_500, verdict: verdict(), baselineRelease: 'rel-v1' },
    {
      kind: 'guard.replay',
      at: T0 + 8_600,
      exchange: 'x0',
      baselineRelease: 'rel-v1',
      status: 302,
      conclusion: 'release-is-the-cause',
      reason: '',
    },
    {
      kind: 'rollback.done',
      at: T0 + 8_700,
      to: 'rel-v1',
      reason: 'v2 is worse than v1.',
      by: 'guard',
      sinceFirstFailureMs: 900,
    },
    traffic(T0 + 8_600, 9, 7),
    { kind: 'drained', at: T0 + 8_900, connectionsCut: 0, tookMs: 200 },
  ]);
}

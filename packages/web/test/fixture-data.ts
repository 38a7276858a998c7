import type {
  CardinalityMetric,
  CardinalityReport,
  Incident,
  IncidentSummary,
  LogEntry,
  Release,
  ServiceSummary,
  SpanEntry,
  Status,
  TokenInfo,
} from '@nightshift/server/api';

/** Text as an attacker, or a careless application, would log it. None of it may become markup, style or an address. */
export const HOSTILE = `<img src=x onerror="window.__hit=1"><script>window.__hit=2</script>"'\`{{7*7}}\u202Eevil`;
export const LONG = 'unbrokenword'.repeat(30);

/** The moment of the incident; everything else is placed around it. */
export const AT = Date.UTC(2026, 10, 21, 14, 2, 11, 200);
export const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

const verdict = {
  decision: 'bad',
  test: 'errors',
  reason: 'v2 is worse than v1: 7 of 9 requests failed, 0 of 4,182 before.',
  inputs: {
    requests: 9,
    failures: 7,
    slow: 0,
    slowThresholdMs: 74,
    baselineRequests: 4182,
    baselineFailures: 0,
    nullErrorRatio: 0.005,
    nullSlowRatio: 0.02,
    logErrorEvidence: 29.4,
    logSlowEvidence: -0.1,
    logThreshold: 13.8,
    falseAlarmRate: 1e-6,
  },
} as const;

const release = (version: string, more: Partial<Release>): Release => ({
  id: `rel-${version}`,
  service: 'url-shortener',
  environment: 'production',
  version,
  revision: 'a41c9e2f77b0',
  driver: 'process',
  dir: '/srv/url-shortener',
  command: ['node', 'server.js'],
  state: 'good',
  stateReason: '',
  createdAt: AT - 8_000,
  createdBy: 'mira',
  liveAt: AT - 2_000,
  endedAt: null,
  url: 'http://127.0.0.1:8080',
  gateway: null,
  verdict: null,
  ...more,
});

export const releases: Release[] = [
  release('v2', {
    state: 'rolled-back',
    stateReason: verdict.reason,
    verdict,
    gateway: { state: 'stopped', pid: null, requests: 9, failures: 7 },
  }),
  release('v1', {
    state: 'good',
    createdAt: AT - 86_400_000,
    gateway: { state: 'live', pid: 812, requests: 4182, failures: 0 },
  }),
  release(`v0-${HOSTILE}`, { state: 'superseded', createdBy: HOSTILE, createdAt: AT - 9 * 86_400_000 }),
];

const spark = (failAt: number) => {
  const t = Array.from({ length: 60 }, (_, index) => AT - (60 - index) * 60_000);
  return {
    t,
    rate: t.map((_, index) => (index === 20 ? null : 12 + Math.sin(index / 4) * 3)),
    errors: t.map((_, index) => (index === failAt ? 0.4 : 0)),
  };
};
const service = (name: string, more: Partial<ServiceSummary>): ServiceSummary => ({
  service: name,
  environment: 'production',
  liveVersion: 'v1',
  url: 'http://127.0.0.1:8080',
  requestsPerSecond: 12.4,
  errorRatio: 0,
  p50Ms: 3.2,
  p99Ms: 37,
  spark: spark(-1),
  openIncident: null,
  ...more,
});
export const services: ServiceSummary[] = [
  service('url-shortener', { openIncident: 'INC-7', errorRatio: 0.0004, spark: spark(58) }),
  service('checkout', { requestsPerSecond: 1830, p99Ms: 640, errorRatio: 0.021, spark: spark(44) }),
  service('mailer', {
    requestsPerSecond: null,
    errorRatio: null,
    p50Ms: null,
    p99Ms: null,
    liveVersion: null,
    url: null,
    spark: { t: [], rate: [], errors: [] },
  }),
  service(HOSTILE, { url: 'javascript:window.__hit=3' }),
];

const summary: IncidentSummary = {
  id: 'INC-7',
  title: 'Redirects failed after release v2',
  service: 'url-shortener',
  environment: 'production',
  state: 'mitigated',
  openedAt: AT,
  mitigatedAt: AT + 900,
  badVersion: 'v2',
  goodVersion: 'v1',
  impact: {
    requests: 9,
    failed: 7,
    saved: 7,
    visible: 0,
    visibleIdempotent: 0,
    secondsDegraded: 0.9,
    detectedMs: 700,
    restoredMs: 900,
    budgetSeconds: 900,
    budgetUsedSeconds: 0.9,
  },
};
export const incidents: IncidentSummary[] = [
  summary,
  {
    ...summary,
    id: 'INC-6',
    title: `Checkout failed ${HOSTILE} ${LONG}`,
    service: 'checkout',
    state: 'resolved',
    openedAt: AT - 20 * 86_400_000,
    goodVersion: null,
  },
];

const span = (
  id: string,
  parent: string,
  name: string,
  from: number,
  to: number,
  more: Partial<SpanEntry> = {},
): SpanEntry => ({
  traceId: TRACE,
  spanId: id,
  parentSpanId: parent,
  service: 'url-shortener',
  version: 'v2',
  name,
  kind: 'internal',
  startUnixNano: String(BigInt(AT) * 1_000_000n + BigInt(from)),
  endUnixNano: String(BigInt(AT) * 1_000_000n + BigInt(to)),
  status: 'unset',
  statusMessage: '',
  attributes: { 'http.route': '/:code' },
  events: [],
  ...more,
});
export const spans: SpanEntry[] = [
  span('00f067aa0ba902b7', '', 'GET /:code', 0, 6_400_000, { service: 'gateway', kind: 'server' }),
  span('10f067aa0ba902b7', '00f067aa0ba902b7', 'forward to v2', 300_000, 2_900_000, {
    service: 'gateway',
    status: 'error',
    statusMessage: '500',
  }),
  span('20f067aa0ba902b7', '10f067aa0ba902b7', 'Store.load', 900_000, 2_400_000, {
    status: 'error',
    statusMessage: HOSTILE,
    attributes: { 'code.file.path': 'src/store.ts', hostile: HOSTILE },
    events: [
      {
        timeUnixNano: String(BigInt(AT) * 1_000_000n + 2_300_000n),
        name: 'exception',
        attributes: { 'exception.type': 'SyntaxError', 'exception.message': HOSTILE },
      },
    ],
  }),
  span('30f067aa0ba902b7', '00f067aa0ba902b7', 'forward to v1', 3_000_000, 6_300_000, { service: 'gateway' }),
];

const exchange = (
  index: number,
  more: Partial<Incident['evidence']['exchanges'][number]> = {},
): Incident['evidence']['exchanges'][number] => ({
  id: `ex-${index}`,
  at: AT + index * 90,
  method: 'GET',
  path: `/abc${index}`,
  requestHeaders: [
    ['accept', '*/*'],
    ['authorization', '[redacted]'],
  ],
  requestBody: '',
  status: 500,
  responseHeaders: [['content-type', 'text/plain']],
  responseBody: HOSTILE,
  truncated: false,
  failure: 'status',
  error: '',
  latencyMs: 2.9,
  idempotent: true,
  traceId: TRACE,
  spanId: '10f067aa0ba902b7',
  savedBy: { release: 'rel-v1', status: 302, latencyMs: 3.1 },
  visible: false,
  ...more,
});

const t = Array.from({ length: 161 }, (_, index) => AT - 40_000 + index * 500);
const bump = (at: number) => (at >= AT && at < AT + 1500 ? 8 * Math.sin(((at - AT) / 1500) * Math.PI) + 1 : 0);
const hunk = (rank: number, score: number, reasons: string[]): Incident['evidence']['hunks'][number] => ({
  rank,
  file: rank === 1 ? 'src/store.ts' : `src/${LONG}.ts`,
  header: '@@ -38,5 +38,4 @@ export class Store',
  score,
  reasons,
  lines: [
    { kind: 'context', text: '  async load(): Promise<Links> {', oldLine: 38, newLine: 38 },
    { kind: 'removed', text: "    return JSON.parse(await readFile(this.file, 'utf8'));", oldLine: 39, newLine: null },
    { kind: 'added', text: '    return JSON.parse(this.file);', oldLine: null, newLine: 39 },
    { kind: 'context', text: `  } // ${HOSTILE}`, oldLine: 40, newLine: 40 },
  ],
});

export const incident: Incident = {
  ...summary,
  summary:
    'v2 passed the name of the file to JSON.parse instead of its contents; v1 answered every request in its place until all traffic was back on it.',
  release: releases[0]!,
  goodRelease: releases[1]!,
  timeline: [
    {
      at: AT - 7_800,
      tone: 'plain',
      title: 'v2 a41c9e2 released by mira',
      detail: '3 files changed',
      evidence: [
        { kind: 'release', id: 'rel-v2', label: 'release' },
        { kind: 'diff', id: '2', label: 'second hunk' },
      ],
    },
    { at: AT - 2_100, tone: 'plain', title: 'v2 healthy, takes all traffic; v1 kept warm', detail: '', evidence: [] },
    {
      at: AT,
      tone: 'bad',
      title: 'First failure: GET /abc0 answered 500',
      detail: 'answered by v1 in 6 ms',
      evidence: [
        { kind: 'exchange', id: 'ex-0', label: 'exchange' },
        { kind: 'trace', id: TRACE, label: 'trace' },
      ],
    },
    {
      at: AT + 700,
      tone: 'lamp',
      title: 'Guard: v2 is worse than v1',
      detail: '7 of 9 failed, 0 of 4,182 before',
      evidence: [{ kind: 'verdict', id: 'verdict', label: 'inputs' }],
    },
    {
      at: AT + 760,
      tone: 'plain',
      title: 'The same request repeated on v1: 302. It is the release.',
      detail: '',
      evidence: [{ kind: 'replay', id: 'ex-0', label: 'the request' }],
    },
    {
      at: AT + 900,
      tone: 'good',
      title: 'Rolled back: all traffic on v1',
      detail: 'v2 drained, 0 connections cut',
      evidence: [{ kind: 'graph', id: 'graph', label: 'before and after' }],
    },
    {
      at: AT + 1_000,
      tone: 'plain',
      title: `Evidence frozen ${HOSTILE}`,
      detail: LONG,
      evidence: [{ kind: 'logs', id: 'logs', label: '41 log lines' }],
    },
  ],
  evidence: {
    excerpt: {
      total: 163,
      lines: [
        {
          number: 118,
          at: AT + 14,
          severity: 9,
          text: 'GET /abc0 req=8f21 started',
          isError: false,
          gapBefore: { lines: 117, repetitions: 0 },
        },
        {
          number: 119,
          at: AT + 16,
          severity: 17,
          text: `SyntaxError: Unexpected token 'l', "links.json" is not valid JSON ${HOSTILE}`,
          isError: true,
          gapBefore: null,
        },
        {
          number: 120,
          at: AT + 16,
          severity: 17,
          text: '    at Store.load (src/store.ts:39:17)',
          isError: true,
          gapBefore: null,
        },
        {
          number: 163,
          at: AT + 890,
          severity: 9,
          text: 'draining, 3 connections',
          isError: false,
          gapBefore: { lines: 42, repetitions: 6 },
        },
      ],
    },
    exchanges: [
      exchange(0),
      exchange(1, {
        savedBy: null,
        visible: true,
        idempotent: false,
        method: 'POST',
        path: `/links?next=${HOSTILE}`,
        requestBody: '{"url":"https://example.org"}',
      }),
      exchange(2, { status: null, failure: 'timeout', error: 'no answer within 5 s', latencyMs: 5000 }),
    ],
    trace: spans,
    graphs: [
      {
        title: 'Failed requests per second',
        unit: 'requests/s',
        t,
        lines: [
          { name: 'v2', values: t.map((at) => (at < AT - 2000 ? null : bump(at))) },
          { name: 'v1', values: t.map(() => 0) },
        ],
      },
      {
        title: '99 of 100 requests are faster than',
        unit: 'ms',
        t,
        lines: [
          { name: 'v1', values: t.map((_, index) => 31 + (index % 7)) },
          {
            name: 'v2',
            values: t.map((at, index) => (at < AT - 2000 || at > AT + 1500 ? null : 52 + (index % 5) * 4)),
          },
        ],
      },
    ],
    marks: [
      { at: AT - 2100, label: 'v2 released', tone: 'plain' },
      { at: AT, label: 'first failure', tone: 'bad' },
      { at: AT + 900, label: 'back on v1', tone: 'good' },
    ],
    hunks: [
      hunk(1, 0.94, ['top frame', 'message token', 'only failing route']),
      hunk(2, 0.12, ['same folder']),
      hunk(3, 0, []),
    ],
    diffNote: '',
    verdict,
    error: {
      type: 'SyntaxError',
      message: `Unexpected token 'l', "links.json" is not valid JSON`,
      frames: [
        { function: 'Store.load', file: 'src/store.ts', line: 39, column: 17 },
        { function: '', file: 'src/server.ts', line: 12, column: null },
      ],
    },
  },
  candidates: [
    { text: 'JSON.parse was given the name of the file, not its contents.', score: 0.94, hunk: 1 },
    { text: `Something else ${HOSTILE}`, score: 0.11, hunk: null },
  ],
};

export const logs: LogEntry[] = [17, 13, 9, 5].map((severity, index) => ({
  at: AT - index * 1300,
  timeUnixNano: String(BigInt(AT - index * 1300) * 1_000_000n),
  service: 'url-shortener',
  version: 'v2',
  severity,
  severityText: ['ERROR', 'WARN', 'INFO', ''][index]!,
  body: index === 0 ? HOSTILE : index === 1 ? LONG : `GET /abc${index} 302 3ms`,
  traceId: index < 2 ? TRACE : '',
  spanId: '',
  attributes: { 'http.route': '/:code', hostile: HOSTILE },
}));

export const tokens: TokenInfo[] = [
  {
    id: 'tok-1',
    name: 'ci',
    rights: ['release'],
    createdAt: AT - 30 * 86_400_000,
    expiresAt: null,
    lastUsedAt: AT - 60_000,
  },
  {
    id: 'tok-2',
    name: HOSTILE,
    rights: ['ingest', 'read'],
    createdAt: AT,
    expiresAt: AT + 86_400_000,
    lastUsedAt: null,
  },
];

export const status: Status = {
  version: '0.1.0',
  startedAt: AT - 86_400_000,
  dataDir: '/var/lib/nightshift',
  engine: { state: 'up', url: '', version: '26.1', restarts: 0 },
  spool: { bytes: 0, records: 0, degraded: '' },
  head: { series: 900, samples: 120_000, bytes: 4_000_000 },
  gateway: { state: 'up', pid: 811 },
  scrape: [],
};

const metricOf = (name: string, series: number, labels: CardinalityMetric['labels']): CardinalityMetric => ({
  ...{ name, series, labels, live: series, samplesPerSecond: series / 15, service: 'url-shortener', services: 1 },
  newSeries: Array.from({ length: 24 }, (_, hour) => Math.round((series / 240) * (1 + (hour % 7)))),
});

/** With a selector of one metric: that metric alone. */
export function cardinality(match: string, empty: boolean): CardinalityReport {
  const all = empty
    ? []
    : [
        metricOf('shortener_redirects_by_country_of_the_visitor_total', 48_210, [
          { name: 'user_id', values: 24_105 },
          { name: 'instance', values: 2 },
        ]),
        metricOf('http_server_request_duration_seconds_bucket', 4_320, [
          { name: 'http_route', values: 45 },
          { name: 'le', values: 16 },
        ]),
        { ...metricOf(HOSTILE, 12, [{ name: LONG, values: 6 }]), service: '', services: 3 },
        { ...metricOf('up', 4, [{ name: 'instance', values: 4 }]), newSeries: new Array<number>(24).fill(0) },
      ];
  const metrics = all.filter(({ name }) => match === '' || match.includes(JSON.stringify(name)));
  const sum = (of: (metric: CardinalityMetric) => number) => metrics.reduce((total, metric) => total + of(metric), 0);
  const series = sum((metric) => metric.series);
  return {
    at: AT,
    series,
    live: series,
    samplesPerSecond: sum((metric) => metric.samplesPerSecond),
    metricNames: metrics.length,
    metrics,
    busiest: metrics,
    growing: metrics.slice(0, 2),
    services: series === 0 ? [] : [{ service: HOSTILE, series, samplesPerSecond: 3_503, newSeries: 812 }],
    labels:
      series === 0 ? [] : [{ name: 'user_id', values: 24_105, series: 48_210, top: [{ value: HOSTILE, series: 2 }] }],
    pairs: series === 0 ? [] : [{ name: 'service', value: HOSTILE + LONG, series }],
    hours: Array.from({ length: 24 }, (_, hour) => AT + (hour - 23) * 3_600_000),
    newSeries: new Array<number>(24).fill(34),
  };
}

export const reportHtml = `<!doctype html><html lang="en"><meta charset="utf-8"><title>INC-7</title><style>body{font:14px sans-serif;max-width:70ch;margin:2em auto}</style><h1>INC-7: Redirects failed after release v2</h1><p>Nobody saw a failure.</p><script>parent.__hit=4</script></html>`;

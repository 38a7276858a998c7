import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CardinalityReport, Incident, LogEntry, Release, TokenInfo } from '@nightshift/server/api';

export const TOKEN = 'nst_full';
export const READ_TOKEN = 'nst_read';

export interface ContractServer {
  readonly url: string;
  /** Every request after the token check: method, path with query, and the parsed body. */
  readonly seen: { method: string; path: string; query: Record<string, string>; body: unknown }[];
  /** States that GET /releases/:id goes through, the last one stays. */
  releaseStates: Release['state'][];
  incidents: Incident[];
  logs: LogEntry[];
  /** How long an answer takes, ms. */
  delayMs: number;
  close(): Promise<void>;
}

type Answer = readonly [status: number, body?: unknown];

/** Speaks the part of the HTTP API that the command uses (packages/server/src/api/api.ts), over a real socket. */
export async function startContractServer(): Promise<ContractServer> {
  const state: Omit<ContractServer, 'url' | 'close'> = {
    seen: [],
    releaseStates: [],
    incidents: [],
    logs: [],
    delayMs: 0,
  };
  const server = createServer(async (request, response) => {
    const answer = await answerOf(state, request);
    setTimeout(() => send(response, answer), state.delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

function send(response: ServerResponse, [status, body]: Answer): void {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/markdown' : 'application/json' });
  response.end(isText ? body : JSON.stringify(body));
}

const error = (status: number, code: string, message: string): Answer => [status, { error: { code, message } }];

async function answerOf(state: Omit<ContractServer, 'url' | 'close'>, request: IncomingMessage): Promise<Answer> {
  const token = request.headers.authorization?.replace('Bearer ', '');
  if (token === undefined) return error(401, 'AUTH_MISSING', 'This path needs a bearer token or a session.');
  if (token !== TOKEN && token !== READ_TOKEN) return error(401, 'AUTH_INVALID', 'The token is unknown.');
  const { method = '' } = request;
  if (token === READ_TOKEN && method !== 'GET') return error(403, 'AUTH_RIGHT', 'This needs the right `release`.');
  const url = new URL(request.url ?? '/', 'http://server');
  let text = '';
  for await (const chunk of request) text += chunk;
  const body: unknown = text === '' ? null : JSON.parse(text);
  state.seen.push({ method, path: url.pathname, query: Object.fromEntries(url.searchParams), body });
  const route = ROUTES.find(([wanted, path]) => wanted === method && path.test(url.pathname));
  if (!route) return error(404, 'NOT_FOUND', 'There is no page here.');
  return route[2](state, { id: route[1].exec(url.pathname)?.[1] ?? '', query: url.searchParams, body });
}

type Handler = (
  state: Omit<ContractServer, 'url' | 'close'>,
  request: { id: string; query: URLSearchParams; body: unknown },
) => Answer;

const ROUTES: [string, RegExp, Handler][] = [
  ['GET', /^\/api\/v1\/releases$/, () => [200, { releases: [releaseOf('live')] }]],
  ['POST', /^\/api\/v1\/releases$/, () => [202, releaseOf('starting')]],
  ['POST', /^\/api\/v1\/releases\/rollback$/, rollback],
  ['GET', /^\/api\/v1\/releases\/([^/]+)$/, (state) => [200, releaseOf(nextState(state.releaseStates))]],
  ['GET', /^\/api\/v1\/incidents$/, ({ incidents }) => [200, { incidents }]],
  [
    'GET',
    /^\/api\/v1\/incidents\/([^/]+)\/report$/,
    (_, { id, query }) => [200, `# ${id} as ${query.get('format')}\n`],
  ],
  ['GET', /^\/api\/v1\/incidents\/([^/]+)$/, (state, { id }) => incident(state.incidents, id)],
  ['GET', /^\/api\/v1\/query$/, (_, { query }) => instant(query.get('query') ?? '')],
  ['GET', /^\/api\/v1\/query_range$/, () => [200, { status: 'success', data: MATRIX }]],
  ['GET', /^\/api\/v1\/logs$/, ({ logs }) => [200, { logs }]],
  ['GET', /^\/api\/v1\/cardinality$/, () => [200, CARDINALITY]],
  ['GET', /^\/api\/v1\/tokens$/, () => [200, { tokens: [TOKEN_INFO] }]],
  ['POST', /^\/api\/v1\/tokens$/, (_, { body }) => [201, { ...TOKEN_INFO, ...(body as object), token: 'nst_new' }]],
  ['POST', /^\/api\/v1\/tokens\/([^/]+)\/rotate$/, () => [200, { ...TOKEN_INFO, token: 'nst_rotated' }]],
  ['DELETE', /^\/api\/v1\/tokens\/([^/]+)$/, () => [204]],
];

const hours = (last: number) => [...new Array<number>(23).fill(0), last];
const metric = { live: 60, samplesPerSecond: 4, newSeries: hours(12), service: 'shop', services: 2 };

export const CARDINALITY: CardinalityReport = {
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
  series: 1234,
  live: 60,
  samplesPerSecond: 82.25,
  metricNames: 2,
  metrics: [
    {
      ...{ ...metric, name: 'requests_total', series: 1200 },
      labels: [
        { name: 'user', values: 600 },
        { name: 'method', values: 2 },
      ],
    },
    { ...metric, name: 'up', series: 34, newSeries: hours(0), labels: [], service: '', services: 1 },
  ],
  busiest: [],
  growing: [{ ...metric, name: 'requests_total', series: 1200, labels: [] }],
  services: [{ service: 'shop', series: 1234, samplesPerSecond: 82.25, newSeries: 12 }],
  labels: [{ name: 'user', values: 600, series: 1200, top: [{ value: 'a\u001b[31m', series: 2 }] }],
  pairs: [{ name: 'job', value: 'shop', series: 1234 }],
  hours: hours(0),
  newSeries: hours(12),
};

const MATRIX = {
  resultType: 'matrix',
  result: [
    {
      metric: { job: 'a' },
      values: [
        [60, '1'],
        [120, '2'],
      ],
      histograms: [[90, { count: '4', sum: '2.5', buckets: [[0, '1', '2', '4']] }]],
    },
  ],
};

const TOKEN_INFO: TokenInfo = {
  id: 'tok1',
  name: 'ci',
  rights: ['release'],
  createdAt: Date.UTC(2026, 0, 2, 3, 4, 5),
  expiresAt: null,
  lastUsedAt: null,
};

function nextState(states: Release['state'][]): Release['state'] {
  return (states.length > 1 ? states.shift() : states[0]) ?? 'live';
}

function rollback(_: unknown, { body }: { body: unknown }): Answer {
  const { service } = body as { service: string };
  if (service === 'shop') return [200, releaseOf('live')];
  return error(409, 'CONFLICT', `${service} has no last good version.`);
}

function incident(incidents: readonly Incident[], id: string): Answer {
  const found = incidents.find((candidate) => candidate.id === id);
  return found ? [200, found] : error(404, 'NOT_FOUND', `There is no incident ${id} here.`);
}

function instant(expression: string): Answer {
  if (expression === 'up') {
    const result = [{ metric: { __name__: 'up', job: 'node' }, value: [1, '1'] }];
    return [200, { status: 'success', data: { resultType: 'vector', result } }];
  }
  if (expression === 'took') {
    const result = [{ metric: { __name__: 'took' }, histogram: [1, { count: '4', sum: '2.5' }] }];
    return [200, { status: 'success', data: { resultType: 'vector', result } }];
  }
  return [400, { status: 'error', errorType: 'bad_data', error: '1:4: parse error: unexpected end of input' }];
}

export function releaseOf(state: Release['state']): Release {
  return {
    id: 'rel1',
    service: 'shop',
    environment: 'production',
    version: '1.4',
    revision: '',
    driver: 'process',
    dir: '/srv/shop',
    command: ['node', 'main.js'],
    state,
    stateReason: state === 'failed' ? 'it was not healthy in time' : '',
    createdAt: 0,
    createdBy: 'ci',
    liveAt: state === 'live' ? Date.UTC(2026, 0, 2, 3, 4, 5) : null,
    endedAt: null,
    url: 'http://127.0.0.1:4400',
    gateway: null,
    verdict: null,
  };
}

export function incidentOf(state: Incident['state'], id = 'inc1'): Incident {
  const openedAt = Date.UTC(2026, 0, 2, 3, 4, 5);
  const impact: Incident['impact'] = {
    requests: 900,
    failed: 20,
    saved: 18,
    visible: 2,
    visibleIdempotent: 0,
    secondsDegraded: 0.4,
    detectedMs: 120,
    restoredMs: 340,
    budgetSeconds: 900,
    budgetUsedSeconds: 0.4,
  };
  const lines: Incident['evidence']['hunks'][0]['lines'] = [
    { kind: 'removed', text: 'return JSON.parse(text);', oldLine: 27, newLine: null },
    { kind: 'added', text: 'return JSON.parse(this.file);', oldLine: null, newLine: 28 },
  ];
  return {
    id,
    title: 'shop 1.5 fails reads',
    service: 'shop',
    environment: 'production',
    state,
    openedAt,
    mitigatedAt: state === 'opened' ? null : openedAt + 340,
    impact,
    badVersion: '1.5',
    goodVersion: '1.4',
    summary: 'Version 1.5 was rolled back.',
    release: releaseOf('rolled-back'),
    goodRelease: releaseOf('live'),
    timeline: [
      { at: openedAt, tone: 'bad', title: 'First failed request', detail: 'GET /abc → 500', evidence: [] },
      { at: openedAt + 340, tone: 'good', title: '1.4 serves all traffic', detail: '', evidence: [] },
    ],
    evidence: {
      excerpt: { lines: [], total: 0 },
      exchanges: [],
      trace: [],
      graphs: [],
      marks: [],
      hunks: [
        { rank: 1, file: 'src/store.ts', header: '', score: 0.93, reasons: ['a frame points at line 28'], lines },
      ],
      diffNote: '',
      verdict: null,
      error: null,
    },
    candidates: [],
  };
}

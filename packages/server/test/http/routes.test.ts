import type { LogRecord, Resource, Span } from '@nightshift/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Served, serve } from './served.ts';

const resource: Resource = {
  service: 'shop',
  version: '2',
  environment: 'production',
  attributes: new Map([
    ['host', 'a'],
    ['zone', 'x'],
  ]),
};
const trace = 'ab'.repeat(16);
const log: LogRecord = {
  resource,
  scope: '',
  timeUnixNano: 1_790_000_000_123_456_789n,
  severity: 17,
  severityText: 'ERROR',
  body: 'it failed',
  traceId: trace,
  spanId: 'cd'.repeat(8),
  attributes: new Map([
    ['zone', 'y'],
    ['__proto__', 'z'],
  ]),
};
const span: Span = {
  resource,
  scope: '',
  traceId: trace,
  spanId: 'cd'.repeat(8),
  parentSpanId: '',
  name: 'GET /',
  kind: 'server',
  startUnixNano: 1_790_000_000_123_456_789n,
  endUnixNano: 1_790_000_000_123_456_790n,
  status: 'error',
  statusMessage: '',
  attributes: new Map(),
  events: [],
  links: [],
};

let served: Served;
beforeAll(async () => {
  served = await serve({ logs: [log], spans: [span] });
});
afterAll(async () => served.close());

const read = (path: string) => served.ask(path, { rights: ['read'] });
const message = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { message: string } }).error.message;

describe('logs', () => {
  it('are searched as asked, and come back with whole nanoseconds and every attribute', async () => {
    const query = `start=1000&end=2000&service=shop&severity=error&q=it%20failed&attr=zone%3Dy&attr=a%3Db%3Dc&trace=${trace.toUpperCase()}&limit=7&order=asc`;
    const { logs } = (await (await read(`/api/v1/logs?${query}`)).json()) as { logs: Record<string, unknown>[] };
    expect(served.logQueries.at(-1)).toEqual({
      start: 1000,
      end: 2000,
      service: 'shop',
      minSeverity: 17,
      words: ['it', 'failed'],
      attributes: new Map([
        ['zone', 'y'],
        ['a', 'b=c'],
      ]),
      traceId: trace,
      limit: 7,
      order: 'oldest',
    });
    expect(logs[0]).toMatchObject({ at: 1_790_000_000_123, timeUnixNano: '1790000000123456789', service: 'shop' });
    expect(JSON.stringify(logs[0]?.attributes)).toBe('{"host":"a","zone":"y","__proto__":"z"}');
  });

  it('are those of the last hour, newest first, where nothing is said', async () => {
    await read('/api/v1/logs?service=&trace=');
    const { now } = served.clock;
    expect(served.logQueries.at(-1)).toEqual({ start: now - 3_600_000, end: now, limit: 500, order: 'newest' });
  });

  it.each([
    ['limt=5', 'Parameter `limt`: is not known; did you mean `limit`?'],
    ['limit=0', 'Parameter `limit`: "0" is not a whole number from 1 to 5000.'],
    ['limit=5&limit=6', 'Parameter `limit`: is given more than once.'],
    ['start=yesterday', 'Parameter `start`: "yesterday" is not a whole number'],
    ['start=2000&end=1000', 'Parameter `start`: 2000 is after the end, 1000.'],
    ['severity=constructor', 'Parameter `severity`: "constructor" is not a whole number from 0 to 24.'],
    ['order=up', 'Parameter `order`: "up" is not one of newest, desc, oldest, asc.'],
    ['order=toString', 'Parameter `order`: "toString" is not one of'],
    ['trace=xyz', 'Parameter `trace`: "xyz" is not a trace id of 32 hexadecimal digits.'],
    ['attr=zone', 'Parameter `attr`: "zone" is not key=value.'],
  ])('refuse %s', async (query, expected) => {
    const response = await read(`/api/v1/logs?${query}`);
    expect(response.status).toBe(400);
    expect(await message(response)).toContain(expected);
  });
});

describe('a trace', () => {
  it('comes back with its spans, and without any for an unknown id', async () => {
    const spans = async (id: string) =>
      ((await (await read(`/api/v1/traces/${id}`)).json()) as { spans: unknown[] }).spans;
    expect(await spans(trace)).toMatchObject([{ service: 'shop', endUnixNano: '1790000000123456790' }]);
    expect(await spans('1'.repeat(32))).toEqual([]);
    expect((await read('/api/v1/traces/nonsense')).status).toBe(400);
  });
});

describe('releases', () => {
  const post = (path: string, json: unknown) => served.ask(path, { method: 'POST', rights: ['release'], json });

  it('are accepted, listed by service, and taken back, each under the name of who asked', async () => {
    const accepted = await post('/api/v1/releases', { service: 'shop', version: '2', dir: '/srv', command: ['node'] });
    expect([accepted.status, ((await accepted.json()) as { createdBy: string }).createdBy]).toEqual([
      202,
      'token test',
    ]);
    expect(await (await read('/api/v1/releases?service=shop')).json()).toMatchObject({ releases: [{ version: '2' }] });
    expect(await (await read('/api/v1/releases?service=pay')).json()).toEqual({ releases: [] });
    expect((await read('/api/v1/releases/R-none')).status).toBe(404);
    const back = await post('/api/v1/releases/rollback', { service: 'shop', reason: 'errors' });
    expect(await back.json()).toMatchObject({ state: 'rolled-back', stateReason: 'errors (token test)' });
    expect((await post('/api/v1/releases/rollback', { service: 'pay', reason: 'x' })).status).toBe(409);
  });

  it('are refused with every field that is wrong', async () => {
    const response = await post('/api/v1/releases', { service: '../x', version: '2', dir: 'here', comand: [] });
    const said = await message(response);
    expect(response.status).toBe(400);
    for (const part of ['`service`: must be a name', '`dir`: must be an absolute path', '`command`', 'comand']) {
      expect(said).toContain(part);
    }
  });
});

describe('an incident', () => {
  it('changes its state and gives its report, whose page can run nothing', async () => {
    const state = await served.ask('/api/v1/incidents/known/state', {
      method: 'POST',
      rights: ['release'],
      json: { state: 'resolved' },
    });
    expect(await state.json()).toMatchObject({ state: 'resolved' });
    const page = await read('/api/v1/incidents/known/report?format=html');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain('sandbox');
    expect(await (await read('/api/v1/incidents/known/report')).text()).toBe('# Shop fails');
    expect((await read('/api/v1/incidents/other')).status).toBe(404);
    expect((await read('/api/v1/incidents/known/report?format=pdf')).status).toBe(400);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRealStore, type RealStore } from '../../test/http/real-store.ts';
import { type Served, serve } from '../../test/http/served.ts';
import { tsdbAdminRoutes } from './tsdb-admin.ts';

const now = Date.now();
let real: RealStore;
let on: Served;
let off: Served;
const lines: object[] = [];

beforeAll(async () => {
  real = await openRealStore();
  const log = { info() {}, warn: (fields: object) => void lines.push(fields), error() {} };
  on = await serve({ extra: (app) => tsdbAdminRoutes(app, { store: real.store, enabled: true, log }) });
  off = await serve({ extra: (app) => tsdbAdminRoutes(app, { store: real.store, enabled: false, log }) });
  for (const job of ['a', 'b', 'c']) {
    await real.write(
      { __name__: 'up', job },
      [0, 1, 2].map((back) => ({ timestamp: now - back * 1000, value: back })),
    );
  }
}, 60_000);
afterAll(async () => {
  await on.close();
  await off.close();
  await real.close();
}, 60_000);

async function post(served: Served, action: string, form: readonly (readonly [string, string])[], method = 'POST') {
  const response = await fetch(`${served.url}/api/v1/admin/tsdb/${action}`, {
    method,
    headers: { authorization: `Bearer ${served.token('admin')}` },
    body: new URLSearchParams(form.map(([name, value]) => [name, value])),
  });
  return { status: response.status, text: await response.text() };
}

async function left(): Promise<Record<string, number>> {
  const matchers = [{ name: '__name__', op: '=', value: 'up' } as const];
  const request = { matchers, start: 0, end: now, step: 0, func: '', range: 0, grouping: [], by: false };
  const found = await real.store.metrics.select(request);
  return Object.fromEntries(found.map(({ labels, values }) => [labels.get('job'), values.length]));
}

describe('the admin API of the TSDB', () => {
  it.each(['delete_series', 'clean_tombstones', 'snapshot'])('is off until it is switched on: %s', async (action) => {
    const { status, text } = await post(off, action, [['match[]', 'up']]);
    expect([status, JSON.parse(text)]).toEqual([
      503,
      { status: 'error', errorType: 'unavailable', error: 'admin APIs disabled' },
    ]);
    expect(await left()).toEqual({ a: 3, b: 3, c: 3 });
  });

  it('needs the right `admin`', async () => {
    const path = '/api/v1/admin/tsdb/delete_series?match[]=up';
    expect((await on.ask(path, { method: 'POST', rights: ['read', 'ingest', 'release'] })).status).toBe(403);
    expect((await on.ask(path, { method: 'GET', rights: ['admin'] })).status).toBe(405);
  });

  it.each<[string, [string, string][], RegExp]>([
    ['no selector', [], /^no match\[\] parameter provided$/],
    ['a selector that is none', [['match[]', 'up{']], /^invalid parameter "match\[\]"/],
    ['a selector that chooses everything', [['match[]', '{job=~".*"}']], /at least one non-empty matcher/],
    [
      'a time that is none',
      [
        ['match[]', 'up'],
        ['start', 'x'],
      ],
      /^invalid parameter "start"/,
    ],
  ])('refuses %s', async (_what, form, message) => {
    const { status, text } = await post(on, 'delete_series', form);
    expect([status, JSON.parse(text)]).toMatchObject([
      400,
      { errorType: 'bad_data', error: expect.stringMatching(message) },
    ]);
    expect(await left()).toEqual({ a: 3, b: 3, c: 3 });
  });

  it('deletes what several selectors choose within the range, and then what is left of a series', async () => {
    const range: [string, string][] = [
      ['start', String((now - 1000) / 1000)],
      ['end', String(now / 1000)],
    ];
    const selectors: [string, string][] = [
      ['match[]', 'up{job="a"}'],
      ['match[]', '{job=~"b|x"}'],
    ];
    expect(await post(on, 'delete_series', [...selectors, ...range])).toEqual({ status: 204, text: '' });
    expect(await left()).toEqual({ a: 1, b: 1, c: 3 });
    expect((await post(on, 'delete_series?match[]=up{job="a"}', [], 'PUT')).status).toBe(204);
    expect(await left()).toEqual({ b: 1, c: 3 });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({ by: 'token test', start: now - 1000, end: now });
    expect((await post(on, 'clean_tombstones', [])).status).toBe(204);
    expect(await left()).toEqual({ b: 1, c: 3 });
  });

  it('says that it makes no snapshots', async () => {
    const { status, text } = await post(on, 'snapshot', []);
    expect([status, JSON.parse(text).errorType]).toEqual([503, 'unavailable']);
  });
});

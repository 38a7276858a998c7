import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { start } from '../core/start.ts';
import { createDashboard, type DashboardOptions } from '../dashboard/dashboard.ts';
import { Gate } from './access.ts';
import type { Asked } from './exchange.ts';
import { createMetricsHandler, type MetricsOptions } from './metrics.ts';

const TOKEN = 'a token of the test';

function made(options: MetricsOptions & DashboardOptions = {}, dashboardToken = TOKEN) {
  const said: string[] = [];
  const started = start({
    options: { dashboardToken },
    environment: {},
    instrumentations: [],
    say: (t) => said.push(t),
  });
  const dashboard = createDashboard(started);
  return {
    started,
    said,
    metrics: createMetricsHandler(started, options),
    dashboard: dashboard.handler(options),
    close: dashboard.close,
  };
}

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Request(`http://x${path}`, { headers, method });
const bearer = { authorization: `Bearer ${TOKEN}` };

describe('metrics', () => {
  it('open for the token, for the own check, or for all, and to nobody else', async () => {
    const { metrics } = made();
    expect((await metrics.fetch(get('/metrics'))).status).toBe(401);
    expect((await metrics.fetch(get('/metrics', { authorization: 'Bearer no' }))).status).toBe(401);
    expect((await metrics.fetch(get('/metrics', bearer))).status).toBe(200);
    expect((await made({ open: true }, '').metrics.fetch(get('/metrics'))).status).toBe(200);
    const closed = await made({}, '').metrics.fetch(get('/metrics'));
    expect([closed.status, await closed.text()]).toEqual([403, expect.stringContaining('METRICS_DASHBOARD_TOKEN')]);
    const check = (request: Request) => request.headers.get('x-user') === 'admin';
    const checked = made({ check }, '').metrics;
    expect((await checked.fetch(get('/metrics', { 'x-user': 'admin' }))).status).toBe(200);
    expect((await checked.fetch(get('/metrics'))).status).toBe(403);
  });

  it('closes when the check of the application throws, and counts that', async () => {
    const check = () => Promise.reject(new Error('no session store'));
    const { metrics, started, said } = made({ check }, '');
    expect((await metrics.fetch(get('/metrics'))).status).toBe(403);
    expect(started.guard.counts().get('access.check')).toBe(1);
    expect(said.join()).toContain('no session store');
  });

  it('come in the format and the coding that are asked for', async () => {
    const { metrics, started } = made({ open: true });
    const counter = started.meters.counter({ name: 'r_total', help: 'R.', labels: ['name'] });
    for (let i = 0; i < 200; i++) counter.add([`name ${i}`]);
    const plain = await metrics.fetch(get('/metrics'));
    expect(plain.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(plain.headers.get('cache-control')).toBe('no-store');
    const server = createServer(metrics).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
    const headers = { accept: 'application/openmetrics-text', 'accept-encoding': 'br, gzip;q=0.5' };
    const packed = await fetch(address, { headers });
    expect(packed.headers.get('content-type')).toMatch(/^application\/openmetrics-text/);
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(await packed.text()).toMatch(/r_total\{name="name 199"\} 1[\s\S]*# EOF\n$/);
    const refused = await fetch(address, { headers: { 'accept-encoding': 'gzip;q=0' } });
    expect(refused.headers.get('content-encoding')).toBeNull();
    expect(await refused.text()).toContain('r_total{name="name 199"} 1');
    server.closeAllConnections();
    server.close();
  });

  it('are not compressed in a Response, of which Next.js would drop the header that says so', async () => {
    const { metrics, started } = made({ open: true });
    const counter = started.meters.counter({ name: 'r_total', help: 'R.', labels: ['name'] });
    for (let i = 0; i < 200; i++) counter.add([`name ${i}`]);
    const response = await metrics.fetch(get('/metrics', { 'accept-encoding': 'gzip' }));
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(await response.text()).toContain('r_total{name="name 199"} 1');
  });

  it('answers 500, counts and says it once where the library itself fails', async () => {
    const { metrics, started, said } = made({ open: true });
    started.guard.inject = (place) => {
      if (place === 'metrics.handler') throw new Error('injected');
    };
    expect((await metrics.fetch(get('/metrics'))).status).toBe(500);
    expect((await metrics.fetch(get('/metrics'))).status).toBe(500);
    expect(started.guard.counts().get('metrics.handler')).toBe(2);
    expect(said.filter((line) => line.includes('injected'))).toHaveLength(1);
  });
});

describe('the dashboard', () => {
  it('says what to set where nothing opens it', async () => {
    const { dashboard, close } = made({}, '');
    const answer = await dashboard.fetch(get('/ops'));
    expect(answer.status).toBe(403);
    const page = await answer.text();
    expect(page).toContain('METRICS_DASHBOARD_TOKEN');
    expect(page).toContain('ns.dashboard({ check:');
    expect((await dashboard.fetch(get('/ops?data', bearer))).status).toBe(403);
    close();
  });

  it('gives a cookie for the token alone, for its path alone, that no script reads and no other site sends', async () => {
    const { dashboard, close } = made();
    expect((await dashboard.fetch(get('/ops?data'))).status).toBe(401);
    const login = await dashboard.fetch(get('/ops?login=%2Fprefix%2Fops', bearer, 'POST'));
    expect(login.status).toBe(200);
    const cookie = login.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^nightshift_[0-9a-f]{8}=\d+\.[0-9a-f]{64}; Path=\/prefix\/ops; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    expect(cookie).not.toContain(TOKEN);
    const [pair = ''] = cookie.split(';');
    expect((await dashboard.fetch(get('/ops?data', { cookie: `a=b; ${pair}` }))).status).toBe(200);
    expect((await dashboard.fetch(get('/ops?data', { cookie: `${pair}0` }))).status).toBe(401);
    const later = pair.replace(/=\d/, '=9');
    expect((await dashboard.fetch(get('/ops?data', { cookie: later }))).status).toBe(401);
    expect((await dashboard.fetch(get('/ops?login=/ops', { cookie: pair }, 'POST'))).status).toBe(401);
    const evil = await dashboard.fetch(get('/ops?login=%2F%3B%20Domain%3Devil', bearer, 'POST'));
    expect(evil.headers.get('set-cookie')).toContain('; Path=/ops; ');
    const out = await dashboard.fetch(get('/ops?logout=%2Fops', {}, 'POST'));
    expect(out.headers.get('set-cookie')).toMatch(/=; Path=\/ops; Max-Age=0;/);
    const secure = await dashboard.fetch(get('/ops?login=/ops', { ...bearer, 'x-forwarded-proto': 'https' }, 'POST'));
    expect(secure.headers.get('set-cookie')).toMatch(/; Secure$/);
    close();
  });

  it('is one page that may load nothing, and is never kept', async () => {
    const { dashboard, close } = made();
    const answer = await dashboard.fetch(get('/ops', bearer));
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'sha256-[^ ]+'; connect-src 'self'; style-src 'sha256-[^ ]+';.* frame-ancestors 'none'/,
    );
    expect(await answer.text()).not.toMatch(/(src|href)="(?!data:,)/);
    close();
  });

  it('says all that there is, and hides secrets', async () => {
    const { dashboard, started, close } = made();
    started.recorder.record({
      kind: 'database',
      name: 'SELECT users',
      seconds: 2,
      failed: false,
      detail: () => 'SELECT ?',
    });
    started.guard.report('some.place', new Error('own'));
    const text = await (await dashboard.fetch(get('/ops?data', bearer))).text();
    expect(text).not.toContain(TOKEN);
    const data = JSON.parse(text);
    expect(data.kinds).toMatchObject([{ kind: 'database', kept: 1, minimum: 10, rate: 1, total: { count: 1 } }]);
    expect(data.notable).toMatchObject([{ name: 'SELECT users', detail: 'SELECT ?', kind: 'database' }]);
    expect(data.errors).toEqual([{ place: 'some.place', count: 1 }]);
    expect(data.settings).toContainEqual({ name: 'dashboardToken', value: '[hidden]', from: 'option' });
    close();
  });
});

describe('the gate', () => {
  it('takes four wrong tokens a second from an address, then not even the right one; others are not held up', async () => {
    let now = 0;
    const guard = made().started.guard;
    const gate = new Gate(TOKEN, undefined, guard, () => now);
    const asked = (token: string, address: string): Asked => ({
      method: 'GET',
      path: '/',
      query: new URLSearchParams(),
      header: (name) => (name === 'authorization' ? `Bearer ${token}` : undefined),
      secure: false,
      address,
      native: {},
    });
    for (let i = 0; i < 4; i++) expect(await gate.judge(asked('wrong', 'a'))).toBe('wrong');
    expect(await gate.judge(asked('wrong', 'a'))).toBe('slow');
    expect(await gate.judge(asked(TOKEN, 'a'))).toBe('slow');
    expect(await gate.judge(asked(TOKEN, 'b'))).toBe('granted');
    now = 1000;
    for (let i = 0; i < 100; i++) expect(await gate.judge(asked(TOKEN, 'a'))).toBe('granted');
    for (let i = 0; i < 2000; i++) await gate.judge(asked('wrong', `address ${i}`));
    expect(await gate.judge(asked(TOKEN, 'address 1999'))).toBe('slow');
  });
});

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Peer } from '../../../conformance/peers/process.ts';
import { debianPrometheus, startPrometheus } from '../../../conformance/peers/prometheus.ts';
import { remoteWrite } from '../../../conformance/peers/remote-write.ts';
import { apiData, type RunningServe, runServe } from './running-serve.ts';
import { startTokenProxy, type TokenProxy } from './token-proxy.ts';

const promtool = '/usr/bin/promtool';
const minute = 60_000;
const seconds = (count: number) => count * 1000;
/** Of the samples; whole minutes before now, so that everything is in the past. */
const end = Math.floor(Date.now() / minute) * minute - 2 * minute;
const step = 15_000;
const perSeries = 240;
const start = end - (perSeries - 1) * step;

/** Milliseconds after a step, so that no sample is at the end of a range: what that means differs between versions. */
const offStep = 7;

const routes = ['/', '/order'];
const codes = ['200', '500'];

let serve: RunningServe;

beforeAll(async () => {
  serve = await runServe();
  const times = Array.from({ length: perSeries }, (_, i) => start + i * step + 3);
  const series = (name: string, labels: Record<string, string>, value: (i: number) => number) => ({
    labels: new Map(Object.entries({ __name__: name, ...labels }).sort(([a], [b]) => (a < b ? -1 : 1))),
    samples: times.map((timestamp, i) => ({ timestamp, value: value(i) })),
  });
  await remoteWrite(serve.peer, [
    ...routes.flatMap((route) =>
      codes.map((code, place) =>
        series('http_requests_total', { route, code, job: 'shop' }, (i) => (i % 200) * (place === 0 ? 30 : 0.25)),
      ),
    ),
    series('temperature', { room: 'kitchen' }, (i) => 20 + Math.sin(i / 10)),
    series('temperature', { room: 'keller "ä"' }, (i) => (i % 7 === 0 ? Number.NaN : i % 5 === 0 ? Infinity : -i)),
    {
      labels: new Map(Object.entries({ __name__: 'ended', job: 'shop' })),
      samples: times.slice(0, 100).map((timestamp, i) => ({ timestamp, value: i, stale: i === 99 })),
    },
  ]);
}, seconds(120));

afterAll(async () => {
  await serve?.stop();
}, seconds(40));

if (!existsSync(promtool)) console.warn(`SKIPPED: promtool does not ask us, ${promtool} is missing.`);

describe.skipIf(!existsSync(promtool))('promtool', () => {
  const run = promisify(execFile);
  let proxy: TokenProxy;
  beforeAll(async () => {
    proxy = await startTokenProxy(serve.peer.url, serve.token);
  });
  afterAll(() => proxy?.close());

  it('asks over a range, with the token in a header', async () => {
    const at = (ms: number) => String(ms / 1000);
    const { stdout } = await run(promtool, [
      'query',
      'range',
      `--header=Authorization=Bearer ${serve.token}`,
      `--start=${at(end - 2 * minute + offStep)}`,
      `--end=${at(end + offStep)}`,
      '--step=1m',
      serve.peer.url,
      'sum by (code) (increase(http_requests_total{code="200"}[1m])) * 3',
    ]);
    const [name, ...points] = stdout.trim().split('\n');
    expect(name).toBe('{code="200"} =>');
    expect(points.map((point) => point.split(' ')[1])).toEqual(
      [2, 1, 0].map((before) => `@[${at(end - before * minute + offStep)}]`),
    );
    // Two routes, 30 every 15 s, three times.
    for (const point of points) expect(Number(point.split(' ')[0])).toBeCloseTo(720, 6);
  });

  it('lists series and the values of a label', async () => {
    const range = [`--start=${start / 1000}`, `--end=${end / 1000}`];
    const series = await run(promtool, [
      ...['query', 'series', '--match={__name__=~"temp.*"}', '--match=ended', ...range],
      proxy.url,
    ]);
    expect(series.stdout.trim().split('\n').sort()).toEqual([
      '{__name__="ended", job="shop"}',
      '{__name__="temperature", room="keller \\"ä\\""}',
      '{__name__="temperature", room="kitchen"}',
    ]);
    const labels = await run(promtool, ['query', 'labels', ...range, proxy.url, 'route']);
    expect(labels.stdout.trim().split('\n')).toEqual(routes);
  });

  it('is refused without a token', async () => {
    const refused = await run(promtool, ['query', 'instant', serve.peer.url, 'up']).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/401|bearer|token/i) });
  });
});

if (!existsSync(debianPrometheus)) {
  console.warn(`SKIPPED: no Prometheus reads from us, ${debianPrometheus} is missing.`);
}

describe.skipIf(!existsSync(debianPrometheus))('a Prometheus that reads from us by remote read', () => {
  let prometheus: Peer;

  beforeAll(async () => {
    const dir = join(serve.dir, 'prometheus');
    mkdirSync(dir);
    const credentials = { type: 'Bearer', credentials: serve.token };
    const remote = { url: `${serve.peer.url}/api/v1/read`, read_recent: true, authorization: credentials };
    prometheus = await startPrometheus({ dir, config: { remote_read: [remote] } });
  }, seconds(60));
  afterAll(async () => {
    await prometheus?.stop();
  }, seconds(30));

  const at = (end + offStep) / 1000;

  it.each([
    'temperature',
    'ended offset 40m',
    'absent(ended)',
    '{__name__=~"temp.*|ended",room!~"kit.*"}[45m]',
    'sum by (code) (rate(http_requests_total[5m]))',
    'count_over_time({job="shop"}[30m:1m]) > 3',
    'topk(1, http_requests_total) / on (route) group_left () http_requests_total{code="500"}',
  ])('evaluates %s to what we answer', async (query) => {
    const form = { query, time: String(at) };
    type Vector = { resultType: string; result: { metric: object }[] };
    const sorted = ({ resultType, result }: Vector) => [
      resultType,
      ...result.map((each) => JSON.stringify(each)).sort(),
    ];
    const ours = sorted(await apiData<Vector>(serve.peer, 'query', form));
    expect(sorted(await apiData<Vector>(prometheus, 'query', form))).toEqual(ours);
    expect(ours.length).toBeGreaterThan(1);
  });

  it('draws a range query as we do', async () => {
    const form = {
      query: 'sum by (route) (rate(http_requests_total{code=~"2.."}[5m]))',
      start: String((start + offStep) / 1000),
      end: String((end + 10 * minute + offStep) / 1000),
      step: '60',
    };
    type Matrix = { result: { metric: { route: string }; values: [number, string][] }[] };
    const byRoute = ({ result }: Matrix) =>
      Object.fromEntries(result.map(({ metric, values }) => [metric.route, values.map(([t, v]) => [t, Number(v)])]));
    const theirs = byRoute(await apiData<Matrix>(prometheus, 'query_range', form));
    const ours = byRoute(await apiData<Matrix>(serve.peer, 'query_range', form));
    expect(Object.keys(ours).sort()).toEqual(routes);
    for (const route of routes) {
      expect(ours[route]?.length).toBeGreaterThan(60);
      expect(theirs[route]).toEqual(ours[route]?.map(([t, v]) => [t, expect.closeTo(v ?? Number.NaN, 9)]));
    }
  });

  it('names our series and labels', async () => {
    const match = `match[]=${encodeURIComponent('http_requests_total')}&start=${start / 1000}&end=${end / 1000}`;
    expect(await apiData<object[]>(prometheus, `series?${match}`)).toHaveLength(routes.length * codes.length);
    expect(prometheus.output()).not.toMatch(/level=(warn|error)/);
  });
});

describe("the calls of Grafana's Prometheus data source", () => {
  const range = { start: String(start / 1000), end: String(end / 1000) };
  const query = (path: string, more: Record<string, string>) => `${path}?${new URLSearchParams({ ...range, ...more })}`;
  const selector = { 'match[]': 'http_requests_total{code="200"}' };

  it('finds out what it talks to', async () => {
    const info = await apiData<Record<string, string>>(serve.peer, 'status/buildinfo');
    expect(info).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      revision: expect.any(String),
      branch: expect.any(String),
      buildUser: expect.any(String),
      buildDate: expect.any(String),
      goVersion: expect.any(String),
    });
    // From 2.24 on Grafana sends match[] with labels and label values.
    expect(
      Number(info.version?.replace(/^(\d+)\.(\d+).*/, (_, major, minor) => `${major}${minor.padStart(3, '0')}`)),
    ).toBeGreaterThan(2024);
    const health = await apiData<unknown>(serve.peer, 'query', { query: '1+1', time: '4' });
    expect(health).toEqual({ resultType: 'scalar', result: [4, '2'] });
  });

  it('fills its query builder', async () => {
    const names = await apiData<string[]>(serve.peer, query('label/__name__/values', {}));
    expect(names).toEqual(['ended', 'http_requests_total', 'temperature']);
    expect(await apiData<string[]>(serve.peer, query('label/route/values', selector))).toEqual(routes);
    expect(await apiData<string[]>(serve.peer, 'labels', { ...range, ...selector })).toEqual([
      ...['__name__', 'code', 'job', 'route'],
    ]);
    expect(await apiData<string[]>(serve.peer, query('labels', selector))).toEqual([
      '__name__',
      'code',
      'job',
      'route',
    ]);
    const series = await apiData<Record<string, string>[]>(serve.peer, 'series', { ...range, ...selector });
    expect(series.sort((a, b) => ((a.route ?? '') < (b.route ?? '') ? -1 : 1))).toEqual(
      routes.map((route) => ({ __name__: 'http_requests_total', code: '200', job: 'shop', route })),
    );
    expect(await apiData<unknown>(serve.peer, 'metadata?limit=10')).toBeTypeOf('object');
  });

  it('draws a panel by POST', async () => {
    const form = {
      query: 'sum by(route) (rate(http_requests_total{job="shop"}[1m0s]))',
      start: String((end - 10 * minute) / 1000),
      end: String(end / 1000),
      step: '30',
    };
    interface Matrix {
      resultType: string;
      result: { metric: object; values: [number, string][] }[];
    }
    const { resultType, result } = await apiData<Matrix>(serve.peer, 'query_range', form);
    expect(resultType).toBe('matrix');
    expect(result.map(({ metric }) => metric)).toEqual(routes.map((route) => ({ route })));
    for (const { values } of result) {
      expect(values.map(([time]) => time)).toEqual(
        Array.from({ length: 21 }, (_, i) => (end - 10 * minute) / 1000 + i * 30),
      );
      expect(values.every(([, value]) => typeof value === 'string' && Number(value) > 0)).toBe(true);
    }
  });

  it('asks for exemplars, rules and alerts', async () => {
    const form = { query: 'rate(http_requests_total[1m])', ...range };
    expect(await apiData<unknown>(serve.peer, 'query_exemplars', form)).toEqual([]);
    expect(await apiData<unknown>(serve.peer, 'rules')).toMatchObject({ groups: [] });
    expect(await apiData<unknown>(serve.peer, 'alerts')).toMatchObject({ alerts: [] });
  });

  it('shows where a query is wrong', async () => {
    const response = await fetch(`${serve.peer.url}/api/v1/query_range`, {
      method: 'POST',
      headers: serve.peer.headers,
      body: new URLSearchParams({ query: 'sum(rate(x[5m])', ...range, step: '30' }),
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({
      status: 'error',
      errorType: 'bad_data',
      error: expect.stringMatching(/^invalid parameter "query": 1:\d+: parse error: /),
    });
  });
});

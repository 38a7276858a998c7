import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRealStore, type RealStore } from '../../test/http/real-store.ts';
import { type Served, serve } from '../../test/http/served.ts';
import type { CardinalityReport } from '../api/api.ts';
import { cardinalityRoutes } from './cardinality.ts';

let real: RealStore;
let served: Served;

beforeAll(async () => {
  real = await openRealStore();
  served = await serve({ extra: (app) => cardinalityRoutes(app, real.store.explorer) });
  const now = Date.now();
  const samples = [0, 1, 2, 3].map((back) => ({ timestamp: now - back * 15_000, value: back }));
  for (let user = 0; user < 30; user++) {
    for (const method of ['GET', 'PUT']) {
      await real.write({ __name__: 'requests_total', job: 'shop', user: `u${user}`, method }, samples);
    }
  }
  await real.write({ __name__: 'up', job: 'shop' }, samples);
  await real.write({ __name__: 'up', job: 'mail' }, [{ timestamp: now - 3 * 3_600_000, value: 1 }]);
  await real.store.flush();
}, 60_000);
afterAll(async () => {
  await served.close();
  await real.close();
}, 60_000);

async function ask(query = ''): Promise<CardinalityReport> {
  const response = await served.ask(`/api/v1/cardinality${query}`, { rights: ['read'] });
  expect(response.status).toBe(200);
  return (await response.json()) as CardinalityReport;
}

describe('GET /api/v1/cardinality', () => {
  it('says which metric and which label of which service makes the series, and what is new', async () => {
    const report = await ask();
    expect(report).toMatchObject({ series: 62, metricNames: 2 });
    expect(report.samplesPerSecond).toBeCloseTo((61 * 4) / 300, 10);
    expect(report.metrics[0]).toMatchObject({
      ...{ name: 'requests_total', series: 60, live: 60, service: 'shop', services: 1 },
      labels: [
        { name: 'user', values: 30 },
        { name: 'method', values: 2 },
      ],
    });
    expect(report.busiest[0]?.name).toBe('requests_total');
    expect(report.growing.map(({ name, newSeries }) => [name, newSeries.reduce((a, b) => a + b, 0)])).toEqual([
      ['requests_total', 60],
      ['up', 2],
    ]);
    expect(report.services).toMatchObject([
      { service: 'shop', series: 61, newSeries: 61 },
      { service: 'mail', series: 1, samplesPerSecond: 0 },
    ]);
    expect(report.labels[0]).toMatchObject({ name: 'user', values: 30, series: 60 });
    expect(report.pairs[0]).toEqual({ name: 'job', value: 'shop', series: 61 });
    expect(report.hours).toHaveLength(24);
    expect(report.newSeries.reduce((a, b) => a + b, 0)).toBe(62);
  });

  it('looks into what selectors choose, each series once', async () => {
    const only = await ask('?match[]={user="u1"}&match[]=requests_total{user=~"u1|u2"}&limit=1');
    expect(only).toMatchObject({
      series: 4,
      metrics: [{ name: 'requests_total' }],
      labels: [{ name: 'method', values: 2 }],
    });
    expect(only.metrics).toHaveLength(1);
    expect((await ask('?match[]=nothing')).series).toBe(0);
  });

  it('is the same for some seconds', async () => {
    const first = await ask('?limit=7');
    await real.write({ __name__: 'later' }, [{ timestamp: Date.now(), value: 1 }]);
    expect(await ask('?limit=7')).toEqual(first);
    expect((await ask('?limit=8')).series).toBe(63);
  });

  it.each([
    ['?match[]=up{', /match\[\]/],
    ['?match[]={a=~"("}', /match\[\]/],
    ['?match[]={}', /non-empty matcher/],
    ['?limit=0', /limit/],
    ['?limit=x', /limit/],
    ['?lmit=3', /did you mean `limit`/],
  ])('refuses %s', async (query, message) => {
    const response = await served.ask(`/api/v1/cardinality${query}`, { rights: ['read'] });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: { message: string } }).error.message).toMatch(message);
  });

  it('needs the right `read`', async () => {
    expect((await served.ask('/api/v1/cardinality', { rights: ['ingest'] })).status).toBe(403);
  });
});

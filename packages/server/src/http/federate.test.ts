import { parseExposition } from '@nightshift/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { havePrometheus, type PeerPrometheus, startPrometheus } from '../../test/http/peer-prometheus.ts';
import { openRealStore, type RealStore } from '../../test/http/real-store.ts';
import { type Served, serve } from '../../test/http/served.ts';
import { federateRoutes } from './federate.ts';

const now = Date.now();
const describes = (name: string, type: 'counter' | 'histogram' | 'summary' | 'gauge') => [
  { name, type, help: '', unit: '' },
];
let real: RealStore;
let served: Served;

const federated = (maxSamples: number) =>
  serve({
    extra: (app) =>
      federateRoutes(app, {
        metrics: real.store.metrics,
        externalLabels: new Map([
          ['zone', 'eu'],
          ['job', 'x'],
        ]),
        lookbackMs: 300_000,
        maxSamples,
        timeoutMs: 20_000,
        now: () => now,
      }),
  });

beforeAll(async () => {
  real = await openRealStore();
  const { write } = real;
  const one = (value: number, back = 1000) => [{ timestamp: now - back, value }];
  await write(
    { __name__: 'hits_total', job: 'a', path: '/"x"\n' },
    [...one(1, 60_000), ...one(2, 30_000), ...one(3)],
    describes('hits_total', 'counter'),
  );
  await write({ __name__: 'hits_total', job: 'a', instance: 'own' }, one(4));
  const parts: [string, string, number][] = [
    ['_count', '', 9],
    ['_sum', '', 4.5],
    ['_bucket', '+Inf', 9],
    ['_bucket', '10', 8],
    ['_bucket', '2', 7],
  ];
  for (const [part, le, value] of parts) {
    await write(
      { __name__: `took_seconds${part}`, job: 'a', ...(le && { le }) },
      one(value),
      describes('took_seconds', 'histogram'),
    );
  }
  await write({ __name__: 'open_total', job: 'a' }, one(6), describes('open', 'counter'));
  await write({ __name__: 'plain', job: 'a' }, one(-0));
  await write({ __name__: 'http.hits', job: 'a', 'host.name': 'h' }, one(5));
  await write({ __name__: 'ended', job: 'a' }, [...one(1, 2000), { timestamp: now - 1000, value: 0, stale: true }]);
  await write({ __name__: 'old', job: 'a' }, one(1, 301_000));
  served = await federated(1000);
}, 60_000);
afterAll(async () => {
  await served.close();
  await real.close();
}, 60_000);

const federate = (query: string, accept = '*/*') =>
  served.ask(`/federate?${query}`, { rights: ['read'], headers: { accept } });
const all = `match[]=${encodeURIComponent('{job="a"}')}`;

describe('federation', () => {
  it('shows the newest sample of every series, in families with their types', async () => {
    const response = await federate(all);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8; escaping=underscores');
    const at = now - 1000;
    expect((await response.text()).split('\n')).toEqual([
      '# TYPE hits_total counter',
      `hits_total{instance="own",job="a",zone="eu"} 4 ${at}`,
      `hits_total{job="a",path="/\\"x\\"\\n",zone="eu",instance=""} 3 ${at}`,
      '# TYPE http_hits untyped',
      `http_hits{host_name="h",job="a",zone="eu",instance=""} 5 ${at}`,
      '# TYPE open_total counter',
      `open_total{job="a",zone="eu",instance=""} 6 ${at}`,
      '# TYPE plain untyped',
      `plain{job="a",zone="eu",instance=""} -0 ${at}`,
      '# TYPE took_seconds histogram',
      `took_seconds_bucket{job="a",le="2",zone="eu",instance=""} 7 ${at}`,
      `took_seconds_bucket{job="a",le="10",zone="eu",instance=""} 8 ${at}`,
      `took_seconds_bucket{job="a",le="+Inf",zone="eu",instance=""} 9 ${at}`,
      `took_seconds_sum{job="a",zone="eu",instance=""} 4.5 ${at}`,
      `took_seconds_count{job="a",zone="eu",instance=""} 9 ${at}`,
      '',
    ]);
  });

  it('shows a series once that several selectors choose, and nothing without a selector', async () => {
    const text = await (await federate('match[]=plain&match[]={__name__=~"pl.*"}&match[]=none')).text();
    expect(text.match(/^plain/gm)).toHaveLength(1);
    const empty = await federate('');
    expect([empty.status, await empty.text()]).toEqual([200, '']);
  });

  it('quotes names for a reader that takes them, and our own parser reads it all', async () => {
    const response = await federate(all, 'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.1');
    expect(response.headers.get('content-type')).toMatch(/escaping=allow-utf-8$/);
    const batch = parseExposition(await response.text(), 0);
    expect(batch.series.map((labels) => labels.get('__name__'))).toContain('http.hits');
    expect(batch.series).toHaveLength(10);
    expect(new Set(batch.timestamps)).toEqual(new Set([now - 1000]));
  });

  it('refuses a selector that is none with its reason, and a token without the right', async () => {
    const response = await federate('match[]=a{');
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toMatch(/text\/plain/);
    expect(await response.text()).toMatch(/1:3|unexpected|expected/);
    expect((await served.ask('/federate', { rights: ['ingest'] })).status).toBe(403);
  });

  it('refuses to hold more samples than a query may', async () => {
    const small = await federated(3);
    try {
      const refused = await small.ask(`/federate?${all}`, { rights: ['read'] });
      expect(refused.status).toBe(422);
      expect(await refused.text()).toContain('exceeded sample limit (3); choose fewer series with match[], or raise');
      const few = await small.ask(`/federate?match[]=${encodeURIComponent('{__name__="plain"}')}`, {
        rights: ['read'],
      });
      expect(few.status).toBe(200);
    } finally {
      await small.close();
    }
  });

  it.skipIf(!havePrometheus)(
    'is scraped by a real Prometheus, labels and times kept',
    async () => {
      let prometheus: PeerPrometheus | undefined;
      try {
        prometheus = await startPrometheus(
          JSON.stringify({
            global: { scrape_interval: '1s', scrape_timeout: '1s' },
            scrape_configs: [
              {
                job_name: 'federate',
                honor_labels: true,
                metrics_path: '/federate',
                params: { 'match[]': ['{job="a"}'] },
                authorization: { credentials: served.token('read') },
                static_configs: [{ targets: [new URL(served.url).host] }],
              },
            ],
          }),
        );
        const peer = prometheus;
        await expect.poll(() => peer.query('hits_total'), { timeout: 15_000, interval: 200 }).toHaveLength(2);
        const rows = async (query: string) => (await peer.query(query)).map(({ metric, value }) => [metric, value[1]]);
        expect(await rows('up{job="federate"}')).toMatchObject([[{ job: 'federate' }, '1']]);
        expect(await rows('hits_total')).toEqual([
          [{ __name__: 'hits_total', instance: 'own', job: 'a', zone: 'eu' }, '4'],
          [{ __name__: 'hits_total', job: 'a', path: '/"x"\n', zone: 'eu' }, '3'],
        ]);
        expect(await rows('timestamp(plain) * 1000')).toMatchObject([[{}, String(now - 1000)]]);
        expect(await rows('count({job="a"})')).toEqual([[{}, '10']]);
        expect(await peer.get('/api/v1/targets/metadata?metric=took_seconds')).toMatchObject({
          data: [{ type: 'histogram' }],
        });
      } finally {
        await prometheus?.close();
      }
    },
    40_000,
  );
});

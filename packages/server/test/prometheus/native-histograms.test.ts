/** Native histograms end to end: in by remote write and by scrape, out by queries, federation and remote read, with a real peer. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encodeProtobufExposition,
  type NativeHistogram,
  NO_BOUNDS,
  NO_BUCKETS,
  parseProtobufExposition,
} from '@nightshift/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { havePrometheus, type PeerPrometheus, startPrometheus } from '../http/peer-prometheus.ts';
import { type Body, type RunningServer, runServer } from './serve.ts';

const NATIVE = ['--enable-feature=native-histograms'];
const PROTOBUF = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** Observations between 1 and 16 seconds, `n` of them in each of four buckets. */
function histogram(n: number, more: Partial<NativeHistogram> = {}): NativeHistogram {
  const positive = { indexes: Int32Array.of(1, 2, 3, 4), counts: Float64Array.of(n, n, n, n) };
  const rest = {
    zeroThreshold: 1e-9,
    zeroCount: 0,
    negative: NO_BUCKETS,
    bounds: NO_BOUNDS,
    resetHint: 'unknown',
  } as const;
  return { isInteger: true, schema: 0, count: 4 * n, sum: 20 * n, positive, ...rest, ...more };
}

interface Element {
  readonly metric: Record<string, string>;
  readonly value?: [number, string];
  readonly histogram?: [number, { count: string; sum: string; buckets: unknown }];
}

let running: RunningServer;
let now: number;

beforeAll(async () => {
  running = await runServer({ NIGHTSHIFT_HTTP_ADMIN_API: 'true' });
  now = Math.floor(Date.now() / 1000) * 1000;
  const of = (route: string, factor: number) => ({
    labels: new Map([
      ['__name__', 'took_seconds'],
      ['route', route],
    ]),
    samples: [],
    histograms: [0, 15, 30, 45, 60].map((second, i) => ({
      timestamp: now - 60_000 + second * 1000,
      histogram: histogram(factor * (i + 1)),
    })),
  });
  const custom = {
    labels: new Map([['__name__', 'listed']]),
    samples: [],
    histograms: [
      {
        timestamp: now,
        histogram: histogram(1, {
          ...{ schema: -53, zeroThreshold: 0, bounds: Float64Array.of(0.5, 1, 2) },
          positive: { indexes: Int32Array.of(0, 3), counts: Float64Array.of(3, 1) },
        }),
      },
    ],
  };
  await running.write([of('/a', 1), of('/b', 3), custom]);
}, 60_000);
afterAll(() => running.close());

const resultOf = (body: Body) => (body.data as { result: Element[] }).result;
const query = async (text: string, at = now): Promise<Element[]> =>
  resultOf((await running.ask('/api/v1/query', { query: text, time: String(at / 1000) })).body);
const values = async (text: string, at = now) => (await query(text, at)).map(({ value }) => Number(value?.[1]));

describe('native histograms over HTTP', () => {
  it('are answered as they are', async () => {
    const [first] = await query('took_seconds{route="/a"}');
    expect(first?.histogram?.[1]).toEqual({
      count: '20',
      sum: '100',
      buckets: [1, 2, 4, 8].map((lower) => [0, String(lower), String(2 * lower), '5']),
    });
    const parameters = {
      query: 'took_seconds{route="/b"}',
      start: String(now / 1000 - 60),
      end: String(now / 1000),
      step: '15',
    };
    const [series] = resultOf((await running.ask('/api/v1/query_range', parameters)).body) as unknown as {
      histograms: [number, { count: string }][];
    }[];
    expect(series?.histograms.map(([, { count }]) => count)).toEqual(['12', '24', '36', '48', '60']);
  });

  it('are counted, summed, rated and cut into quantiles', async () => {
    expect(await values('histogram_count(sum(took_seconds))')).toEqual([80]);
    expect(await values('histogram_sum(took_seconds)')).toEqual([100, 300]);
    expect(await values('histogram_quantile(0.5, took_seconds)')).toEqual([4, 4]);
    // 16 observations more in 45 s of the window of 50, extrapolated.
    expect((await values('histogram_count(rate(took_seconds{route="/a"}[50s]))'))[0]).toBeCloseTo(12 / 45, 6);
    expect(await values('histogram_fraction(0, 4, sum by (route) (rate(took_seconds[1m])))')).toEqual([0.5, 0.5]);
    expect(await values('count({__name__="took_seconds_bucket"})')).toEqual([]);
  });

  it('are deleted', async () => {
    await running.write([
      {
        labels: new Map([['__name__', 'to_delete']]),
        samples: [],
        histograms: [{ timestamp: now, histogram: histogram(1) }],
      },
    ]);
    expect(await values('histogram_count(to_delete)')).toEqual([4]);
    const path = '/api/v1/admin/tsdb/delete_series';
    expect((await running.ask(path, { 'match[]': 'to_delete' }, 'POST')).status).toBe(204);
    expect(await query('to_delete')).toEqual([]);
  });

  it('are federated by protobuf alone, but for those of listed bounds', async () => {
    const federate = async (accept: string) => {
      const response = await fetch(`${running.server.url}/federate?match[]={__name__=~"took_seconds|listed"}`, {
        headers: { authorization: `Bearer ${running.token}`, accept },
      });
      return { type: response.headers.get('content-type'), body: new Uint8Array(await response.arrayBuffer()) };
    };
    const text = new TextDecoder().decode((await federate('text/plain')).body);
    expect(text.split('\n').filter((line) => line.includes('took_seconds'))).toEqual([]);
    expect(text).toMatch(/^listed_bucket\{instance="",le="0\.5"\} 3 \d+$/m);
    expect(text).toMatch(/^listed_bucket\{instance="",le="\+Inf"\} 4 \d+$/m);
    const { type, body } = await federate(`${PROTOBUF};q=0.8,text/plain;q=0.5`);
    expect(type).toMatch(/^application\/vnd\.google\.protobuf/);
    const { batch } = parseProtobufExposition(body, now, { nativeHistograms: true, alwaysClassic: false });
    const shown = (batch.histograms ?? []).map((one) => [
      batch.series[one.series]?.get('route'),
      one.timestamp,
      one.histogram,
    ]);
    const { isInteger: _, ...float } = histogram(5);
    expect(shown).toContainEqual(['/a', now, float]);
    expect(batch.series.map((labels) => labels.get('__name__'))).toContain('listed_bucket');
  });
});

/** A target whose histogram, without a time of its own, has 3 observations more a bucket at every scrape, in protobuf; or text to who does not ask for it. */
async function startTarget() {
  let scrapes = 0;
  const server = createServer((request, response) => {
    scrapes++;
    if (!request.headers.accept?.includes('protobuf')) {
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end('plain 1\n');
      return;
    }
    response.setHeader('content-type', PROTOBUF);
    const metric = { labels: new Map([['__name__', 'served']]), timestamp: 0, value: histogram(3 * scrapes) };
    response.end(encodeProtobufExposition([{ name: 'served', type: 'histogram', metrics: [metric] }]));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe.skipIf(!havePrometheus)('a real Prometheus with native histograms', () => {
  let target: Awaited<ReturnType<typeof startTarget>>;
  beforeAll(async () => {
    target = await startTarget();
  });
  afterAll(() => target.close());

  const start = (config: object) =>
    startPrometheus(JSON.stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, ...config }), NATIVE);
  const credentials = () => ({ authorization: { credentials: running.token } });

  it('sends what it scraped, and the same queries give the same', async () => {
    let peer: PeerPrometheus | undefined;
    try {
      peer = await start({
        scrape_configs: [{ job_name: 'native', static_configs: [{ targets: [target.host] }] }],
        remote_write: [{ url: `${running.server.url}/api/v1/write`, send_native_histograms: true, ...credentials() }],
      });
      const prometheus = peer;
      const selector = 'served{job="native"}';
      const arrived = async () => (await values(`count_over_time(${selector}[1m])`, Date.now()))[0] ?? 0;
      await expect.poll(arrived, { timeout: 20_000, interval: 300 }).toBeGreaterThan(7);
      const at = Date.now() - 2000;
      for (const text of [
        `histogram_count(${selector})`,
        `histogram_quantile(0.5, rate(${selector}[4s]))`,
        `histogram_sum(sum(increase(${selector}[4s])))`,
      ]) {
        const theirs = (await prometheus.query(text, at)).map(({ value }) => Number(value[1]));
        expect(theirs).toHaveLength(1);
        expect((await values(text, at))[0]).toBeCloseTo(theirs[0] as number, 9);
      }
    } finally {
      await peer?.close();
    }
  }, 60_000);

  it('scrapes them from federation', async () => {
    let peer: PeerPrometheus | undefined;
    try {
      await running.write([
        {
          labels: new Map([['__name__', 'fresh']]),
          samples: [],
          histograms: [{ timestamp: Date.now(), histogram: histogram(7) }],
        },
      ]);
      peer = await start({
        scrape_configs: [
          {
            ...{
              job_name: 'federate',
              honor_labels: true,
              metrics_path: '/federate',
              params: { 'match[]': ['fresh'] },
            },
            static_configs: [{ targets: [new URL(running.server.url).host] }],
            ...credentials(),
          },
        ],
      });
      const prometheus = peer;
      const counts = async () => (await prometheus.query('histogram_count(fresh)')).map(({ value }) => value[1]);
      await expect.poll(counts, { timeout: 15_000, interval: 200 }).toEqual(['28']);
      expect((await prometheus.query('histogram_quantile(0.5, fresh)')).map(({ value }) => value[1])).toEqual(['4']);
    } finally {
      await peer?.close();
    }
  }, 60_000);
});

it('targets that are scraped for them give native histograms, with the resolution that the job allows', async () => {
  const target = await startTarget();
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-native-'));
  const file = join(dir, 'prometheus.yml');
  const job = (name: string, more: object) => ({
    ...{ job_name: name, scrape_interval: '1s', scrape_timeout: '1s' },
    static_configs: [{ targets: [target.host] }],
    ...more,
  });
  const native = { scrape_native_histograms: true };
  const jobs = [
    job('native', native),
    job('coarse', { ...native, native_histogram_bucket_limit: 2 }),
    job('factor', { ...native, native_histogram_min_bucket_factor: 5 }),
    job('plain', {}),
  ];
  writeFileSync(file, JSON.stringify({ scrape_configs: jobs }));
  const rule = { record: 'job:served:sum', expr: 'sum by (job) (served)' };
  const rules = join(dir, 'rules.yml');
  writeFileSync(rules, JSON.stringify({ groups: [{ name: 'sums', interval: '1s', rules: [rule] }] }));
  const own = await runServer({ NIGHTSHIFT_SCRAPE_CONFIG_FILE: file, NIGHTSHIFT_RULES_FILES: rules });
  try {
    const body = await own.until('/api/v1/query', { query: 'served' }, (found) => resultOf(found).length === 3);
    const shown = resultOf(body).map(({ metric, histogram: one }) => [
      metric.job,
      (one?.[1].buckets as unknown[]).length,
    ]);
    expect(shown.sort()).toEqual([
      ['coarse', 2],
      ['factor', 1],
      ['native', 4],
    ]);
    await own.until('/api/v1/query', { query: 'plain' }, (found) => resultOf(found).length === 1);
    const recorded = { query: 'histogram_count(job:served:sum{job="native"})' };
    const sums = await own.until('/api/v1/query', recorded, (found) => resultOf(found).length === 1);
    expect(Number(resultOf(sums)[0]?.value?.[1]) % 12).toBe(0);
    // The target goes; its series end, and so do those that are recorded of them.
    target.close();
    await own.until('/api/v1/query', recorded, (found) => resultOf(found).length === 0);
    await own.until('/api/v1/query', { query: 'served' }, (found) => resultOf(found).length === 0);
  } finally {
    await own.close();
    target.close();
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);

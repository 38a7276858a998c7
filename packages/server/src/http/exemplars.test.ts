import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeWriteRequest } from '@nightshift/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionOf } from '../../test/collect/session.ts';
import { openRealStore, type RealStore } from '../../test/http/real-store.ts';
import { type Served, serve } from '../../test/http/served.ts';
import { configOf } from '../collect/scrape/config/simple-job.ts';
import { exemplarRoutes } from './exemplars.ts';

const at = Date.now() - 10_000;
const TRACE = '5b8efff798038103d269b633813fc60c';
let real: RealStore;
let served: Served;

beforeAll(async () => {
  real = await openRealStore();
  const log = { info() {}, warn() {}, error() {} };
  const features = ['promql-extended-range-selectors'] as const;
  const deps = { exemplars: real.store, timeoutMs: 20_000, features, log };
  served = await serve({ extra: (app) => exemplarRoutes(app, deps) });
}, 60_000);
afterAll(async () => {
  await served.close();
  await real.close();
}, 60_000);

interface Answer {
  readonly status: string;
  readonly data: { seriesLabels: Record<string, string>; exemplars: object[] }[];
}

async function ask(query: string, more = ''): Promise<Answer> {
  const response = await served.ask(`/api/v1/query_exemplars?query=${encodeURIComponent(query)}${more}`, {
    rights: ['read'],
  });
  return (await response.json()) as Answer;
}

const written = async (labels: Record<string, string>, list: readonly (readonly [number, string, number?])[]) => {
  const exemplars = list.map(([timestamp, id, value = 0.5]) => ({
    labels: new Map([['trace_id', id]]),
    value,
    timestamp,
  }));
  const sorted = new Map(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  const body = encodeWriteRequest([{ labels: sorted, samples: [{ timestamp: at, value: 1 }], exemplars }]);
  await real.take({ kind: 'remote-write', format: 'protobuf', receivedAt: Date.now(), body });
};

describe('exemplars', () => {
  it('of remote write are answered at once, series by their labels, each ascending in time', async () => {
    await written({ __name__: 'hits_total', job: 'b' }, [[at, 'x']]);
    await written({ __name__: 'hits_total', job: 'a' }, [
      [at + 1500, 'later', Number.POSITIVE_INFINITY],
      [at, 'sooner', 1e-7],
    ]);
    await written({ __name__: 'misses_total', job: 'a' }, [[at + 1, 'other']]);
    const query = 'sum(rate(hits_total[5m])) / on () group_left () max_over_time(misses_total{job="a"}[10m:1m])';
    expect(await ask(query)).toEqual({
      status: 'success',
      data: [
        {
          seriesLabels: { __name__: 'hits_total', job: 'a' },
          exemplars: [
            { labels: { trace_id: 'sooner' }, value: '0.0000001', timestamp: at / 1000 },
            { labels: { trace_id: 'later' }, value: '+Inf', timestamp: (at + 1500) / 1000 },
          ],
        },
        {
          seriesLabels: { __name__: 'hits_total', job: 'b' },
          exemplars: [{ labels: { trace_id: 'x' }, value: '0.5', timestamp: at / 1000 }],
        },
        {
          seriesLabels: { __name__: 'misses_total', job: 'a' },
          exemplars: [{ labels: { trace_id: 'other' }, value: '0.5', timestamp: (at + 1) / 1000 }],
        },
      ],
    });
  });

  it('are those of the range, both ends included, by GET and by POST', async () => {
    await written({ __name__: 'ranged' }, [
      [at - 1, 'a'],
      [at, 'b'],
      [at + 1, 'c'],
      [at + 2, 'd'],
    ]);
    const range = { start: String(at / 1000), end: String((at + 1) / 1000) };
    const ids = ({ data }: Answer) =>
      data.flatMap(({ exemplars }) => exemplars.map((one) => Object(one).labels.trace_id));
    expect(ids(await ask('ranged', `&${new URLSearchParams(range)}`))).toEqual(['b', 'c']);
    const posted = await fetch(`${served.url}/api/v1/query_exemplars`, {
      method: 'POST',
      headers: { authorization: `Bearer ${served.token('read')}` },
      body: new URLSearchParams({ query: 'ranged', ...range }),
    });
    expect(ids((await posted.json()) as Answer)).toEqual(['b', 'c']);
  });

  it('of OTLP come with the ids of their spans', async () => {
    const time = `${at}000000`;
    const exemplar = { asDouble: 0.3, timeUnixNano: time, traceId: TRACE, spanId: 'eee19b7ec3c1b174' };
    const point = { timeUnixNano: time, count: 1, bucketCounts: [1, 0], explicitBounds: [1], exemplars: [exemplar] };
    const metric = { name: 'took', unit: 's', histogram: { aggregationTemporality: 2, dataPoints: [point] } };
    const body = Buffer.from(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] }));
    await real.take({ kind: 'otlp-metrics', format: 'json', receivedAt: Date.now(), body });
    expect((await ask('histogram_quantile(0.9, rate(took_seconds_bucket[5m]))')).data).toEqual([
      {
        seriesLabels: { __name__: 'took_seconds_bucket', le: '1' },
        exemplars: [{ labels: { span_id: 'eee19b7ec3c1b174', trace_id: TRACE }, value: '0.3', timestamp: at / 1000 }],
      },
    ]);
  });

  it('of a scraped target come in OpenMetrics, once however often they are shown', async () => {
    const accepts: (string | undefined)[] = [];
    let trace = 'first';
    const server = createServer((request, response) => {
      accepts.push(request.headers.accept);
      response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0; charset=utf-8');
      response.end(
        `# TYPE orders counter\norders_total 5 # {trace_id="${trace}"} 1\norders_timed_total 1 # {trace_id="t"} 2 1.7e9\n# EOF\n`,
      );
    }).listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    try {
      const instance = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const job = { job: 'shop', intervalMs: 1000, timeoutMs: 1000, scheme: 'http', metricsPath: '/metrics' } as const;
      const config = configOf({ ...job, targets: [instance], labels: {} });
      const { session } = sessionOf(config);
      let now = at;
      for (const id of ['first', 'first', 'second']) {
        trace = id;
        now += 1000;
        const result = await session.scrape(now, () => now);
        expect(result.error).toBe('');
        await real.take(result.record);
        result.stored();
      }
      expect(accepts[0]).toMatch(/^application\/openmetrics-text;version=1\.0\.0/);
      const { data } = await ask('orders_total or orders_timed_total');
      expect(data.map(({ exemplars }) => exemplars)).toEqual([
        [{ labels: { trace_id: 't' }, value: '2', timestamp: 1.7e9 }],
        [
          { labels: { trace_id: 'first' }, value: '1', timestamp: (at + 1000) / 1000 },
          { labels: { trace_id: 'second' }, value: '1', timestamp: (at + 3000) / 1000 },
        ],
      ]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('are bounded for each series and second, and what is left out is counted', async () => {
    const before = real.store.stats().exemplarsDropped;
    const many = Array.from({ length: 25 }, (_, i) => [Math.floor(at / 1000) * 1000 + i, `${i}`] as const);
    await written({ __name__: 'many' }, [...many, [at, 'x'.repeat(130)], [Date.now() + 3 * 86_400_000, 'future']]);
    expect((await ask('many')).data[0]?.exemplars).toHaveLength(10);
    expect(real.store.stats().exemplarsDropped - before).toBe(17);
  });

  it.each([
    ['no query', '', '', /./],
    ['a query that is none', 'a{', '', /1:3/],
    ['an end before its start', 'a', '&start=2&end=1', /^end timestamp must not be before start timestamp$/],
    ['a time that is none', 'a', '&start=soon', /^invalid parameter "start"/],
  ])('are refused for %s', async (_what, query, more, message) => {
    const answer = (await ask(query, more)) as unknown as Record<string, string>;
    expect(answer).toMatchObject({ status: 'error', errorType: 'bad_data', error: expect.stringMatching(message) });
  });

  it('know what of PromQL is switched on', async () => {
    expect((await ask('rate(hits_total[5m] anchored)')).data).toMatchObject([{}, {}]);
    expect(await ask('mad_over_time(hits_total[5m])')).toEqual({
      status: 'error',
      errorType: 'bad_data',
      error:
        '1:1: parse error: function "mad_over_time" is not enabled; add promql-experimental-functions to query.features in the configuration to switch it on',
    });
  });

  it('are none for a query without a series, and for one that is not known', async () => {
    expect(await ask('1 + vector(2)')).toEqual({ status: 'success', data: [] });
    expect(await ask('nobody')).toEqual({ status: 'success', data: [] });
  });
});

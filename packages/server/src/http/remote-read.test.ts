import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { EMPTY_HISTOGRAM, type SelectRequest } from '@nightshift/promql';
import { decodeSnappy, encodeSnappy, type ReadQuery, SAMPLES, STREAMED_XOR_CHUNKS } from '@nightshift/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeFrames, decodeReadResponse, encodeReadRequest } from '../../../wire/test/remote-read/reader.ts';
import { havePrometheus, type PeerPrometheus, startPrometheus } from '../../test/http/peer-prometheus.ts';
import { openRealStore, type RealStore } from '../../test/http/real-store.ts';
import { type Served, serve } from '../../test/http/served.ts';
import { BodyBudget } from '../collect/body-budget.ts';
import { type RemoteReadDeps, remoteReadRoutes } from './remote-read.ts';

const MINUTE = 60_000;
/** A whole minute, so that samples stand on steps. */
const end = Math.floor(Date.now() / MINUTE) * MINUTE;
const start = end - 300 * 15_000;
const STALE = 0x7ff0000000000002n;

let real: RealStore;
let deps: RemoteReadDeps;
const asked: SelectRequest[] = [];
const opened: Served[] = [];

async function serveRead(more: Partial<RemoteReadDeps> = {}): Promise<Served> {
  const served = await serve({ extra: (app) => remoteReadRoutes(app, { ...deps, ...more }) });
  opened.push(served);
  return served;
}

beforeAll(async () => {
  real = await openRealStore();
  const { metrics } = real.store;
  deps = {
    metrics: {
      ...metrics,
      select: (request) => {
        asked.push(request);
        return metrics.select(request);
      },
      series: (...args) => metrics.series(...args),
    } as RemoteReadDeps['metrics'],
    budget: new BodyBudget(64 * 1024 * 1024),
    maxBodyBytes: 1024 * 1024,
    maxDecompressedBytes: 4 * 1024 * 1024,
    externalLabels: new Map(),
    maxSamples: 100_000,
    concurrent: 10,
    timeoutMs: 20_000,
  };
  for (const job of ['b', 'a']) {
    const samples = Array.from({ length: 301 }, (_, i) => ({
      timestamp: start + i * 15_000,
      value: i * (job === 'a' ? 2 : 1),
    }));
    await real.write({ __name__: 'requests_total', job }, samples);
  }
  await real.write({ __name__: 'ended', job: 'a' }, [
    { timestamp: end - 2 * MINUTE, value: 7 },
    { timestamp: end - MINUTE, value: 0, stale: true },
  ]);
  await real.write({ __name__: 'odd', 'utf8.näme': '🌙' }, [
    { timestamp: end - 3000, value: Number.POSITIVE_INFINITY },
    { timestamp: end - 2000, value: Number.NaN },
    { timestamp: end - 1000, value: -0 },
  ]);
}, 60_000);
afterAll(async () => {
  for (const served of opened) await served.close();
  await real.close();
}, 60_000);

const named = (name: string): ReadQuery => ({ start, end, matchers: [{ op: '=', name: '__name__', value: name }] });

async function read(
  served: Served,
  queries: readonly ReadQuery[],
  ...acceptedResponseTypes: number[]
): Promise<Response> {
  return fetch(`${served.url}/api/v1/read`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${served.token('read')}`,
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
    },
    body: encodeSnappy(encodeReadRequest({ queries, acceptedResponseTypes })) as Uint8Array<ArrayBuffer>,
  });
}

const bytesOf = async (response: Response): Promise<Uint8Array> => {
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
};
const samplesOf = async (response: Response) => decodeReadResponse(decodeSnappy(await bytesOf(response), 1e8));
const framesOf = async (response: Response) => decodeFrames(await bytesOf(response));

describe('remote read', () => {
  it('answers several queries with samples, series in order of their labels, bits as they were written', async () => {
    const served = await serveRead();
    const response = await read(
      served,
      [named('requests_total'), named('none'), named('ended'), named('odd')],
      SAMPLES,
    );
    expect(response.headers.get('content-type')).toBe('application/x-protobuf');
    expect(response.headers.get('content-encoding')).toBe('snappy');
    const [requests, none, ended, odd] = await samplesOf(response);
    expect(requests?.map(({ labels, samples }) => [Object.fromEntries(labels), samples.length])).toEqual([
      [{ __name__: 'requests_total', job: 'a' }, 301],
      [{ __name__: 'requests_total', job: 'b' }, 301],
    ]);
    expect(none).toEqual([]);
    expect(ended?.[0]?.samples).toEqual([
      { timestamp: BigInt(end - 2 * MINUTE), bits: 0x401c000000000000n },
      { timestamp: BigInt(end - MINUTE), bits: STALE },
    ]);
    expect(odd?.[0]?.labels).toEqual([
      ['__name__', 'odd'],
      ['utf8.näme', '🌙'],
    ]);
    expect(odd?.[0]?.samples.map(({ bits }) => bits)).toEqual([
      0x7ff0000000000000n,
      0x7ff8000000000000n,
      0x8000000000000000n,
    ]);
  });

  it('answers the same as chunks of at most 120 samples to a reader that prefers them', async () => {
    const served = await serveRead();
    const queries = [named('requests_total'), named('ended')];
    const response = await read(served, queries, STREAMED_XOR_CHUNKS, SAMPLES);
    expect(response.headers.get('content-type')).toBe(
      'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse',
    );
    const frames = await framesOf(response);
    const expected = await samplesOf(await read(served, queries, SAMPLES));
    const got = queries.map((_, place) =>
      frames
        .filter(({ query }) => query === place)
        .flatMap(({ series }) => series)
        .map(({ labels, chunks }) => ({ labels, samples: chunks.flatMap(({ samples }) => samples) })),
    );
    expect(got).toEqual(expected);
    expect(frames[0]?.series[0]?.chunks.map(({ samples }) => samples.length)).toEqual([120, 120, 61]);
  });

  it.each<[string, number[], RegExp]>([
    ['by default', [], /application\/x-protobuf/],
    ['when samples come first', [SAMPLES, STREAMED_XOR_CHUNKS], /application\/x-protobuf/],
    ['after a type that is not known', [7, STREAMED_XOR_CHUNKS], /x-streamed-protobuf/],
  ])('chooses the type %s', async (_when, accepted, type) => {
    const response = await read(await serveRead(), [named('ended')], ...accepted);
    expect(response.headers.get('content-type')).toMatch(type);
    await response.arrayBuffer();
  });

  it('keeps to the range of the hints and passes the rest of them on', async () => {
    const served = await serveRead();
    asked.length = 0;
    const hints = {
      start: end - MINUTE,
      end: end + 5,
      step: 15_000,
      func: 'rate',
      range: MINUTE,
      grouping: ['job'],
      by: true,
    };
    const [requests] = await samplesOf(await read(served, [{ ...named('requests_total'), hints }]));
    expect(requests?.map(({ samples }) => samples.length)).toEqual([5, 5]);
    expect(asked).toMatchObject([
      { start: end - MINUTE, end, step: 15_000, func: 'rate', grouping: ['job'], by: true },
    ]);
  });

  it('answers label sets alone where no samples are wanted', async () => {
    const hints = { start, end, step: 0, func: 'series', range: 0, grouping: [], by: false };
    const [series] = await samplesOf(await read(await serveRead(), [{ ...named('requests_total'), hints }]));
    expect(series?.map(({ labels, samples }) => [labels[1], samples])).toEqual([
      [['job', 'a'], []],
      [['job', 'b'], []],
    ]);
  });

  it('gives external labels and takes them back from the matchers', async () => {
    const served = await serveRead({
      externalLabels: new Map([
        ['zone', 'eu'],
        ['job', 'x'],
      ]),
    });
    const zone = (value: string) => ({ op: '=', name: 'zone', value }) as const;
    const query = { ...named('ended'), matchers: [...named('ended').matchers, zone('eu')] };
    const other = { ...named('ended'), matchers: [...named('ended').matchers, zone('us')] };
    const results = await samplesOf(await read(served, [query, other]));
    expect(results.map((list) => list.map(({ labels }) => Object.fromEntries(labels)))).toEqual([
      [{ __name__: 'ended', job: 'a', zone: 'eu' }],
      [],
    ]);
  });

  const bad: [string, ReadQuery[], number[], number, RegExp][] = [
    ['a type that is not known', [named('ended')], [9], 400, /does not support any of the requested response types: 9/],
    ['a pattern that is not RE2', [{ ...named('x'), matchers: [{ op: '=~', name: 'a', value: '(' }] }], [], 400, /\(/],
  ];
  it.each(bad)('refuses %s', async (_what, queries, accepted, status, message) => {
    const response = await read(await serveRead(), queries, ...accepted);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/text\/plain/);
    expect(await response.text()).toMatch(message);
  });

  it.each([SAMPLES, STREAMED_XOR_CHUNKS])('refuses more samples than it may answer (type %i)', async (type) => {
    const response = await read(await serveRead({ maxSamples: 600 }), [named('requests_total')], type);
    expect(response.status).toBe(422);
    expect(await response.text()).toMatch(/^exceeded sample limit \(600\); .* raise query.remoteReadSamples/);
  });

  it('gives native histograms among floats', async () => {
    const select = async () => {
      const times = { timestamps: Float64Array.of(1, 2, 3), values: Float64Array.of(1, Number.NaN, 3) };
      return [
        { labels: new Map([['__name__', 'mixed']]), ...times, histograms: [undefined, EMPTY_HISTOGRAM, undefined] },
      ];
    };
    const served = await serveRead({ metrics: { ...deps.metrics, select } });
    const [[series] = []] = await samplesOf(await read(served, [named('mixed')], SAMPLES));
    expect(series?.samples.map(({ timestamp }) => timestamp)).toEqual([1n, 3n]);
    expect(series?.histograms).toEqual([{ timestamp: 2, histogram: EMPTY_HISTOGRAM }]);
    const [frame] = await framesOf(await read(served, [named('mixed')], STREAMED_XOR_CHUNKS));
    const chunks = frame?.series[0]?.chunks.map(({ first, last, encoding }) => [first, last, encoding]);
    expect(chunks).toEqual([
      [1n, 1n, 1],
      [2n, 2n, 3],
      [3n, 3n, 1],
    ]);
  });

  it('cuts a stream that meets its limit after the first bytes are out', async () => {
    const timestamps = Float64Array.from({ length: 20_000 }, (_, i) => end + i);
    const values = timestamps.map(() => Math.random());
    const select = async ({ budget }: SelectRequest) => {
      budget?.samples(timestamps.length);
      return [{ labels: new Map([['__name__', 'long']]), timestamps, values }];
    };
    const served = await serveRead({ metrics: { ...deps.metrics, select }, maxSamples: 30_000 });
    const response = await read(served, [named('long'), named('long')], STREAMED_XOR_CHUNKS);
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow(/terminated/);
  });

  it.each<[string, Uint8Array, number, RegExp]>([
    ['that is not snappy', Uint8Array.of(255, 255, 255), 400, /snappy/],
    ['that is no request', encodeSnappy(Uint8Array.of(8, 1)), 400, /wrong wire type/],
    ['that unfolds to too much', encodeSnappy(new Uint8Array(5 * 1024 * 1024)), 413, /5242880 bytes uncompressed/],
    ['that is too large', new Uint8Array(2 * 1024 * 1024), 413, /more than 1048576 bytes/],
  ])('refuses a body %s', async (_what, body, status, message) => {
    const response = await (await serveRead()).ask('/api/v1/read', { method: 'POST', rights: ['read'] });
    expect(response.status).toBe(400);
    const served = opened.at(-1) as Served;
    const answer = await fetch(`${served.url}/api/v1/read`, {
      method: 'POST',
      headers: { authorization: `Bearer ${served.token('read')}`, 'content-type': 'application/x-protobuf' },
      body: body as Uint8Array<ArrayBuffer>,
    });
    expect(answer.status).toBe(status);
    expect(await answer.text()).toMatch(message);
  });

  it('needs the right `read`', async () => {
    const served = await serveRead();
    expect((await served.ask('/api/v1/read', { method: 'POST', rights: ['ingest'] })).status).toBe(403);
  });

  it('stops what it asks of the store when the reader goes away, and lets the next one in', async () => {
    const aborted: string[] = [];
    const metrics = {
      ...deps.metrics,
      select: async (request: SelectRequest) => {
        if (request.func !== 'slow') return real.store.metrics.select(request);
        await sleep(10_000, undefined, request.signal ? { signal: request.signal } : {}).catch(() =>
          aborted.push('one'),
        );
        request.signal?.throwIfAborted();
        return [];
      },
    };
    const served = await serveRead({ metrics, concurrent: 1 });
    const hints = { start, end, step: 0, func: 'slow', range: 0, grouping: [], by: false };
    const body = encodeSnappy(
      encodeReadRequest({ queries: [{ ...named('ended'), hints }], acceptedResponseTypes: [1] }),
    );
    const headers = { authorization: `Bearer ${served.token('read')}`, 'content-type': 'application/x-protobuf' };
    const slow = httpRequest(`${served.url}/api/v1/read`, { method: 'POST', headers });
    slow.on('error', () => {});
    slow.end(body);
    await sleep(200);
    const waiting = read(served, [named('ended')]);
    await sleep(100);
    slow.destroy();
    expect(await samplesOf(await waiting)).toHaveLength(1);
    expect(aborted).toEqual(['one']);
  });

  it('sheds readers beyond those that may wait', async () => {
    const release = new AbortController();
    const metrics = {
      ...deps.metrics,
      select: async () => {
        await sleep(10_000, undefined, { signal: release.signal }).catch(() => {});
        return [];
      },
    };
    const served = await serveRead({ metrics, concurrent: 1 });
    const all = Array.from({ length: 7 }, () => read(served, [named('ended')]));
    const answered: Response[] = [];
    for (const one of all) void one.then((response) => answered.push(response));
    await expect.poll(() => answered.length).toBe(2);
    expect(answered.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
      [429, '1'],
      [429, '1'],
    ]);
    release.abort();
    await Promise.all(all);
    expect(answered.slice(2).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });
});

describe.skipIf(!havePrometheus)('a real Prometheus that reads from here', () => {
  let prometheus: PeerPrometheus;

  beforeAll(async () => {
    const served = await serveRead({ externalLabels: new Map([['zone', 'eu']]) });
    const url = `${served.url}/api/v1/read`;
    const authorization = { credentials: served.token('read') };
    prometheus = await startPrometheus(JSON.stringify({ remote_read: [{ url, read_recent: true, authorization }] }));
  }, 60_000);
  afterAll(() => prometheus?.close(), 20_000);

  it.each<[string, string[]]>([
    ['requests_total', ['600', '300']],
    ['sum by (job, zone) (rate(requests_total[5m]) * 15)', ['2', '1']],
    ['count_over_time(requests_total{job="a", zone="eu"}[2h])', ['301']],
    ['max_over_time(requests_total{job=~"b|c"}[10m] offset 30m)', ['180']],
    ['requests_total{job!="a"} / ignoring (job) requests_total{job="a"}', ['0.5']],
    ['count_over_time(ended[10m])', ['1']],
    ['ended', []],
    ['nothing_of_that_name', []],
  ])('answers %s from our data', async (query, values) => {
    expect((await prometheus.query(query, end)).map(({ value }) => value[1])).toEqual(values);
  });

  it('lists our series', async () => {
    const path = `/api/v1/series?match[]=ended&start=${start / 1000}&end=${end / 1000}`;
    expect(await prometheus.get(path)).toMatchObject({ data: [{ __name__: 'ended', job: 'a', zone: 'eu' }] });
  });
});

import { encodeSnappy, encodeWriteRequest } from '@nightshift/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeV2, type SentSeries } from '../../../wire/test/remote-write/encode-v2.ts';
import { BodyBudget } from '../../src/collect/body-budget.ts';
import type { OtlpMetrics } from '../../src/collect/otlp/otlp-metrics.ts';
import { Senders } from '../../src/collect/sender.ts';
import { ingestRoutes } from '../../src/http/ingest.ts';
import { openRealStore, type RealStore } from './real-store.ts';
import { type Served, serve } from './served.ts';

const LIMIT = 1_000_000;
const T = Date.now() - 60_000;
const V1 = 'application/x-protobuf;proto=prometheus.WriteRequest';
const V2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
const log = { info() {}, warn() {}, error() {} };

let real: RealStore;
let served: Served;

beforeAll(async () => {
  real = await openRealStore();
  const limits = { maxBodyBytes: LIMIT, maxDecompressedBytes: LIMIT };
  const otlpMetrics = undefined as unknown as OtlpMetrics;
  const budget = new BodyBudget(LIMIT);
  served = await serve({
    extra: (app) =>
      ingestRoutes(app, {
        sink: real.store,
        now: Date.now,
        senders: new Senders(),
        budget,
        ...limits,
        otlpMetrics,
        log,
      }),
  });
}, 60_000);
afterAll(async () => {
  await served.close();
  await real.close();
}, 60_000);

/** Status, the error's message, and the counts of what was written, where they are said. */
async function post(body: Uint8Array, type: string, headers: Record<string, string> = {}, to = served) {
  const response = await fetch(`${to.url}/api/v1/write`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${to.token('ingest')}`,
      'content-type': type,
      'content-encoding': 'snappy',
      ...headers,
    },
    body: new Uint8Array(body),
  });
  const text = await response.text();
  const written = ['samples', 'histograms', 'exemplars'].map((what) =>
    response.headers.get(`x-prometheus-remote-write-${what}-written`),
  );
  const { message = '' } = text === '' ? {} : (JSON.parse(text) as { error: { message: string } }).error;
  return {
    status: response.status,
    message,
    written: written.every((one) => one === null) ? null : written.map(Number),
  };
}

const sendV2 = (...sent: SentSeries[]) => post(encodeSnappy(encodeV2(sent)), V2);
const bodyV1 = (labels: Record<string, string>) =>
  encodeSnappy(
    encodeWriteRequest([{ labels: new Map(Object.entries(labels)), samples: [{ timestamp: T, value: 1 }] }]),
  );

/** Times and values of a series in the store; the count of a histogram. */
async function stored(metric: string): Promise<[number, number][]> {
  const matchers = [{ name: '__name__', op: '=' as const, value: metric }];
  const hints = { step: 0, func: '', range: 0, grouping: [], by: false };
  const found = await real.store.metrics.select({ matchers, start: 0, end: T + 3_600_000, ...hints });
  return found.flatMap(({ timestamps, values, histograms }) =>
    [...timestamps].map((time, i): [number, number] => [time, histograms?.[i]?.count ?? values[i]!]),
  );
}

const named = (name: string) => [['__name__', name]] as const;
const at = (ms: number, value: number) => ({ timestamp: T + ms, value });

describe('remote write 2.0', () => {
  it('is answered 204 with the counts of what was written, and can be queried at once', async () => {
    const histogram = { timestamp: T, count: 6, sum: 9, zeroCount: 1, buckets: [2, 3] };
    const exemplars = [{ labels: [['trace_id', 'abc']] as const, value: 2, timestamp: T }];
    const answer = await sendV2(
      { labels: named('v2_requests_total'), samples: [at(0, 1), { ...at(1000, 2), start: T - 5000 }], exemplars },
      { labels: named('v2_duration'), histograms: [histogram] },
    );
    expect(answer).toEqual({ status: 204, message: '', written: [2, 1, 1] });
    expect(await stored('v2_requests_total')).toEqual([
      [T, 1],
      [T + 1000, 2],
    ]);
    expect(await stored('v2_duration')).toEqual([[T, 6]]);
  });

  it('takes what is good of a request, and is told 400 with the counts and what was wrong', async () => {
    const answer = await sendV2(
      { labels: named('v2_good'), samples: [at(0, 1)] },
      { labels: [['job', 'no name']], samples: [at(0, 1)] },
      { labels: named('v2_good_too'), samples: [at(0, 3)] },
    );
    expect(answer).toMatchObject({ status: 400, written: [2, 0, 0] });
    expect(answer.message).toMatch(/without metric name/);
    expect([await stored('v2_good'), await stored('v2_good_too')]).toEqual([[[T, 1]], [[T, 3]]]);
  });

  it('is told 400 and zeros where nothing of it was good', async () => {
    const answer = await sendV2({ labels: named(''), samples: [at(0, 1)] }, { labels: named('v2_none') });
    expect(answer).toMatchObject({ status: 400, written: [0, 0, 0] });
  });

  it('is told zeros where the body is damaged, or too large', async () => {
    expect(await post(Uint8Array.of(1, 2, 3), V2)).toMatchObject({ status: 400, written: [0, 0, 0] });
    const bomb = encodeSnappy(new Uint8Array(LIMIT + 1));
    expect(await post(bomb, V2)).toMatchObject({ status: 413, written: [0, 0, 0] });
  });

  it('keeps metadata', async () => {
    const metadata = { type: 'counter', help: 'What was asked.', unit: '' } as const;
    await sendV2({ labels: named('v2_described_total'), samples: [at(0, 1)], metadata });
    expect(await real.store.metrics.metadata('v2_described_total', 1)).toEqual([
      { name: 'v2_described_total', ...metadata },
    ]);
  });

  it('reaches the engine without what was refused', async () => {
    await sendV2({ labels: named('v2_kept'), samples: [at(0, 7)] }, { labels: [['a', 'b']], samples: [at(0, 1)] });
    await real.store.flush();
    const rows = await real.engine.query("SELECT count() AS n FROM nightshift.series WHERE name = 'v2_kept'");
    expect(rows).toEqual([{ n: '1' }]);
  });
});

describe('a series beyond the limit', () => {
  let small: RealStore;
  let limited: Served;
  beforeAll(async () => {
    small = await openRealStore(undefined, 2);
    limited = await serve({
      extra: (app) =>
        ingestRoutes(app, {
          sink: small.store,
          now: Date.now,
          senders: new Senders(),
          budget: new BodyBudget(LIMIT),
          maxBodyBytes: LIMIT,
          maxDecompressedBytes: LIMIT,
          otlpMetrics: undefined as unknown as OtlpMetrics,
          log,
        }),
    });
  }, 60_000);
  afterAll(async () => {
    await limited.close();
    await small.close();
  }, 60_000);

  it.each([V1, V2])('is refused with the limit and how to raise it, and known ones go on (%s)', async (type) => {
    const send = (...names: string[]) => {
      const series = names.map((name) => ({ labels: new Map(named(name)), samples: [at(0, 1)] }));
      const body =
        type === V1
          ? encodeWriteRequest(series)
          : encodeV2(names.map((name) => ({ labels: named(name), samples: [at(0, 1)] })));
      return post(encodeSnappy(body), type, {}, limited);
    };
    expect(await send('one', 'two')).toMatchObject({ status: 204 });
    const answer = await send('one', 'three');
    expect(answer).toMatchObject({ status: 400, written: [1, 0, 0] });
    expect(answer.message).toMatch(/1 new series were refused, the first of "three".* limit \(head\.maxSeries\)/);
    expect(small.store.stats()).toMatchObject({ series: 2, refused: { series: type === V1 ? 1 : 2 } });
    expect(await send('two')).toMatchObject({ status: 204 });
  });
});

describe('remote write 1.0', () => {
  it.each(['application/x-protobuf', V1])('is taken as %s, without counts', async (type) => {
    expect(await post(bodyV1({ __name__: 'v1_up' }), type)).toEqual({ status: 204, message: '', written: null });
    expect(await stored('v1_up')).toEqual([[T, 1]]);
  });

  it('is taken whole or not at all', async () => {
    const answer = await post(bodyV1({ job: 'no name' }), V1);
    expect(answer).toMatchObject({ status: 400, written: null });
    expect(answer.message).toMatch(/without metric name/);
  });

  it.each([
    'application/x-protobuf;proto=io.prometheus.write.v3.Request',
    'application/x-protobuf;proto=',
    'application/json',
    'application/json;proto=io.prometheus.write.v2.Request',
    'text/plain',
  ])('is told 415 for %s, and what is taken', async (type) => {
    const answer = await post(bodyV1({ __name__: 'v1_up' }), type);
    expect(answer).toMatchObject({ status: 415, written: null });
    expect(answer.message).toContain(V2);
  });

  it.each(['gzip', 'zstd', 'identity'])('is told 415 for the content encoding %s', async (encoding) => {
    expect(await post(bodyV1({ __name__: 'v1_up' }), V1, { 'content-encoding': encoding })).toMatchObject({
      status: 415,
    });
  });
});

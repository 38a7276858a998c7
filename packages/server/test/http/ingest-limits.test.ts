/** What is refused of what senders send: through HTTP, with a real store, engine and journal. */
import { defaultOtlpSettings, encodeSnappy, encodeWriteRequest, type WriteSeries } from '@nightshift/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeV2 } from '../../../wire/test/remote-write/encode-v2.ts';
import { BodyBudget } from '../../src/collect/body-budget.ts';
import { decodeRecord } from '../../src/collect/decode.ts';
import { OtlpMetrics } from '../../src/collect/otlp/otlp-metrics.ts';
import type { JournalRecord } from '../../src/collect/record.ts';
import { Senders, unlimited } from '../../src/collect/sender.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ingestRoutes } from '../../src/http/ingest.ts';
import { ConfiguredAge } from '../../src/serve/ingest-limits.ts';
import { decodeJournalRecord, encodeJournalRecord } from '../../src/spool/journal-layout.ts';
import { openRealStore, type RealStore } from './real-store.ts';
import { type Served, serve } from './served.ts';

const LIMIT = 1_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T = Date.now();
const V1 = 'application/x-protobuf';
const V2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
const log = { info() {}, warn() {}, error() {} };

const configOf = (env: Record<string, string>) => loadConfig({ env, cwd: '/nowhere' }).config;
const env = {
  NIGHTSHIFT_RETENTION_METRICS: '10d',
  NIGHTSHIFT_RETENTION_METRIC_RULES: '[{match: "debug_.*", keep: 2d}, {match: "sla_.*", keep: 0}]',
};

let real: RealStore;
let served: Served;
let age: ConfiguredAge;
let senders: Senders;
const journaled: JournalRecord[] = [];

beforeAll(async () => {
  real = await openRealStore();
  age = new ConfiguredAge(configOf(env));
  senders = new Senders();
  const limits = { maxBodyBytes: LIMIT, maxDecompressedBytes: LIMIT };
  const sink = {
    ...real.store,
    admitReported: (...args: Parameters<typeof real.store.admitReported>) => {
      journaled.push(args[0]);
      return real.store.admitReported(...args);
    },
  };
  const deps = { sink, now: Date.now, age, ...limits };
  const otlpMetrics = new OtlpMetrics({
    ...deps,
    source: real.store.metrics,
    settings: defaultOtlpSettings,
    maxDeltaStreams: 10,
    maxDeltaAgeMs: HOUR,
  });
  served = await serve({
    extra: (app) => ingestRoutes(app, { ...deps, senders, budget: new BodyBudget(LIMIT), otlpMetrics, log }),
  });
}, 60_000);
afterAll(async () => {
  await served.close();
  await real.close();
}, 60_000);

const tokens = new Map<string, string>();
function tokenOf(name: string): string {
  const token = tokens.get(name) ?? served.control.tokens.create(name, ['ingest']).token;
  tokens.set(name, token);
  return token;
}

async function post(name: string, body: Uint8Array, type = V1, path = '/api/v1/write') {
  const encoding = type === 'application/json' ? {} : { 'content-encoding': 'snappy' };
  const headers = { authorization: `Bearer ${tokenOf(name)}`, 'content-type': type, ...encoding };
  const response = await fetch(served.url + path, { method: 'POST', headers, body: new Uint8Array(body) });
  const text = await response.text();
  const written = ['samples', 'histograms', 'exemplars'].map((what) =>
    Number(response.headers.get(`x-prometheus-remote-write-${what}-written`) ?? Number.NaN),
  );
  return { status: response.status, text, written, retryAfter: response.headers.get('retry-after') };
}

const series = (name: string, times: readonly number[], more: Record<string, string> = {}): WriteSeries => ({
  labels: new Map(Object.entries({ __name__: name, ...more })),
  samples: times.map((timestamp) => ({ timestamp, value: 1 })),
});
const write = (name: string, ...all: WriteSeries[]) => post(name, encodeSnappy(encodeWriteRequest(all)));

async function stored(name: string): Promise<number[]> {
  const matchers = [{ name: '__name__', op: '=', value: name } as const];
  const found = await real.store.metrics.select({ matchers, start: 0, end: T + DAY, hints: {} } as never);
  return found.flatMap(({ timestamps }) => [...timestamps]);
}

const refusedOf = (token: string) => Object.fromEntries(senders.token(token).counts.refusedSamples);
const requestsOf = (token: string) => Object.fromEntries(senders.token(token).counts.refusedRequests);

describe('samples that are older than they are kept', () => {
  it('are refused with 400, their reason, how many and the first of them; the rest is stored', async () => {
    const { status, text } = await write(
      'aged',
      series('aged_total', [T - 12 * DAY, T - 11.5 * DAY, T - 5 * DAY, T]),
      series('debug_total', [T - 4 * DAY, T - DAY]),
      series('sla_total', [T - 400 * DAY]),
    );
    expect(status).toBe(400);
    const { message } = JSON.parse(text).error;
    expect(message).toContain(
      `out of bounds: 3 samples are older than they are kept (retention.metrics: 10d), the first of {__name__="aged_total"} at ${new Date(T - 12 * DAY).toISOString()}`,
    );
    expect(await stored('aged_total')).toEqual([T - 5 * DAY, T]);
    expect(await stored('debug_total')).toEqual([T - DAY]);
    expect(await stored('sla_total')).toEqual([T - 400 * DAY]);
    expect(refusedOf('aged')).toEqual({ too_old: 3 });
    expect(requestsOf('aged')).toEqual({});
    expect(senders.token('aged').counts.samples).toBe(4);
  });

  it('make no series known, and a request of nothing else leaves no record', async () => {
    const before = journaled.length;
    expect((await write('aged', series('never_total', [T - 20 * DAY]))).status).toBe(400);
    expect(journaled).toHaveLength(before);
    expect(await real.store.metrics.labelValues('__name__', [], { start: 0, end: T + DAY }, 1000)).not.toContain(
      'never_total',
    );
  });

  it('are left out by their record alone: a start by another configuration decodes the same', async () => {
    await write(
      'aged',
      series('replayed', [T - 30 * DAY, T - DAY]),
      series('gone', [T - 30 * DAY]),
      series('whole', [T]),
    );
    const record = journaled.at(-1)!;
    expect(record.cuts?.size).toBe(2);
    const { metrics } = decodeRecord(decodeJournalRecord(encodeJournalRecord(record)));
    expect(metrics?.series.map((labels) => labels.get('__name__'))).toEqual(['replayed', 'whole']);
    expect([...metrics!.timestamps]).toEqual([T - DAY, T]);
    expect([...metrics!.seriesIndex]).toEqual([0, 1]);
  });

  it('are counted in the headers of remote write 2.0', async () => {
    const labels: [string, string][] = [['__name__', 'v2_aged']];
    const samples = [T - 20 * DAY, T - 1000, T].map((timestamp) => ({ timestamp, value: 2 }));
    const { status, written } = await post('aged', encodeSnappy(encodeV2([{ labels, samples }])), V2);
    expect([status, written]).toEqual([400, [2, 0, 0]]);
  });

  it('are a partial success of OTLP', async () => {
    const point = (time: number) => ({ timeUnixNano: `${BigInt(time) * 1_000_000n}`, asDouble: 1 });
    const gauge = { dataPoints: [point(T - 20 * DAY), point(T)] };
    const body = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'otlp_aged', gauge }] }] }] };
    const sent = Buffer.from(JSON.stringify(body));
    const { status, text } = await post('otlp', sent, 'application/json', '/v1/metrics');
    expect(status).toBe(200);
    const { partialSuccess } = JSON.parse(text);
    expect(Number(partialSuccess.rejectedDataPoints)).toBe(1);
    expect(partialSuccess.errorMessage).toContain('out of bounds: 1 sample is older than they are kept');
    expect(refusedOf('otlp')).toEqual({ too_old: 1 });
    expect(await stored('otlp_aged')).toEqual([T]);
  });

  it('are refused by the window for late ones where one is set, and by it alone where it is shorter', async () => {
    age.change(configOf({ ...env, NIGHTSHIFT_INGEST_OUT_OF_ORDER_TIME_WINDOW: '1h30m' }));
    const { text } = await write('late', series('late_total', [T - 20 * DAY, T - 2 * HOUR, T - HOUR, T]));
    age.change(configOf(env));
    expect(text).toContain('too old sample: 2 samples are older than the window for late ones');
    expect(text).toContain('ingest.outOfOrderTimeWindow: 1h30m');
    expect(await stored('late_total')).toEqual([T - HOUR, T]);
    expect(refusedOf('late')).toEqual({ out_of_order: 2 });
    expect((await write('late', series('late_total', [T - 2 * HOUR]))).status).toBe(204);
  });

  it('do nothing where the same sample is stored already', async () => {
    expect((await write('late', series('again', [T - 1000, T]))).status).toBe(204);
    expect((await write('late', series('again', [T - 1000, T]))).status).toBe(204);
    expect(await stored('again')).toEqual([T - 1000, T]);
    await real.store.flush();
    expect(await stored('again')).toEqual([T - 1000, T]);
  });
});

describe('a token', () => {
  const bound = (name: string, limits: object) => senders.change({ limits: unlimited, tokens: { [name]: limits } });

  it('that sends faster than it may is told when to go on, and holds nobody else up', async () => {
    bound('fast', { samplesPerSecond: 1, burst: 1 });
    const times = Array.from({ length: 31 }, (_, i) => T - i * 1000).reverse();
    expect((await write('fast', series('fast_total', times))).status).toBe(204);
    const refused = await write('fast', series('fast_total', [T]));
    expect(refused.status).toBe(429);
    expect(Number(refused.retryAfter)).toBeGreaterThan(25);
    expect(JSON.parse(refused.text).error).toMatchObject({ code: 'INGEST_RATE' });
    expect((await write('slow', series('slow_total', times))).status).toBe(204);
    expect(requestsOf('fast')).toEqual({ rate: 1 });
  });

  it('that has made as many series as it may is refused new ones; its known series, and others, go on', async () => {
    bound('wide', { maxSeries: 2 });
    const wide = (...ids: string[]) => write('wide', ...ids.map((id) => series('wide', [T], { id })));
    expect((await wide('a')).status).toBe(204);
    const { status, text } = await wide('a', 'b', 'c', 'd');
    expect(status).toBe(400);
    expect(text).toContain(
      '2 new series were refused, the first {__name__=\\"wide\\", id=\\"c\\"}: token wide has made 2',
    );
    expect(refusedOf('wide')).toEqual({ series_limit: 2 });
    expect((await wide('b', 'a')).status).toBe(204);
    expect(await stored('wide')).toHaveLength(2);
    expect((await write('narrow', series('wide', [T], { id: 'c' }))).status).toBe(204);
    // Known by then, whoever made it so.
    expect((await wide('c')).status).toBe(204);
  });

  it('may send bodies as large as it is allowed, as sent and unfolded', async () => {
    bound('large', { maxBodyBytes: 1000 });
    const random = Array.from({ length: 200 }, (_, i) => series('large', [T], { id: `${i}-${Math.random()}` }));
    expect((await write('large', ...random)).status).toBe(413);
    expect((await write('small', ...random)).status).toBe(204);
    bound('large', { maxDecompressedBytes: 1000 });
    const even = Array.from({ length: 200 }, (_, i) => series('large', [T], { id: 'x'.repeat(50) + i }));
    expect(await write('large', ...even)).toMatchObject({ status: 413, text: expect.stringContaining('1000 bytes') });
    expect(requestsOf('large')).toEqual({ body_too_large: 2 });
  });

  it('may have as many requests under way as it is allowed', async () => {
    bound('many', { maxConcurrent: 1 });
    const end = senders.token('many').begin(Date.now());
    const refused = await write('many', series('many', [T]));
    expect([refused.status, refused.retryAfter]).toEqual([429, '1']);
    end();
    expect((await write('many', series('many', [T]))).status).toBe(204);
    expect(requestsOf('many')).toEqual({ concurrency: 1 });
  });

  it('has labels that are too large counted with their samples', async () => {
    const huge = { a: 'x'.repeat(70_000) };
    expect((await write('labels', series('huge', [T - 1, T], huge))).status).toBe(400);
    expect((await write('labels', series('ahead', [T + 3 * DAY]))).status).toBe(400);
    expect(refusedOf('labels')).toEqual({ label_limit: 2, too_far_ahead: 1 });
    expect(requestsOf('labels')).toEqual({ invalid: 2 });
  });
});

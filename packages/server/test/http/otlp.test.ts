import { gzipSync } from 'node:zlib';
import { defaultOtlpSettings } from '@nightshift/wire';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Right } from '../../src/api/api.ts';
import { BodyBudget } from '../../src/collect/body-budget.ts';
import { OtlpMetrics } from '../../src/collect/otlp/otlp-metrics.ts';
import { Senders } from '../../src/collect/sender.ts';
import { ingestRoutes } from '../../src/http/ingest.ts';
import { openRealStore, type RealStore } from './real-store.ts';
import { type Served, serve } from './served.ts';

const LIMIT = 1_000_000;
const T = Date.now() - 60_000;
const nanos = (ms: number) => `${BigInt(T + ms) * 1_000_000n}`;
const log = { info() {}, warn() {}, error() {} };
const budget = new BodyBudget(LIMIT);

let real: RealStore;
let served: Served;
const otlpMetrics = (maxDeltaStreams = 1000) =>
  new OtlpMetrics({
    sink: real.store,
    source: real.store.metrics,
    now: Date.now,
    maxDecompressedBytes: LIMIT,
    settings: defaultOtlpSettings,
    maxDeltaStreams,
    maxDeltaAgeMs: 3_600_000,
  });

beforeAll(async () => {
  real = await openRealStore();
  const limits = { maxBodyBytes: LIMIT, maxDecompressedBytes: LIMIT };
  const ingest = {
    sink: real.store,
    now: Date.now,
    senders: new Senders(),
    budget,
    ...limits,
    otlpMetrics: otlpMetrics(),
    log,
  };
  served = await serve({ extra: (app) => ingestRoutes(app, ingest) });
}, 60_000);
afterAll(async () => {
  await served.close();
  await real.close();
}, 60_000);

interface Sent {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly rights?: readonly Right[];
}

/** Status, media type and bytes of the answer. */
async function send(
  body: string | Uint8Array,
  type: string,
  { path = '/v1/metrics', headers, rights = ['ingest'] }: Sent = {},
) {
  const authorization = rights.length > 0 ? { authorization: `Bearer ${served.token(...rights)}` } : undefined;
  const response = await fetch(served.url + path, {
    method: 'POST',
    headers: { 'content-type': type, ...authorization, ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    bytes,
    headers: response.headers,
  };
}

const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/x-protobuf';

const gauge = (name: string, ...dataPoints: object[]) => ({ name, gauge: { dataPoints } });
const metrics = (...list: object[]) => JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: list }] }] });
const good = { timeUnixNano: nanos(0), asDouble: 1 };

async function samplesOf(name: string, more: Record<string, string> = {}) {
  const matchers = Object.entries({ __name__: name, ...more }).map(([label, value]) => {
    return { name: label, op: '=' as const, value };
  });
  const all = { step: 0, func: '', range: 0, grouping: [], by: false };
  const found = await real.store.metrics.select({ ...all, matchers, start: 0, end: Date.now() + 86_400_000 });
  return found.map(({ labels, timestamps, values, histograms }) => {
    return { labels, timestamps: [...timestamps], values: [...values], histograms };
  });
}

/** One gauge point named `g` of one double, as protobuf: field by field. */
const gaugeProto = (() => {
  const nested = (tag: number, ...parts: Uint8Array[]) => {
    const body = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([tag, body.length]), body]);
  };
  const time = Buffer.alloc(9, 0x19);
  time.writeBigUInt64LE(BigInt(T) * 1_000_000n, 1);
  const value = Buffer.alloc(9, 0x21);
  value.writeDoubleLE(2.5, 1);
  const metric = nested(0x12, nested(0x0a, Buffer.from('from_proto')), nested(0x2a, nested(0x0a, time, value)));
  return nested(0x0a, nested(0x12, metric));
})();

describe('what OTLP/HTTP answers', () => {
  it('to what was taken is empty, in the encoding of the request', async () => {
    const proto = await send(gaugeProto, PROTOBUF);
    expect([proto.status, proto.type, proto.bytes.length]).toEqual([200, PROTOBUF, 0]);
    expect(await samplesOf('from_proto')).toMatchObject([{ timestamps: [T], values: [2.5] }]);
    const json = await send(metrics(gauge('from_json', good)), `${JSON_TYPE}; charset=utf-8`);
    expect([json.status, json.type, json.bytes.toString()]).toEqual([200, JSON_TYPE, '{}']);
    expect(await samplesOf('from_json')).toMatchObject([{ values: [1] }]);
  });

  it('to nothing at all is success', async () => {
    expect((await send(new Uint8Array(), PROTOBUF)).status).toBe(200);
    expect((await send('{}', JSON_TYPE)).bytes.toString()).toBe('{}');
  });

  it('to gzip and to fields that nobody knows is success', async () => {
    const body = metrics(gauge('zipped', { ...good, of_tomorrow: [1], timeUnixNano: nanos(1) }));
    const { status } = await send(gzipSync(body), JSON_TYPE, { headers: { 'content-encoding': 'gzip' } });
    expect([status, (await samplesOf('zipped')).length]).toEqual([200, 1]);
  });

  it('to one bad point is partial success: the others are there', async () => {
    const body = metrics(gauge('partly', good, { timeUnixNano: nanos(1) }));
    const { status, bytes } = await send(body, JSON_TYPE);
    expect([status, JSON.parse(bytes.toString())]).toEqual([
      200,
      { partialSuccess: { rejectedDataPoints: '1', errorMessage: 'OTLP metrics: a point of "partly" has no value' } },
    ]);
    expect(await samplesOf('partly')).toMatchObject([{ timestamps: [T], values: [1] }]);
  });

  it('to a point beyond a limit is partial success', async () => {
    const attributes = Array.from({ length: 128 }, (_, i) => ({ key: `k${i}`, value: { stringValue: 'v' } }));
    const late = { asInt: 1, timeUnixNano: nanos(3 * 86_400_000) };
    const long = { ...good, attributes: [{ key: 'k', value: { stringValue: 'x'.repeat(70_000) } }] };
    const { bytes } = await send(metrics(gauge('limited', good, { ...good, attributes }, late, long)), JSON_TYPE);
    const { partialSuccess } = JSON.parse(bytes.toString());
    expect(partialSuccess.rejectedDataPoints).toBe('3');
    expect(partialSuccess.errorMessage).toMatch(
      /limited has 129 labels; .*limited: a point is more than a day ahead.*the value of k has 70000/,
    );
    expect(await samplesOf('limited')).toHaveLength(1);
  });

  it('is partial success in protobuf, byte by byte', async () => {
    const metric = gaugeProto.subarray(4);
    const empty = Buffer.concat([Buffer.from([0x12, 6, 0x0a, 0, 0x2a, 2, 0x0a, 0])]);
    const scope = Buffer.concat([metric, empty]);
    const body = Buffer.concat([Buffer.from([0x0a, scope.length + 2, 0x12, scope.length]), scope]);
    const message = 'OTLP metrics: the metric name "" is not usable';
    const { status, bytes } = await send(body, PROTOBUF);
    const inner = Buffer.concat([Buffer.from([0x08, 1, 0x12, message.length]), Buffer.from(message)]);
    expect([status, bytes.toString('hex')]).toEqual([
      200,
      Buffer.concat([Buffer.from([0x0a, inner.length]), inner]).toString('hex'),
    ]);
  });

  it.each([
    ['a body that cannot be decoded', '{"resourceMetrics": 3}', /resourceMetrics: expected an array/],
    ['a body of which nothing can be taken', metrics(gauge('', good)), /metric name "" is not usable/],
  ])('to %s is 400 with a google.rpc.Status', async (_, body, message) => {
    const { status, type, bytes } = await send(body, JSON_TYPE);
    expect([status, type]).toEqual([400, JSON_TYPE]);
    const told = expect.stringMatching(message);
    expect(JSON.parse(bytes.toString())).toEqual({
      code: 3,
      message: told,
      details: [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ description: told }] }],
    });
  });

  it('to damaged protobuf is 400 with a google.rpc.Status in protobuf', async () => {
    const { status, type, bytes } = await send(Uint8Array.of(0x0a, 9), PROTOBUF);
    expect([status, type]).toEqual([400, PROTOBUF]);
    const length = bytes[3]!;
    expect([...bytes.subarray(0, 3)]).toEqual([0x08, 3, 0x12]);
    const message = bytes.subarray(4, 4 + length).toString();
    expect(message).toMatch(/length/i);
    const details = bytes.subarray(4 + length);
    expect(details[0]).toBe(0x1a);
    const name = 'type.googleapis.com/google.rpc.BadRequest';
    expect(details.subarray(2, 4 + name.length).toString()).toBe(`\n${String.fromCharCode(name.length)}${name}`);
    expect(details.subarray(-length).toString()).toBe(message);
  });

  const refused: [string, () => Promise<Awaited<ReturnType<typeof send>>>, number, number][] = [
    ['without a token', () => send('{}', JSON_TYPE, { rights: [] }), 401, 16],
    ['without the right', () => send('{}', JSON_TYPE, { rights: ['read'] }), 403, 7],
    ['in another type', () => send('a=b', 'application/x-www-form-urlencoded'), 415, 3],
    ['in another encoding', () => send('{}', JSON_TYPE, { headers: { 'content-encoding': 'br' } }), 415, 3],
    ['that is too large', () => send('x'.repeat(LIMIT + 1), JSON_TYPE), 413, 8],
  ];
  it.each(refused)('to a request %s is a Status of that code', async (_, ask, status, code) => {
    const answer = await ask();
    expect([answer.status, answer.type]).toEqual([status, JSON_TYPE]);
    const told = JSON.parse(answer.bytes.toString());
    expect([told.code, typeof told.message, Object.keys(told).length]).toEqual([code, 'string', 2]);
    if (status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('to a request without a token is a Status in protobuf where the request is', async () => {
    for (const path of ['/v1/metrics', '/v1/logs', '/v1/traces']) {
      const { status, type, bytes } = await send(gaugeProto, PROTOBUF, { rights: [], path });
      expect([status, type, ...bytes.subarray(0, 3)]).toEqual([401, PROTOBUF, 0x08, 16, 0x12]);
    }
  });

  it('to one bad span or log record is partial success: the others are there', async () => {
    const id = 'b'.repeat(32);
    const span = (name: string, traceId: string) => ({
      name,
      traceId,
      spanId: 'a'.repeat(16),
      startTimeUnixNano: nanos(0),
    });
    const spans = [span('good', id), span('bad', 'abcd'), { ...span('late', id), endTimeUnixNano: `${2n ** 63n}` }];
    const traces = await send(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }), JSON_TYPE, {
      path: '/v1/traces',
    });
    expect(JSON.parse(traces.bytes.toString())).toEqual({
      partialSuccess: {
        rejectedSpans: '2',
        errorMessage: `span "bad": trace id "abcd" has 4 hexadecimal digits, expected 32; span "late": the time ${2n ** 63n} ns does not fit into signed 64 bits`,
      },
    });
    await real.store.flush();
    expect((await real.store.trace(id)).map(({ name }) => name)).toEqual(['good']);
    const logRecords = [{ body: { stringValue: 'kept line' } }, { spanId: 'abcd' }];
    const logs = await send(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }), JSON_TYPE, {
      path: '/v1/logs',
    });
    expect(JSON.parse(logs.bytes.toString()).partialSuccess.rejectedLogRecords).toBe('1');
    await real.store.flush();
    const range = { start: 0, end: Date.now() + 1000, limit: 10, order: 'newest' } as const;
    expect((await real.store.searchLogs({ ...range, words: ['kept'] })).map(({ body }) => body)).toEqual(['kept line']);
    const none = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span('bad', '')] }] }] });
    expect((await send(none, JSON_TYPE, { path: '/v1/traces' })).status).toBe(400);
  });

  it('to more than there is room for is 429 with the time to wait', async () => {
    const lease = budget.lease();
    lease.take(LIMIT);
    const { status, headers, bytes } = await send('{"a":1}', JSON_TYPE);
    lease.end();
    expect([status, headers.get('retry-after'), JSON.parse(bytes.toString()).code]).toEqual([429, '1', 8]);
  });
});

const sum = (name: string, ...dataPoints: object[]) => ({
  name,
  sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints },
});
const delta = (from: number, to: number, asInt: number, more: object = {}) => ({
  startTimeUnixNano: nanos(from),
  timeUnixNano: nanos(to),
  asInt,
  ...more,
});
const record = (body: string) =>
  ({ kind: 'otlp-metrics', format: 'json', receivedAt: Date.now(), body: Buffer.from(body) }) as const;

describe('deltas', () => {
  it('of the OpenTelemetry SDK are counters and histograms', async () => {
    const exporter = new OTLPMetricExporter({
      url: `${served.url}/v1/metrics`,
      headers: { authorization: `Bearer ${served.token('ingest')}` },
      temporalityPreference: AggregationTemporality.DELTA,
    });
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const resource = resourceFromAttributes({ 'service.name': 'shop', 'service.version': '7', 'host.name': 'h' });
    const view = { instrumentName: 'sizes', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } as const };
    const meters = new MeterProvider({ resource, readers: [reader], views: [view] });
    const meter = meters.getMeter('test');
    const requests = meter.createCounter('requests');
    const took = meter.createHistogram('took', { unit: 's', advice: { explicitBucketBoundaries: [0.1, 1] } });
    const sizes = meter.createHistogram('sizes', { unit: 'By' });
    for (let i = 1; i <= 5; i++) {
      requests.add(i, { route: '/' });
      took.record(i % 2);
      sizes.record(2 ** i);
      await reader.forceFlush();
    }
    await meters.shutdown();
    const [counter] = await samplesOf('requests_total', { route: '/', job: 'shop', service_version: '7' });
    expect(counter?.values).toEqual([0, 1, 3, 6, 10, 15]);
    const buckets = await samplesOf('took_seconds_bucket');
    const last = buckets.map(({ labels, values }) => [labels.get('le'), values.at(0), values.at(-1)]);
    expect(last.sort()).toEqual([
      ['+Inf', 0, 5],
      ['0.1', 0, 2],
      ['1', 0, 5],
    ]);
    expect((await samplesOf('took_seconds_sum'))[0]?.values.at(-1)).toBe(3);
    const [exponential] = await samplesOf('sizes_bytes');
    expect(exponential?.histograms?.map((one) => one?.count)).toEqual([0, 1, 2, 3, 4, 5]);
    const newest = exponential?.histograms?.at(-1);
    expect([newest?.sum, [...(newest?.positive.counts ?? [])]]).toEqual([62, [1, 1, 1, 1, 1]]);
    expect(await samplesOf('target_info', { host_name: 'h' })).toHaveLength(1);
  }, 30_000);

  it('go on where the store left them: after a restart, and when there are more streams than states', async () => {
    const points = (name: string, from: number, to: number) => {
      const one = { name, histogram: { aggregationTemporality: 1, dataPoints: [] as object[] } };
      const counted = { bucketCounts: [1, 2], explicitBounds: [0.5], count: 3, sum: 4 };
      one.histogram.dataPoints.push({ startTimeUnixNano: nanos(from), timeUnixNano: nanos(to), ...counted });
      const keys = ['a', 'b', 'c'].map((key) => ({ attributes: [{ key: 'k', value: { stringValue: key } }] }));
      return metrics(one, sum(`${name}_sum_of`, ...keys.map((more) => delta(from, to, 2, more))));
    };
    for (let i = 0; i < 4; i++) {
      const body = points('resumed', i * 10, i * 10 + 10);
      expect(await otlpMetrics(2).take(record(body))).toEqual({ rejected: 0, message: '' });
      // The sender did not hear it and tries again, elsewhere.
      expect(await otlpMetrics().take(record(body))).toMatchObject({ rejected: 4 });
    }
    for (const { values } of await samplesOf('resumed_sum_of_total')) expect(values).toEqual([0, 2, 4, 6, 8]);
    expect((await samplesOf('resumed_count'))[0]?.values).toEqual([0, 3, 6, 9, 12]);
    expect((await samplesOf('resumed_sum'))[0]?.values).toEqual([0, 4, 8, 12, 16]);
    expect((await samplesOf('resumed_bucket', { le: '0.5' }))[0]?.values).toEqual([0, 1, 2, 3, 4]);
  });

  it('of many requests at once are counted once each, those that come late refused', async () => {
    const receiver = otlpMetrics(3);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => receiver.take(record(metrics(sum('crowded', delta(i, i + 1, 1)))))),
    );
    const rejected = answers.reduce((all, one) => all + one.rejected, 0);
    expect((await samplesOf('crowded_total'))[0]?.values.at(-1)).toBe(30 - rejected);
    expect(receiver.counts).toEqual({ taken: 30 - rejected, refused: rejected });
    expect(receiver.deltaStreams).toBe(1);
  });

  it('are not counted while they cannot be stored, and can be sent again', async () => {
    let fails = true;
    const sink = {
      admit: async (...args: Parameters<typeof real.store.admit>) => {
        if (fails) throw new Error('disk full');
        await real.store.admit(...args);
      },
    };
    const options = { now: Date.now, maxDecompressedBytes: LIMIT, settings: defaultOtlpSettings };
    const deltas = { maxDeltaStreams: 10, maxDeltaAgeMs: 60_000, source: real.store.metrics };
    const receiver = new OtlpMetrics({ ...options, ...deltas, sink });
    const body = metrics(sum('failing', delta(0, 1, 7)));
    await expect(receiver.take(record(body))).rejects.toThrow('disk full');
    expect(receiver.deltaStreams).toBe(0);
    fails = false;
    expect(await receiver.take(record(body))).toEqual({ rejected: 0, message: '' });
    expect((await samplesOf('failing_total'))[0]?.values).toEqual([0, 7]);
  });
});

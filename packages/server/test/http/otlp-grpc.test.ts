import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { defaultOtlpSettings } from '@nightshift/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BodyBudget } from '../../src/collect/body-budget.ts';
import { OtlpMetrics } from '../../src/collect/otlp/otlp-metrics.ts';
import { Senders } from '../../src/collect/sender.ts';
import { NightshiftError } from '../../src/errors/catalogue.ts';
import { buildOtlpGrpc, type OtlpGrpcServer } from '../../src/http/otlp-grpc/server.ts';
import { openRealStore, type RealStore } from './real-store.ts';

const LIMIT = 100_000;
const T = Date.now() - 60_000;
const METRICS = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const tokens: Record<string, readonly string[]> = { good: ['ingest'], reader: ['read'] };
const budget = new BodyBudget(LIMIT * 4);

let real: RealStore;
let grpc: OtlpGrpcServer;
let session: ClientHttp2Session;
let isFull = false;

beforeAll(async () => {
  real = await openRealStore();
  const sink = {
    admit: async (...args: Parameters<typeof real.store.admit>) => {
      if (isFull) throw new NightshiftError('OVERLOADED', { what: 'a test' }, 5);
      await real.store.admit(...args);
    },
  };
  const limits = { maxBodyBytes: LIMIT, maxDecompressedBytes: LIMIT };
  const deltas = { maxDeltaStreams: 10, maxDeltaAgeMs: 60_000, settings: defaultOtlpSettings };
  const otlpMetrics = new OtlpMetrics({ sink, source: real.store.metrics, now: Date.now, ...limits, ...deltas });
  const log = { info() {}, warn() {}, error() {} };
  const verify = (token: string) => (tokens[token] ? { name: token, rights: tokens[token] } : null);
  const senders = new Senders();
  grpc = buildOtlpGrpc({ sink, now: Date.now, budget, senders, ...limits, otlpMetrics, log, verify });
  await grpc.listen({ host: '127.0.0.1', port: 0 });
  session = connect(`http://127.0.0.1:${(grpc.server.address() as AddressInfo).port}`);
}, 60_000);
afterAll(async () => {
  session.close();
  await grpc.close(100);
  await real.close();
}, 60_000);

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Status and message, wherever they stand. */
  readonly status: string | undefined;
  readonly message: string;
}

function call(path: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { ':method': 'POST', ':path': path, te: 'trailers', 'content-type': 'application/grpc', ...headers };
    const stream = session.request({ authorization: 'Bearer good', ...all });
    const chunks: Buffer[] = [];
    let first: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on('response', (got) => {
      first = got;
    });
    stream.on('trailers', (got) => {
      trailers = got;
    });
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      const status = (trailers['grpc-status'] ?? first['grpc-status']) as string | undefined;
      const message = String(trailers['grpc-message'] ?? first['grpc-message'] ?? '');
      resolve({ headers: first, trailers, body: Buffer.concat(chunks), status, message });
    });
    stream.end(body);
  });
}

const framed = (bytes: Uint8Array, flag = 0) => {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};

const nested = (tag: number, ...parts: Uint8Array[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, body.length]), body]);
};

/** ExportMetricsServiceRequest of one gauge with one double. */
function gauge(name: string, value = 2.5): Buffer {
  const time = Buffer.alloc(9, 0x19);
  time.writeBigUInt64LE(BigInt(T) * 1_000_000n, 1);
  const double = Buffer.alloc(9, 0x21);
  double.writeDoubleLE(value, 1);
  const metric = nested(0x12, nested(0x0a, Buffer.from(name)), nested(0x2a, nested(0x0a, time, double)));
  return nested(0x0a, nested(0x12, metric));
}

async function valuesOf(name: string): Promise<number[]> {
  const matchers = [{ name: '__name__', op: '=' as const, value: name }];
  const all = { step: 0, func: '', range: 0, grouping: [], by: false };
  const found = await real.store.metrics.select({ ...all, matchers, start: T - 1000, end: T + 1000 });
  return found.flatMap(({ values }) => [...values]);
}

describe('OTLP over gRPC', () => {
  it('stores what it is sent, and answers with an empty message and status 0 in trailers', async () => {
    const { headers, body, trailers } = await call(METRICS, framed(gauge('by_grpc')));
    expect([headers[':status'], headers['content-type']]).toEqual([200, 'application/grpc']);
    expect([...body]).toEqual([0, 0, 0, 0, 0]);
    expect(trailers['grpc-status']).toBe('0');
    expect(await valuesOf('by_grpc')).toEqual([2.5]);
  });

  it('takes gzip, and many calls at once', async () => {
    const names = Array.from({ length: 150 }, (_, i) => `many_${i}`);
    const gzip = { 'grpc-encoding': 'gzip' };
    const answers = await Promise.all(names.map((name) => call(METRICS, framed(gzipSync(gauge(name)), 1), gzip)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['0']));
    expect(await valuesOf('many_149')).toEqual([2.5]);
  });

  it('takes the signals, each by its service', async () => {
    expect((await call(TRACES, framed(new Uint8Array()))).status).toBe('0');
    const logs = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
    expect((await call(logs, framed(new Uint8Array()), { 'content-type': 'application/grpc+proto' })).status).toBe('0');
  });

  it('tells of partial success in its message', async () => {
    const good = gauge('partly_by_grpc');
    const { body, status } = await call(METRICS, framed(Buffer.concat([good, gauge('')])));
    const message = 'OTLP metrics: the metric name "" is not usable';
    const partial = nested(0x0a, Buffer.from([0x08, 1]), nested(0x12, Buffer.from(message)));
    expect([status, body.toString('hex')]).toEqual(['0', framed(partial).toString('hex')]);
    expect(await valuesOf('partly_by_grpc')).toEqual([2.5]);
  });

  const token = (authorization: string) => ({ authorization });
  const refused: [string, string, Uint8Array, Record<string, string>, string, RegExp][] = [
    ['an unknown method', '/x.Y/Z', framed(gauge('m')), {}, '12', /no method \/x\.Y\/Z/],
    ['an unknown token', METRICS, framed(gauge('m')), token('Bearer bad'), '16', /unknown or has expired/],
    ['no bearer', METRICS, framed(gauge('m')), token('Basic x'), '16', /unknown/],
    [
      'a token without the right',
      METRICS,
      framed(gauge('m')),
      token('Bearer reader'),
      '7',
      /`ingest`; the token has `read`/,
    ],
    ['an unknown encoding', METRICS, framed(gauge('m'), 1), { 'grpc-encoding': 'zstd' }, '12', /zstd/],
    ['damaged protobuf', METRICS, framed(Uint8Array.of(0x0a, 9)), {}, '3', /./],
    ['nothing that can be taken', METRICS, framed(gauge('')), {}, '3', /is not usable/],
    ['no message', METRICS, new Uint8Array(), {}, '3', /a body of 0 bytes/],
    ['a torn message', METRICS, framed(gauge('m')).subarray(0, 20), {}, '3', /a message of \d+ bytes in 15/],
    [
      'two messages',
      METRICS,
      Buffer.concat([framed(gauge('m')), framed(gauge('m'))]),
      {},
      '3',
      /one message is expected/,
    ],
    ['an unknown flag', METRICS, framed(gauge('m'), 2), {}, '3', /compressed flag 2/],
    ['a message that is too large', METRICS, framed(new Uint8Array(LIMIT + 1)), {}, '3', /more than \d+ bytes/],
    [
      'a bomb',
      METRICS,
      framed(gzipSync(new Uint8Array(LIMIT + 1)), 1),
      { 'grpc-encoding': 'gzip' },
      '3',
      /decompressed/,
    ],
    ['no gzip in it', METRICS, framed(gauge('m'), 1), { 'grpc-encoding': 'gzip' }, '3', /cannot be read as gzip/],
  ];
  it.each(refused)('refuses %s', async (_, path, body, headers, status, message) => {
    const answer = await call(path, body, headers);
    expect([answer.headers[':status'], answer.status]).toEqual([200, status]);
    expect(decodeURIComponent(answer.message)).toMatch(message);
    expect(answer.body).toHaveLength(0);
    expect(budget.held).toBe(0);
  });

  it('says when to try again', async () => {
    isFull = true;
    const { status, headers } = await call(METRICS, framed(gauge('later')));
    isFull = false;
    const delay = nested(0x12, nested(0x0a, Buffer.from([0x08, 5])));
    const type = nested(0x0a, Buffer.from('type.googleapis.com/google.rpc.RetryInfo'));
    const details = Buffer.concat([Buffer.from([0x08, 14]), nested(0x1a, type, delay)]);
    expect(status).toBe('14');
    expect(headers['grpc-status-details-bin']).toBe(details.toString('base64').replace(/=+$/, ''));
    expect((await call(METRICS, framed(gauge('later')))).status).toBe('0');
  });

  it('answers what is no gRPC with 415', async () => {
    const { headers, body } = await call(METRICS, gauge('m'), { 'content-type': 'application/x-protobuf' });
    expect([headers[':status'], body.toString()]).toEqual([415, expect.stringMatching(/speaks gRPC/)]);
  });

  it('lets open calls end when it closes, and cuts connections that do not', async () => {
    const own = buildOtlpGrpc({ ...(await depsOfNothing()) });
    await own.listen({ host: '127.0.0.1', port: 0 });
    const client = connect(`http://127.0.0.1:${(own.server.address() as AddressInfo).port}`);
    client.on('error', () => {});
    const open = client.request({
      ':method': 'POST',
      ':path': METRICS,
      'content-type': 'application/grpc',
      authorization: 'Bearer x',
    });
    open.on('error', () => {});
    await new Promise((done) => client.once('remoteSettings', done));
    open.write(Buffer.alloc(3));
    const from = performance.now();
    await own.close(200);
    expect(performance.now() - from).toBeLessThan(3000);
    client.destroy();
  });
});

async function depsOfNothing() {
  const limits = { maxBodyBytes: LIMIT, maxDecompressedBytes: LIMIT };
  const log = { info() {}, warn() {}, error() {} };
  const deltas = { maxDeltaStreams: 10, maxDeltaAgeMs: 60_000, settings: defaultOtlpSettings };
  const base = { sink: real.store, now: Date.now, ...limits };
  const otlpMetrics = new OtlpMetrics({ ...base, source: real.store.metrics, ...deltas });
  const verify = () => ({ name: 'anyone', rights: ['ingest'] });
  return { ...base, budget, senders: new Senders(), otlpMetrics, log, verify };
}

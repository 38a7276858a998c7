import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { LogEntry, SpanEntry, TokenInfo } from '@nightshift/server/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, ValueType } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endProcess, freePort } from '../../../conformance/peers/process.ts';
import { malformedBodies, sendMalformed } from '../../../conformance/suites/malformed.ts';
import { type ServeProcess, startServe } from '../src/demo/serve-process.ts';
import { startTokenProxy } from './token-proxy.ts';

const entry = resolve('packages/cli/dist/nightshift.js');
const prometheus = '/usr/bin/prometheus';
const promtool = '/usr/bin/promtool';
const malformed = resolve('../shared/conformance/malformed');
const arrival = { timeout: 10_000, interval: 200 };
const seconds = (count: number) => count * 1000;

const dir = mkdtempSync(join(tmpdir(), 'nightshift-clients-'));
const dataDir = join(dir, 'data');
let serve: ServeProcess;
let otlpUrl: string;
let token: string;

beforeAll(async () => {
  if (!existsSync(entry)) execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'ignore' });
  mkdirSync(dataDir);
  // The malformed bodies are of January 2026; with the default retention what they store is dropped as too old.
  writeFileSync(join(dataDir, 'nightshift.yaml'), 'retention: { metrics: 0, traces: 0, logs: 0 }\n');
  serve = await startServe(entry, dataDir, AbortSignal.timeout(seconds(60)));
  token = readFileSync(join(dataDir, 'cli-token'), 'utf8').trim();
  ({ otlpUrl } = JSON.parse(readFileSync(join(dataDir, 'serve.json'), 'utf8')) as { otlpUrl: string });
}, seconds(180));

afterAll(async () => {
  if (serve) await endProcess(serve.pid);
  rmSync(dir, { recursive: true, force: true });
}, seconds(40));

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

interface Sample {
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** The instant vector that the Prometheus API answers with, ordered by its labels' text. */
async function instant(query: string): Promise<Sample[]> {
  const { data } = await serve.client.get<{
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  }>('/api/v1/query', { query });
  return data.result
    .map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
    .sort((a, b) => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1));
}

describe('the OpenTelemetry SDK for JavaScript, by protobuf', () => {
  const service = 'checkout';
  const attributes = { 'service.name': service, 'service.version': '1.4.2', 'deployment.environment.name': 'test' };
  const resource = resourceFromAttributes(attributes);
  const to = (path: string) => ({ url: otlpUrl + path, headers: bearer(token) });
  const gzip = 'gzip' as NonNullable<NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>['compression']>;
  /** Whole seconds and nanoseconds, as the SDK takes a time without rounding it. */
  const second = Math.floor(Date.now() / 1000) - 5;
  const at = (nanos: number): [number, number] => [second, nanos];
  const nanos = (rest: number) => String(BigInt(second) * 1_000_000_000n + BigInt(rest));

  it('sends spans, and the trace shows every field of them', async () => {
    const provider = new NodeTracerProvider({
      resource,
      spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter({ ...to('/v1/traces'), compression: gzip }))],
    });
    const tracer = provider.getTracer('clients-test');
    const parent = tracer.startSpan('POST /order', {
      kind: SpanKind.SERVER,
      startTime: at(1_000_001),
      attributes: {
        'http.route': '/order',
        'http.response.status_code': 503,
        negative: -7,
        large: 2 ** 40 + 1,
        ratio: 0.1,
        cached: false,
        sizes: [1, 2, 3],
        names: ['ä', '日本', '🌙'],
        empty: '',
      },
    });
    const child = tracer.startSpan(
      'charge',
      { kind: SpanKind.CLIENT, startTime: at(2_000_002) },
      trace.setSpan(ROOT_CONTEXT, parent),
    );
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'card refused' });
    child.addEvent('exception', { 'exception.type': 'TypeError', attempt: 2, fatal: true }, at(3_000_003));
    child.end(at(4_000_004));
    parent.setStatus({ code: SpanStatusCode.OK });
    parent.end(at(5_000_005));
    await provider.shutdown();

    const { traceId, spanId } = parent.spanContext();
    const common = { traceId, service, version: '1.4.2' };
    const read = async () => (await serve.client.get<{ spans: SpanEntry[] }>(`/api/v1/traces/${traceId}`)).spans;
    await expect.poll(async () => (await read()).length, arrival).toBe(2);
    const spans = (await read()).sort((a, b) => Number(BigInt(a.startUnixNano) - BigInt(b.startUnixNano)));
    expect(spans).toEqual([
      {
        ...common,
        spanId,
        parentSpanId: '',
        name: 'POST /order',
        kind: 'server',
        startUnixNano: nanos(1_000_001),
        endUnixNano: nanos(5_000_005),
        status: 'ok',
        statusMessage: '',
        attributes: {
          'http.route': '/order',
          'http.response.status_code': '503',
          negative: '-7',
          large: '1099511627777',
          ratio: '0.1',
          cached: 'false',
          sizes: '[1,2,3]',
          names: '["ä","日本","🌙"]',
          empty: '',
        },
        events: [],
      },
      {
        ...common,
        spanId: child.spanContext().spanId,
        parentSpanId: spanId,
        name: 'charge',
        kind: 'client',
        startUnixNano: nanos(2_000_002),
        endUnixNano: nanos(4_000_004),
        status: 'error',
        statusMessage: 'card refused',
        attributes: {},
        events: [
          {
            timeUnixNano: nanos(3_000_003),
            name: 'exception',
            attributes: { 'exception.type': 'TypeError', attempt: '2', fatal: 'true' },
          },
        ],
      },
    ]);
  });

  it('sends a counter, gauges and histograms, and PromQL answers with their values', async () => {
    const reader = new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter(to('/v1/metrics')),
      exportIntervalMillis: seconds(3600),
    });
    const provider = new MeterProvider({
      resource,
      readers: [reader],
      views: [{ instrumentName: 'order.weight', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    });
    const meter = provider.getMeter('clients-test');
    const orders = meter.createCounter('orders', { unit: '{order}' });
    orders.add(3, { 'pay.by': 'card' });
    orders.add(1.5, { 'pay.by': 'card' });
    orders.add(2, { 'pay.by': 'cash' });
    meter.createUpDownCounter('open.orders', { valueType: ValueType.INT }).add(-2);
    meter.createGauge('room.temperature', { unit: 'Cel' }).record(-1.25);
    const advice = { explicitBucketBoundaries: [0.1, 0.5, 1] };
    const duration = meter.createHistogram('order.duration', { unit: 's', advice });
    for (const value of [0.0625, 0.25, 0.25, 2]) duration.record(value, { route: '/order' });
    const weights = [1.5, 3, 6];
    const weight = meter.createHistogram('order.weight', { unit: 'kg' });
    for (const value of weights) weight.record(value);
    await provider.shutdown();

    const target = { job: service, service_version: '1.4.2', deployment_environment_name: 'test' };
    await expect
      .poll(() => instant('orders_total'), arrival)
      .toEqual([
        { labels: { __name__: 'orders_total', ...target, pay_by: 'card' }, value: 4.5 },
        { labels: { __name__: 'orders_total', ...target, pay_by: 'cash' }, value: 2 },
      ]);
    expect(await instant('open_orders')).toEqual([{ labels: { __name__: 'open_orders', ...target }, value: -2 }]);
    expect(await instant('room_temperature_celsius')).toEqual([
      { labels: { __name__: 'room_temperature_celsius', ...target }, value: -1.25 },
    ]);
    const of = { ...target, route: '/order' };
    const name = 'order_duration_seconds';
    const bucket = (le: string, value: number) => ({ labels: { __name__: `${name}_bucket`, ...of, le }, value });
    expect(await instant(`${name}_sum`)).toEqual([{ labels: { __name__: `${name}_sum`, ...of }, value: 2.5625 }]);
    expect(await instant(`${name}_count`)).toEqual([{ labels: { __name__: `${name}_count`, ...of }, value: 4 }]);
    const buckets = await instant(`${name}_bucket`);
    expect(buckets).toHaveLength(4);
    expect(buckets).toEqual(
      expect.arrayContaining([bucket('0.1', 1), bucket('0.5', 3), bucket('1', 3), bucket('+Inf', 4)]),
    );
    expect((await instant('target_info{job="checkout"}')).map(({ value }) => value)).toEqual([1]);

    expect((await instant('histogram_sum(order_weight_kg)'))[0]?.value).toBe(10.5);
    expect((await instant('histogram_count(order_weight_kg)'))[0]?.value).toBe(weights.length);
    // Powers of two are bounds of buckets at every resolution.
    for (const bound of [1, 2, 4, 8]) {
      const [fraction] = await instant(`histogram_fraction(0, ${bound}, order_weight_kg)`);
      expect(fraction?.value, `up to ${bound}`).toBeCloseTo(weights.filter((one) => one <= bound).length / 3, 9);
    }
  });

  it('sends deltas, and they are added up to a counter', async () => {
    const exporter = new OTLPMetricExporter({
      ...to('/v1/metrics'),
      temporalityPreference: AggregationTemporality.DELTA,
    });
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: seconds(3600) });
    const provider = new MeterProvider({ resource, readers: [reader] });
    const orders = provider.getMeter('clients-test').createCounter('delta.orders');
    orders.add(1);
    await provider.forceFlush();
    orders.add(2);
    await provider.shutdown();
    expect((await instant('delta_orders_total')).map(({ value }) => value)).toEqual([3]);
  });

  it('sends a log record, and the search shows every field of it', async () => {
    const provider = new LoggerProvider({
      resource,
      processors: [new SimpleLogRecordProcessor(new OTLPLogExporter(to('/v1/logs')))],
    });
    const context = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', traceFlags: 1 };
    provider.getLogger('clients-test').emit({
      timestamp: at(7_000_007),
      severityNumber: 17,
      severityText: 'ERROR',
      body: 'card refused: “stolen” 🌙\n\tat charge (pay.js:7:13)',
      attributes: { attempt: -3, ratio: 0.5, last: true, raw: new Uint8Array([0, 1, 255]), nested: { a: [1, 'b'] } },
      context: trace.setSpanContext(ROOT_CONTEXT, context),
    });
    await provider.shutdown();

    const read = async () => (await serve.client.get<{ logs: LogEntry[] }>('/api/v1/logs', { service })).logs;
    await expect.poll(read, arrival).toEqual([
      {
        at: second * 1000 + 7,
        timeUnixNano: nanos(7_000_007),
        service,
        version: '1.4.2',
        severity: 17,
        severityText: 'ERROR',
        body: 'card refused: “stolen” 🌙\n\tat charge (pay.js:7:13)',
        traceId: context.traceId,
        spanId: context.spanId,
        attributes: { ...attributes, attempt: '-3', ratio: '0.5', last: 'true', raw: 'AAH/', nested: '{"a":[1,"b"]}' },
      },
    ]);
    const { logs } = await serve.client.get<{ logs: LogEntry[] }>('/api/v1/logs', { trace: context.traceId });
    expect(logs).toHaveLength(1);
  });
});

if (!existsSync(prometheus)) console.warn(`SKIPPED: a real Prometheus is not tested, ${prometheus} is missing.`);
if (!existsSync(promtool)) console.warn(`SKIPPED: promtool does not ask us, ${promtool} is missing.`);

describe.skipIf(!existsSync(prometheus))('a Prometheus server that writes to us', () => {
  let peer: ChildProcess;
  let instance: string;
  let peerOutput = '';

  beforeAll(async () => {
    const port = await freePort();
    instance = `127.0.0.1:${port}`;
    const config = join(dir, 'prometheus.json');
    // JSON is YAML.
    const content = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', external_labels: { origin: 'peer' } },
      scrape_configs: [{ job_name: 'itself', static_configs: [{ targets: [instance] }] }],
      remote_write: [
        {
          url: `${serve.url}/api/v1/write`,
          authorization: { type: 'Bearer', credentials: token },
          queue_config: { batch_send_deadline: '500ms' },
          metadata_config: { send: true, send_interval: '1s' },
        },
      ],
    };
    writeFileSync(config, JSON.stringify(content), { mode: 0o600 });
    peer = spawn(
      prometheus,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(dir, 'prometheus')}`,
        `--web.listen-address=${instance}`,
        '--log.level=warn',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    peer.stderr?.setEncoding('utf8').on('data', (text: string) => {
      peerOutput += text;
    });
  });
  afterAll(async () => {
    if (peer.pid) await endProcess(peer.pid);
  }, seconds(30));

  it('delivers its series with all labels', async () => {
    const labels = { job: 'itself', instance, origin: 'peer' };
    await expect
      .poll(() => instant('up{origin="peer"}'), { ...arrival, timeout: seconds(20) })
      .toEqual([{ labels: { __name__: 'up', ...labels }, value: 1 }]);
    const [build] = await instant('prometheus_build_info{origin="peer"}');
    expect(build).toMatchObject({ value: 1, labels: { ...labels, version: expect.stringMatching(/^\d+\.\d+\.\d+/) } });
  });

  it('gets the same answers from us as from itself', async () => {
    const ask = async (server: string, query: string, time: number): Promise<unknown[]> => {
      const url = `${server}/api/v1/query?query=${encodeURIComponent(query)}&time=${time}`;
      const answer = await fetch(url, { headers: bearer(token) });
      const { data } = (await answer.json()) as { data: { result: { value: unknown }[] } };
      return data.result.map(({ value }) => value);
    };
    const itself = `http://${instance}`;
    await expect
      .poll(() => ask(itself, 'count_over_time(up[1m]) >= bool 3', Date.now() / 1000), arrival)
      .toEqual([[expect.any(Number), '1']]);
    const end = Math.floor(Date.now() / 1000);
    // Samples and series that both hold for good: of a range that has ended.
    for (const query of [
      'count_over_time(up{job="itself"}[1m])',
      'count(last_over_time({job="itself"}[1m]))',
      'sum(max_over_time(prometheus_http_request_duration_seconds_bucket{job="itself"}[1m]))',
      'max_over_time(process_start_time_seconds{job="itself"}[1m])',
    ]) {
      const expected = await ask(itself, query, end);
      expect(expected, query).toHaveLength(1);
      await expect.poll(() => ask(serve.url, query, end), { ...arrival, message: query }).toEqual(expected);
    }
  });

  it('has nothing to complain about', () => {
    expect(peer.exitCode).toBeNull();
    expect(peerOutput).not.toMatch(/level=(warn|error)/);
  });

  it('sends metadata too', async () => {
    const read = async () =>
      (await serve.client.get<{ data: object }>('/api/v1/metadata', { metric: 'prometheus_build_info' })).data;
    await expect.poll(read, arrival).toMatchObject({ prometheus_build_info: [{ type: 'gauge' }] });
  });

  it.skipIf(!existsSync(promtool))('lets promtool ask us', async () => {
    const proxy = await startTokenProxy(serve.url, token);
    try {
      const address = proxy.url;
      const run = promisify(execFile);
      const up = await run(promtool, ['query', 'instant', address, 'up{origin="peer"}']);
      expect(up.stdout).toMatch(`up{instance="${instance}", job="itself", origin="peer"} => 1 @[`);
      const series = await run(promtool, ['query', 'series', '--match=up{origin="peer"}', address]);
      expect(series.stdout).toContain(`instance="${instance}"`);
      const labels = await run(promtool, ['query', 'labels', address, 'origin']);
      expect(labels.stdout.trim()).toBe('peer');
      const wrong = await run(promtool, ['query', 'instant', address, 'up{']).catch((error: unknown) => error);
      expect(wrong).toMatchObject({ stderr: expect.stringContaining('parse error') });
    } finally {
      proxy.close();
    }
  });
});

const memory = (field: 'VmRSS' | 'VmHWM'): number => {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${serve.pid}/status`, 'utf8'));
  return Number(line?.[1]) / 1024;
};

if (!existsSync(malformed)) console.warn(`SKIPPED: malformed bodies are not tested, ${malformed} is missing.`);

describe.skipIf(!existsSync(malformed))('bodies that are broken or hostile', () => {
  let before: number;

  beforeAll(async () => {
    before = memory('VmRSS');
    // proc(5): 5 resets the peak, so that it is the peak of these bodies.
    writeFileSync(`/proc/${serve.pid}/clear_refs`, '5');
    // What each is answered with is for the conformance page.
    for (const body of malformedBodies()) await sendMalformed(serve.url, bearer(token), body);
  }, seconds(60));

  it('does not show a span without a valid trace id', async () => {
    const response = await fetch(`${serve.url}/api/v1/traces/${'0'.repeat(32)}`, { headers: bearer(token) });
    const { spans } = (await response.json()) as { spans?: SpanEntry[] };
    expect(spans ?? []).toEqual([]);
  });

  it('shows a span that ends before it starts with no duration, and loses no nanosecond of a JSON number', async () => {
    const id = '5b8efff798038103d269b633813fc60c';
    const read = async () => {
      const { spans } = await serve.client.get<{ spans: SpanEntry[] }>(`/api/v1/traces/${id}`);
      return spans.map(({ startUnixNano, endUnixNano }) => `${startUnixNano} to ${endUnixNano}`).sort();
    };
    const oneSecond = '1767225600000000000 to 1767225601000000000';
    // Of the bodies end_before_start, int64_number and unknown_field, which share one trace.
    await expect.poll(read, arrival).toEqual(['1767225600000000000 to 1767225600000000000', oneSecond, oneSecond]);
  });

  it('keeps NaN and the infinities of OTLP/JSON', async () => {
    const at = async (time: number) => {
      const query = { query: 'g', time };
      const { data } = await serve.client.get<{ data: { result: { value: unknown[] }[] } }>('/api/v1/query', query);
      return data.result.map(({ value }) => value[1]);
    };
    const values = async () => [await at(1_767_225_600), await at(1_767_225_601), await at(1_767_225_602)];
    await expect.poll(values, arrival).toEqual([['NaN'], ['+Inf'], ['-Inf']]);
  });

  it('returns text that looks like SQL as it was sent', async () => {
    const sent = JSON.parse(readFileSync(join(malformed, 'otlp_json_sql_injection.json'), 'utf8'));
    const { resource, scopeLogs } = sent.resourceLogs[0];
    const service: string = resource.attributes[0].value.stringValue;
    const record = scopeLogs[0].logRecords[0];
    const start = Number(BigInt(record.timeUnixNano) / 1_000_000n) - 1000;
    const query = { service, start, end: start + 2000 };
    const read = async () => (await serve.client.get<{ logs: LogEntry[] }>('/api/v1/logs', query)).logs;
    await expect.poll(async () => (await read()).length, arrival).toBe(1);
    const logs = await read();
    expect(logs[0]).toMatchObject({ service, body: record.body.stringValue });
    expect(logs[0]?.attributes["a'b`c\\"]).toBe('{p:String}');
  });

  it('leaves the server alive, well, and without 200 MB more at its peak', async () => {
    expect(memory('VmHWM') - before).toBeLessThan(200);
    expect(await serve.client.get('/health')).toMatchObject({ status: 'up' });
  });
});

describe('a client that is not right', () => {
  const post = (url: string, headers: Record<string, string>) => fetch(url, { method: 'POST', headers, body: '' });
  const proto = { 'content-type': 'application/x-protobuf' };
  /** The body as text: JSON of ours, or a google.rpc.Status where OTLP was spoken. */
  const said = async (response: Response) => Buffer.from(await response.arrayBuffer()).toString();

  it('is 401 with a wrong token, and with none, on both ports', async () => {
    for (const url of [`${serve.url}/api/v1/write`, `${serve.url}/v1/logs`, `${otlpUrl}/v1/traces`]) {
      const wrong = await post(url, { ...proto, ...bearer('nst_wrong') });
      expect([wrong.status, await said(wrong)]).toEqual([401, expect.stringContaining('unknown or has expired')]);
      expect(wrong.headers.get('www-authenticate')).toBe('Bearer');
      const none = await post(url, proto);
      expect([none.status, await said(none)]).toEqual([401, expect.stringContaining('needs a bearer token')]);
    }
  });

  it('is 403 without the right, which the message names', async () => {
    const made = await serve.client.post<TokenInfo & { token: string }>('/api/v1/tokens', {
      name: 'reader',
      rights: ['read'],
    });
    for (const url of [`${serve.url}/api/v1/write`, `${otlpUrl}/v1/metrics`]) {
      const response = await post(url, { ...proto, ...bearer(made.token) });
      expect(response.status).toBe(403);
      expect(await said(response)).toContain('This needs the right `ingest`; the token has `read`.');
    }
    const allowed = await fetch(`${serve.url}/api/v1/query?query=up`, { headers: bearer(made.token) });
    expect(allowed.status).toBe(200);
  });

  it('is 401 as soon as its token is deleted', async () => {
    const made = await serve.client.post<TokenInfo & { token: string }>('/api/v1/tokens', {
      name: 'short-lived',
      rights: ['ingest'],
    });
    const url = `${otlpUrl}/v1/traces`;
    expect((await post(url, { ...proto, ...bearer(made.token) })).status).toBe(200);
    await serve.client.delete(`/api/v1/tokens/${made.id}`);
    expect((await post(url, { ...proto, ...bearer(made.token) })).status).toBe(401);
  });

  it.each([
    ['/api/v1/write', 'application/json'],
    ['/api/v1/write', 'application/x-protobuf;proto=io.prometheus.write.v3.Request'],
    ['/v1/traces', 'text/plain'],
    ['/v1/metrics', 'application/x-www-form-urlencoded'],
  ])('is 415 where %s gets %s', async (path, type) => {
    const response = await post(serve.url + path, { ...bearer(token), 'content-type': type });
    expect(response.status).toBe(415);
    expect(await said(response)).toContain(`Content type ${type} is not taken here`);
  });

  it('is 415 with an encoding that is not taken', async () => {
    const headers = { ...bearer(token), ...proto, 'content-encoding': 'br' };
    expect((await post(`${otlpUrl}/v1/traces`, headers)).status).toBe(415);
  });

  it('is 404 at an unknown path, and 405 with a wrong method', async () => {
    for (const url of [`${serve.url}/api/v1/nothing`, `${otlpUrl}/v1/nothing`]) {
      expect((await post(url, { ...proto, ...bearer(token) })).status).toBe(404);
    }
    const get = await fetch(`${serve.url}/api/v1/write`, { headers: bearer(token) });
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('is told where its PromQL cannot be read', async () => {
    const query = encodeURIComponent('sum(rate(up[5m])\n  by job)');
    const response = await fetch(`${serve.url}/api/v1/query?query=${query}`, { headers: bearer(token) });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      status: 'error',
      errorType: 'bad_data',
      error: expect.stringMatching(/^invalid parameter "query": 2:3: parse error: /),
    });
  });

  it('does not see the health without a token, only whether we live', async () => {
    expect((await fetch(`${serve.url}/health`)).status).toBe(401);
    expect((await fetch(`${serve.url}/health`, { headers: bearer(token) })).status).toBe(200);
    expect(await (await fetch(`${serve.url}/live`)).json()).toEqual({ status: 'live' });
  });
});

import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeOtlpLogs, decodeOtlpMetrics, decodeOtlpTraces } from '../../../wire/src/index.ts';
import type { Options } from '../../src/config/keys.ts';
import { start } from '../../src/core/start.ts';
import { createExporter } from '../../src/export/exporter.ts';
import { BoundedQueue } from '../../src/export/queue.ts';
import { VERSION } from '../../src/export/resource.ts';
import { retryAfter } from '../../src/export/sender.ts';
import { httpClient } from '../../src/http/client.ts';
import { type Answer, receiver, until } from './receiver.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listening(answer?: Answer) {
  const one = await receiver(answer);
  closing.push(one.close);
  return one;
}

function exporting(options: Options) {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const started = start({
    options: { exportInterval: 86_400_000, serviceName: 'shop', ...options },
    environment: {},
    instrumentations: [],
    say,
  });
  const exporter = createExporter(started, say)!;
  closing.push(exporter.close);
  const statusOf = (signal: string) => exporter.status().find((one) => one.signal === signal)!;
  return { started, exporter, said, statusOf };
}

const line = (body: string) => ({
  time: Date.now(),
  severity: 9,
  severityText: 'info',
  content: { body, attributes: { user: 'ada', tries: 3, share: 0.5, isNew: true, tags: ['a', 'b'] } },
  size: body.length,
  traceId: '',
  spanId: '',
  sampled: false,
});

describe('a push', () => {
  it('brings spans, logs and metrics in a form that the service of this project reads', async () => {
    const { url, of } = await listening();
    const { started, exporter, statusOf } = exporting({
      endpoint: url,
      token: 'secret',
      headers: { 'X-Team': 'a' },
      resourceAttributes: { 'service.version': '42', 'deployment.environment.name': 'production' },
    });
    const { tracer, meters, logs } = started;
    const outer = tracer.start('GET /', 'server', undefined, { time: 1_700_000_000_000.25 });
    outer.set('http.route', '/');
    outer.event('cache.miss', { key: 'k' }, 1_700_000_000_001);
    const inner = tracer.start('SELECT', 'client', outer, { links: [{ ids: outer, attributes: { why: 'test' } }] });
    inner.fail(new TypeError('no such table'));
    inner.end();
    outer.end(1_700_000_000_003.5);
    logs.emit({ ...line('hello ☃'), traceId: outer.traceId, spanId: outer.spanId, sampled: true });
    meters.counter({ name: 'orders_total', help: 'Orders.', labels: ['kind'] }).add(['book'], 3);
    meters.gauge({ name: 'depth', help: 'Depth.' }).set([], -1.5);
    const histogram = meters.histogram({ name: 'took_seconds', help: 'Took.', labels: ['a'], buckets: [0.1, 1] });
    histogram.observe(['x'], 0.5, outer);
    histogram.observe(['x'], 5);
    await exporter.flush();

    const [traces] = of('traces');
    expect(traces!.headers).toMatchObject({
      authorization: 'Bearer secret',
      'x-team': 'a',
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
    });
    const spans = decodeOtlpTraces(traces!.body, 'protobuf');
    expect(spans.map(({ name }) => name)).toEqual(['SELECT', 'GET /']);
    expect(spans[1]).toMatchObject({
      traceId: outer.traceId,
      parentSpanId: '',
      kind: 'server',
      startUnixNano: 1_700_000_000_000_250_000n,
      endUnixNano: 1_700_000_000_003_500_000n,
      events: [{ name: 'cache.miss', timeUnixNano: 1_700_000_000_001_000_000n }],
    });
    expect(spans[0]).toMatchObject({
      parentSpanId: outer.spanId,
      status: 'error',
      statusMessage: 'no such table',
      events: [{ name: 'exception' }],
      links: [{ traceId: outer.traceId, spanId: outer.spanId }],
      resource: { service: 'shop', version: '42', environment: 'production' },
    });

    const [record] = decodeOtlpLogs(of('logs')[0]!.body, 'protobuf', Date.now());
    expect(record).toMatchObject({ severity: 9, severityText: 'info', body: 'hello ☃', traceId: outer.traceId });
    expect(Object.fromEntries(record!.attributes)).toMatchObject({
      user: 'ada',
      tries: '3',
      share: '0.5',
      isNew: 'true',
    });

    const batch = decodeOtlpMetrics(of('metrics')[0]!.body, 'protobuf', Date.now());
    const found = new Map<string, number>();
    batch.seriesIndex.forEach((series, at) => {
      const labels = batch.series[series]!;
      found.set(`${labels.get('__name__')} ${labels.get('le') ?? labels.get('kind') ?? ''}`.trim(), batch.values[at]!);
    });
    expect(Object.fromEntries(found)).toMatchObject({
      'orders_total book': 3,
      depth: -1.5,
      'took_seconds_bucket 0.1': 0,
      'took_seconds_bucket 1': 1,
      'took_seconds_bucket +Inf': 2,
      took_seconds_count: 2,
      took_seconds_sum: 5.5,
    });
    expect(batch.exemplars.map(({ labels, value }) => [labels.get('trace_id'), value])).toEqual([[outer.traceId, 0.5]]);
    expect(statusOf('traces')).toMatchObject({ sent: 2, waiting: 0, dropped: {}, problem: '' });
  });

  it('is itself no request that is traced or counted', async () => {
    const { url, of } = await listening();
    const started = start({
      options: { endpoint: url },
      environment: {},
      instrumentations: [httpClient],
      say: () => {},
    });
    const exporter = createExporter(started, () => {})!;
    closing.push(started.stop, exporter.close);
    const span = started.tracer.start('x', 'internal');
    span.end();
    await started.tracer.run(span, () => exporter.flush());
    await exporter.flush();
    expect(of('traces')).toHaveLength(1);
    expect(of('traces')[0]!.headers.traceparent).toBeUndefined();
    expect(await started.meters.registry.metrics()).not.toContain('http_client_request_duration_seconds_count{');
    expect(started.recorder.kinds()).toEqual([]);
  });

  it('comes before its time when half of the queue is full, and in batches', async () => {
    const { url, of } = await listening();
    const { started, statusOf } = exporting({ endpoint: url, exportQueue: 4000 });
    for (let i = 0; i < 1500; i++) started.tracer.start(`span ${i}`, 'internal').end();
    await until(() => statusOf('traces').sent === 1500);
    expect(of('traces').map(({ body }) => decodeOtlpTraces(body, 'protobuf').length)).toEqual([512, 512, 476]);
  });

  it('ends with what was there when it began, however fast more comes; a flush meanwhile takes that too', async () => {
    let more = 20;
    const { url, of } = await listening(({ path }, response) => {
      for (let i = 0; path === '/v1/traces' && i < 5 && more > 0; i++, more--) spans(1);
      setTimeout(() => response.writeHead(200).end(), 20);
    });
    const { started, exporter, statusOf } = exporting({ endpoint: url, logs: false });
    const spans = (count: number) => {
      for (let i = 0; i < count; i++) started.tracer.start('x', 'internal').end();
    };
    spans(10);
    await exporter.flush();
    expect(of('traces').map(({ body }) => decodeOtlpTraces(body, 'protobuf').length)).toEqual([10]);
    expect(statusOf('traces')).toMatchObject({ sent: 10, waiting: 5 });
    more = 0;
    void exporter.flush();
    await until(() => of('traces').length === 2);
    spans(3);
    await exporter.flush();
    expect(statusOf('traces')).toMatchObject({ sent: 18, waiting: 0 });
  });
});

describe('a receiver', () => {
  it('that asks to be left alone is, so long as it says, and then gets what was not taken', async () => {
    const times: number[] = [];
    const { url } = await listening((_, response, count) => {
      times.push(performance.now());
      response.writeHead(count === 1 ? 429 : 200, count === 1 ? { 'retry-after': '1' } : {}).end();
    });
    const { started, exporter, statusOf } = exporting({ endpoint: url, logs: false });
    started.tracer.start('x', 'internal').end();
    await exporter.flush();
    const pushed = times.length;
    await exporter.flush();
    await until(() => statusOf('traces').sent === 1);
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(900);
    expect(pushed).toBeLessThan(3);
  });

  it.each([502, 503, 504])('that answers %s is asked again', async (status) => {
    const { url, of } = await listening(({ path }, response) => {
      response.writeHead(path === '/v1/traces' && of('traces').length === 1 ? status : 200).end();
    });
    const { started, exporter, statusOf } = exporting({ endpoint: url });
    started.tracer.start('x', 'internal').end();
    await exporter.flush();
    expect(statusOf('traces')).toMatchObject({ sent: 0, problem: `the receiver answers ${status}` });
    await until(() => statusOf('traces').sent === 1);
    expect(of('traces')[1]!.body).toEqual(of('traces')[0]!.body);
  });

  it('that refuses is not asked again, and what it refused is counted', async () => {
    const { url, of } = await listening((_, response) => response.writeHead(400).end('no'));
    const { started, exporter, said, statusOf } = exporting({ endpoint: url });
    for (let i = 0; i < 5; i++) started.tracer.start('x', 'internal').end();
    await exporter.flush();
    await exporter.flush();
    expect(of('traces')).toHaveLength(1);
    expect(statusOf('traces').dropped).toEqual({ refused: 5 });
    expect(await started.meters.registry.metrics()).toContain(
      'nightshift_node_dropped_total{signal="traces",reason="refused"} 5',
    );
    expect(said).toHaveLength(1);
  });

  it('that takes a part says how much', async () => {
    // partial_success { rejected_spans: 2 }
    const { url } = await listening((_, response) => response.end(Buffer.from([0x0a, 0x02, 0x08, 0x02])));
    const { started, exporter, statusOf } = exporting({ endpoint: url });
    for (let i = 0; i < 5; i++) started.tracer.start('x', 'internal').end();
    await exporter.flush();
    expect(statusOf('traces')).toMatchObject({ sent: 3, dropped: { rejected: 2 } });
  });

  it('that is away costs bounded memory: the oldest make room and are counted, and it is said once', async () => {
    const { url, close } = await receiver();
    await close();
    const { started, exporter, said, statusOf } = exporting({ endpoint: url, exportQueue: 100 });
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 100; i++) {
        started.tracer.start('x', 'internal').end();
        started.logs.emit(line('x'));
      }
      await exporter.flush();
    }
    const { waiting, dropped } = statusOf('traces');
    expect(waiting).toBe(100);
    expect(dropped.queue).toBe(800);
    expect(statusOf('logs').dropped.queue).toBe(800);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('ECONNREFUSED');
    expect(started.guard.counts().size).toBe(0);
  });

  it('that never answers is given up after the time that is set', async () => {
    const { url } = await listening(() => {});
    const { started, exporter, statusOf } = exporting({ endpoint: url, exportTimeout: 100 });
    started.tracer.start('x', 'internal').end();
    await exporter.flush();
    expect(statusOf('traces')).toMatchObject({ sent: 0, problem: 'no answer within 100 ms' });
  });

  it('whose answer never ends has answered', async () => {
    const { url } = await listening((_, response) => response.writeHead(200).write('x'));
    const { started, exporter, statusOf } = exporting({ endpoint: url, exportTimeout: 5000 });
    started.tracer.start('x', 'internal').end();
    await exporter.flush();
    expect(statusOf('traces').sent).toBe(1);
  });

  it('whose answer is garbage, cut off or without end does no harm', async () => {
    const answers = ['not HTTP at all\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab', ''];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () =>
        socket.end(answers.shift() ?? 'HTTP/1.1 299 ?\r\nContent-Length: 3\r\n\r\n\xff\xff\xff'),
      );
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    closing.push(() => server.close());
    const { port } = server.address() as { port: number };
    const { started, exporter, statusOf } = exporting({ endpoint: `http://127.0.0.1:${port}`, logs: false });
    started.tracer.start('x', 'internal').end();
    for (let i = 0; i < 4; i++) await exporter.flush();
    await until(() => statusOf('traces').sent === 1);
    expect(started.guard.counts().size).toBe(0);
  });

  it('is not asked with a header that cannot be sent, and nothing is thrown', async () => {
    const { started, exporter, statusOf } = exporting({
      endpoint: 'http://127.0.0.1:9',
      headers: { 'bad header': 'x' },
    });
    started.tracer.start('x', 'internal').end();
    await exporter.flush();
    expect(statusOf('traces').problem).toContain('bad header');
  });
});

describe('the end', () => {
  it('takes at most a second, whatever the receiver does', async () => {
    const { url } = await listening(() => {});
    const { started, exporter } = exporting({ endpoint: url });
    started.tracer.start('x', 'internal').end();
    const before = performance.now();
    await exporter.close();
    // What the process itself needs for it on a busy machine comes on top.
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('brings what still waits', async () => {
    const { url, of } = await listening();
    const { started, exporter } = exporting({ endpoint: url });
    started.tracer.start('last', 'internal').end();
    await exporter.close();
    expect(decodeOtlpTraces(of('traces')[0]!.body, 'protobuf')).toMatchObject([{ name: 'last' }]);
  });
});

describe('parts', () => {
  it('a queue is bounded by count and by size', () => {
    let dropped = 0;
    const queue = new BoundedQueue<string>(
      4,
      100,
      (text) => text.length,
      (count) => {
        dropped += count;
      },
    );
    for (const text of ['a', 'b', 'c', 'd', 'e']) queue.add(text);
    expect([queue.length, queue.size, dropped]).toEqual([4, 4, 1]);
    queue.add('x'.repeat(99));
    expect([queue.length, queue.size, dropped]).toEqual([2, 100, 4]);
    expect(queue.take(9).map((text) => text.length)).toEqual([1, 99]);
    expect([queue.length, queue.size]).toEqual([0, 0]);
    queue.add('x'.repeat(1000));
    expect(queue.take(1)).toHaveLength(1);
  });

  it('Retry-After is seconds or a date, and bounded', () => {
    const now = Date.parse('Fri, 01 Jan 2027 00:00:00 GMT');
    expect(retryAfter(undefined, now)).toBeUndefined();
    expect(retryAfter('7', now)).toBe(7000);
    expect(retryAfter('Fri, 01 Jan 2027 00:00:03 GMT', now)).toBe(3000);
    expect(retryAfter('Thu, 31 Dec 2026 00:00:03 GMT', now)).toBe(0);
    expect(retryAfter('99999999999', now)).toBe(300_000);
    expect(retryAfter('soon', now)).toBeUndefined();
  });

  it('the version is that of the package', () => {
    const text = readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8');
    expect((JSON.parse(text) as { version: string }).version).toBe(VERSION);
  });
});

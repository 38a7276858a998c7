import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { isStaleMarker } from '@nightshift/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { sessionOf } from '../../../test/collect/session.ts';
import { decodeRecord } from '../decode.ts';
import { configOf } from './config/simple-job.ts';
import type { ScrapeConfig } from './config/types.ts';
import type { ScrapeResult } from './scrape.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A target on loopback; its answers are text unless the listener says otherwise. */
async function targetOf(listener: RequestListener, changes: Partial<ScrapeConfig>, packsSeries: boolean) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const instance = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const job = {
    job: 'app',
    intervalMs: 15_000,
    timeoutMs: 2000,
    scheme: 'http',
    metricsPath: '/metrics',
    targets: [instance],
    labels: { env: 'test' },
  } as const;
  const { session, close } = sessionOf({ ...configOf(job), ...changes }, packsSeries);
  ends.push(close);
  let at = 1_700_000_000_000;
  const scrape = async (refusal = '') => {
    at += 15_000;
    const result = await session.scrape(at, Date.now, refusal);
    result.stored();
    return result;
  };
  return { instance, session, scrape };
}

function samplesOf({ record, decoded }: Pick<ScrapeResult, 'record' | 'decoded'>) {
  const batch = decodeRecord(record).metrics;
  // What is handed on beside the bytes is what they say.
  expect(decoded.metrics).toEqual(batch);
  return [...(batch?.seriesIndex ?? [])].map((index, i) => ({
    labels: Object.fromEntries(batch?.series[index] ?? []),
    value: batch?.values[i] ?? 0,
    timestamp: batch?.timestamps[i] ?? 0,
    stale: batch ? isStaleMarker(batch.values, i) : false,
  }));
}

function values(result: ScrapeResult): Record<string, number | 'stale'> {
  return Object.fromEntries(
    samplesOf(result).map(({ labels, value, stale }) => [labels.__name__ ?? '?', stale ? 'stale' : value]),
  );
}

const says =
  (text: string | Buffer, type = 'text/plain; version=0.0.4'): RequestListener =>
  (_request, response) =>
    response.setHeader('content-type', type).end(text);

describe.each([false, true])('a scrape, series packed between two: %s', (packsSeries) => {
  const target = (listener: RequestListener, changes: Partial<ScrapeConfig> = {}) =>
    targetOf(listener, changes, packsSeries);

  it('gives the samples with the labels of the target, and says that the target is up', async () => {
    const { instance, scrape } = await target(says('requests_total{job="own",exported_job="x"} 3\nqueue 2\n'));
    const result = await scrape();
    expect(result.error).toBe('');
    expect(values(result)).toMatchObject({
      requests_total: 3,
      queue: 2,
      up: 1,
      scrape_samples_scraped: 2,
      scrape_samples_post_metric_relabeling: 2,
      scrape_series_added: 2,
    });
    expect(samplesOf(result)[0]?.labels).toEqual({
      __name__: 'requests_total',
      env: 'test',
      exported_exported_job: 'own',
      exported_job: 'x',
      instance,
      job: 'app',
    });
  });

  it('with honor_labels leaves the labels of the series as they are', async () => {
    const { instance, scrape } = await target(says('a{job="own",instance=""} 3\n'), { honorLabels: true });
    expect(samplesOf(await scrape())[0]?.labels).toEqual({ __name__: 'a', env: 'test', instance, job: 'own' });
  });

  it('ends a series that is no longer there with a stale marker, and takes it again when it is back', async () => {
    let body = 'a 1\nb 2\n';
    const { scrape } = await target((request, response) => says(body)(request, response));
    await scrape();
    body = 'a 1\n';
    expect(values(await scrape())).toMatchObject({ a: 1, b: 'stale', scrape_series_added: 0 });
    expect(values(await scrape())).not.toHaveProperty('b');
    body = 'b 3\na 1\n';
    expect(values(await scrape())).toMatchObject({ a: 1, b: 3, scrape_series_added: 1 });
  });

  it('marks the end of what was there when the target goes', async () => {
    const { session, scrape } = await target(says('a 1\n'));
    expect(session.end(1)).toBeUndefined();
    await scrape();
    const ended = samplesOf(session.end(1_700_000_100_000) as ScrapeResult);
    expect(ended.every(({ stale, timestamp }) => stale && timestamp === 1_700_000_100_000)).toBe(true);
    expect(ended.map(({ labels }) => labels.__name__)).toEqual([
      'a',
      'up',
      'scrape_duration_seconds',
      'scrape_samples_scraped',
      'scrape_samples_post_metric_relabeling',
      'scrape_series_added',
    ]);
  });

  const slow: RequestListener = (_q, r) => {
    r.setHeader('content-type', 'text/plain').write('a 1\n');
  };
  it.each<[string, RequestListener, RegExp, Partial<ScrapeConfig>]>([
    [
      'answers an error',
      (_q, r) => r.writeHead(500).end(),
      /^server returned HTTP status 500 Internal Server Error$/,
      {},
    ],
    ['sends garbage', says('{"not": "metrics"}'), /^line 1, column/, {}],
    ['sends bytes that are no text', says(Buffer.from([0xff, 0xfe])), /^the answer is not UTF-8$/, {}],
    ['sends too much', says('a 1\n'.repeat(100)), /^body size limit exceeded$/, limits({ bodyBytes: 400 })],
    ['sends a bomb', bomb, /^body size limit exceeded$/, {}],
    ['has too many samples', says('a 1\nb 1\nc 1\n'), /^sample limit exceeded$/, limits({ samples: 2 })],
    [
      'has too many labels',
      says('a{x="1",y="2"} 1\n'),
      /^label_limit exceeded \(metric: a, number of labels: 6, limit: 5\)$/,
      limits({ labels: 5 }),
    ],
    [
      'has a long name',
      says('a{long="1"} 1\n'),
      /^label_name_length_limit exceeded \(metric: a, label name: __name__, length: 8, limit: 3\)$/,
      limits({ labelNameLength: 3 }),
    ],
    [
      'has a long value',
      says('a{x="12345678901"} 1\n'),
      /^label_value_length_limit exceeded .*value: "127/,
      limits({ labelValueLength: 4 }),
    ],
    [
      'has a hostile label',
      says(`a{x="${'x'.repeat(70_000)}"} 1\n`),
      /^label_value_length_limit exceeded \(metric: a, label name: x, .*length: 70000, limit: 65536\)$/,
      {},
    ],
    [
      'names what may not be',
      says('{"a b"} 1\n'),
      /^invalid metric name or label names: a b\{/,
      { nameValidation: 'legacy' },
    ],
    [
      'does not say what it sends',
      says('a 1\n', 'text/html'),
      /^received unsupported Content-Type "text\/html" and no fallback/,
      { fallbackProtocol: undefined },
    ],
    ['does not end its OpenMetrics', says('a 1\n', 'application/openmetrics-text'), /does not end with "# EOF"/, {}],
    ['never ends', slow, /^no complete answer within 2000 ms$/, {}],
    ['hangs up', (_q, r) => r.destroy(), /./, {}],
  ])('of a target that %s fails with the reason, and ends what was there', async (_what, bad, reason, changes) => {
    let listener = says('x 1\n');
    const { scrape } = await target((request, response) => listener(request, response), changes);
    if (Object.keys(changes.limits ?? {}).length === 0) await scrape();
    listener = bad;
    const result = await scrape();
    expect(result.error).toMatch(reason);
    expect(values(result).up).toBe(0);
    if (Object.keys(changes).length === 0) expect(values(result).x).toBe('stale');
    listener = says('x 1\n');
    if (!changes.limits) expect(values(await scrape())).toMatchObject({ x: 1, up: 1 });
  });

  it('that is refused asks nothing, and says why', async () => {
    let asked = 0;
    const { scrape } = await target((_q, r) => r.end(`a ${asked++}\n`));
    const result = await scrape('target_limit exceeded (number of targets: 2, limit: 1)');
    expect([result.error, values(result).up, asked]).toEqual([
      'target_limit exceeded (number of targets: 2, limit: 1)',
      0,
      0,
    ]);
  });

  it('relabels series, drops some, and counts both ways', async () => {
    const { scrape } = await target(says('go_gc 1\nhits{path="/a"} 2\nhits{path="/b"} 3\n'), {
      metricRelabel: [
        { action: 'drop', sourceLabels: ['__name__'], regex: 'go_.*' },
        { action: 'replace', sourceLabels: ['path'], regex: '/(.*)', targetLabel: 'page' },
        { action: 'labeldrop', regex: 'path' },
      ],
    });
    const result = await scrape();
    expect(samplesOf(result).flatMap(({ labels: { page } }) => page ?? [])).toEqual(['a', 'b']);
    expect(values(result)).toMatchObject({ scrape_samples_scraped: 3, scrape_samples_post_metric_relabeling: 2 });
    expect(values(await scrape())).toMatchObject({ scrape_samples_scraped: 3, scrape_series_added: 0 });
  });

  it('keeps the first of two samples that relabelling made one series', async () => {
    const { scrape } = await target(says('a{x="1"} 1\na{x="2"} 2\n'), {
      metricRelabel: [{ action: 'labeldrop', regex: 'x' }],
    });
    for (let i = 0; i < 2; i++) {
      const all = samplesOf(await scrape()).filter(({ labels }) => labels.__name__ === 'a');
      expect(all.map(({ value }) => value)).toEqual([1]);
    }
  });

  it('keeps the times that a target gives, unless it is told not to, and ends only series without', async () => {
    let body = 'a 1 1699999999000\nb 2\nfuture 3 1900000000000\n';
    const listener: RequestListener = (request, response) => says(body)(request, response);
    const own = await target(listener);
    const first = samplesOf(await own.scrape());
    expect(first.find(({ labels }) => labels.__name__ === 'a')?.timestamp).toBe(1_699_999_999_000);
    expect(first.some(({ labels }) => labels.__name__ === 'future')).toBe(false);
    const ours = await target(listener, { honorTimestamps: false });
    expect(new Set(samplesOf(await ours.scrape()).map(({ timestamp }) => timestamp))).toEqual(
      new Set([1_700_000_015_000]),
    );
    const tracked = await target(listener, { trackTimestampsStaleness: true });
    await tracked.scrape();
    body = '';
    expect(values(await own.scrape())).toMatchObject({ b: 'stale', up: 1 });
    expect(values(await own.scrape())).not.toHaveProperty('a');
    expect(values(await tracked.scrape())).toMatchObject({ a: 'stale', b: 'stale' });
  });

  it('adds what it may cost where that is asked for', async () => {
    const { scrape } = await target(says('a 1\n'), { extraMetrics: true, ...limits({ samples: 9 }) });
    expect(values(await scrape())).toMatchObject({
      scrape_timeout_seconds: 2,
      scrape_sample_limit: 9,
      scrape_body_size_bytes: 4,
    });
  });

  it('asks for what it can read, in order, and for gzip', async () => {
    const asked: unknown[] = [];
    const { scrape } = await target(
      ({ headers }, response) => {
        asked.push(headers.accept, headers['accept-encoding'], headers['x-prometheus-scrape-timeout-seconds']);
        response.setHeader('content-type', 'text/plain').setHeader('content-encoding', 'gzip').end(gzipSync('a 1\n'));
      },
      { protocols: ['PrometheusProto', 'OpenMetricsText1.0.0', 'PrometheusText0.0.4'], escaping: 'underscores' },
    );
    expect(values(await scrape())).toMatchObject({ a: 1, up: 1 });
    expect(asked).toEqual([
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3',
      'gzip',
      '2',
    ]);
  });

  it('sends the metadata of its families once, and again when it changes', async () => {
    let help = 'Helps.';
    const { scrape } = await target((q, r) => says(`# HELP a ${help}\n# TYPE a gauge\na 1\n`)(q, r));
    const sent = async () => decodeRecord((await scrape()).record).metrics?.metadata.map((each) => each.help);
    expect([await sent(), await sent()]).toEqual([['Helps.'], []]);
    help = 'Helps more.';
    expect(await sent()).toEqual(['Helps more.']);
  });

  it('writes a bound of a histogram in one way, however the target does', async () => {
    const { scrape } = await target(says('# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\n'));
    expect(samplesOf(await scrape()).flatMap(({ labels: { le } }) => le ?? [])).toEqual(['1.0', '+Inf']);
  });
});

function limits(set: Partial<ScrapeConfig['limits']>): Partial<ScrapeConfig> {
  const none = { samples: 0, targets: 0, labels: 0, labelNameLength: 0, labelValueLength: 0, bodyBytes: 0 };
  return { limits: { ...none, keptDroppedTargets: 0, ...set } };
}

/** Somewhat more than may be unfolded, in 70 KiB; made before anybody waits for it. */
const blanks = gzipSync(Buffer.alloc(68 * 1024 * 1024, ' '));

function bomb(...[, response]: Parameters<RequestListener>): void {
  response.setHeader('content-type', 'text/plain').setHeader('content-encoding', 'gzip').end(blanks);
}

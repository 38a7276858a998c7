/** Scrapes with `convert_classic_histograms_to_nhcb`, from one answer to the next. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeProtobufExposition, isStaleMarker, type MetricBatch, parseExposition } from '@nightshift/wire';
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

const TEXT = 'text/plain; version=0.0.4';
const PROTOBUF = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

async function targetOf(changes: Partial<ScrapeConfig>, packsSeries: boolean) {
  let answer: { body: string | Uint8Array; type: string } = { body: '', type: TEXT };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', answer.type).end(answer.body);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const base = configOf({
    ...{ job: 'app', intervalMs: 15_000, timeoutMs: 2000, scheme: 'http', metricsPath: '/metrics', labels: {} },
    targets: [`127.0.0.1:${(server.address() as AddressInfo).port}`],
  });
  const config = { ...base, classicToCustomBuckets: true, ...changes };
  const { session, close, reconfigure } = sessionOf(config, packsSeries);
  ends.push(close);
  let at = 1_700_000_000_000;
  const scrape = async (body: string | Uint8Array, type = TEXT) => {
    answer = { body, type };
    at += 15_000;
    const result = await session.scrape(at, Date.now);
    result.stored();
    return shown(result, at);
  };
  return { scrape, reload: (more: Partial<ScrapeConfig>) => reconfigure({ ...config, ...more }) };
}

/** Values by series, `count/sum` of histograms; what the scraper adds of itself apart. */
function shown({ record, decoded, error }: ScrapeResult, at: number) {
  const batch = decodeRecord(record).metrics as MetricBatch;
  expect(decoded.metrics).toEqual(batch);
  const own: Record<string, number> = {};
  const found: Record<string, unknown> = {};
  const put = (place: number, value: unknown) => {
    const { __name__: name = '', job: _, instance: __, ...labels } = Object.fromEntries(batch.series[place] ?? []);
    if (name === 'up' || name.startsWith('scrape_')) own[name] = value as number;
    else found[[name, ...Object.values(labels)].join(' ')] = value;
  };
  batch.seriesIndex.forEach((place, i) => {
    put(place, isStaleMarker(batch.values, i) ? 'stale' : batch.values[i]);
  });
  for (const { series, timestamp, histogram } of batch.histograms ?? []) {
    expect([timestamp, histogram.schema]).toEqual([at, -53]);
    put(series, `${histogram.count}/${histogram.sum}`);
  }
  return { found, own, error };
}

const lines = (path: string, low: number, count: number, sum = 1) =>
  `h_bucket{path="${path}",le="0.5"} ${low}
h_bucket{path="${path}",le="+Inf"} ${count}
h_sum{path="${path}"} ${sum}
h_count{path="${path}"} ${count}
`;
const TYPE = '# TYPE h histogram\n';

describe.each([
  false,
  true,
])('classic histograms that are converted, series packed between two scrapes: %s', (packs) => {
  const target = (changes: Partial<ScrapeConfig> = {}) => targetOf(changes, packs);

  it('give their histograms at each scrape, and a stale marker where they go', async () => {
    const { scrape } = await target();
    const first = await scrape(`a 1\n${TYPE}${lines('/x', 1, 2)}${lines('/y', 3, 4)}b 1\n`);
    expect(first.found).toEqual({ a: 1, b: 1, 'h /x': '2/1', 'h /y': '4/1' });
    expect(first.own).toMatchObject({
      up: 1,
      scrape_samples_scraped: 4,
      scrape_samples_post_metric_relabeling: 4,
      scrape_series_added: 4,
    });
    for (let n = 5; n < 8; n++) {
      const next = await scrape(`a ${n}\n${TYPE}${lines('/x', 1, n, 2)}${lines('/y', 3, n)}b ${n}\n`);
      expect(next.found).toEqual({ a: n, b: n, 'h /x': `${n}/2`, 'h /y': `${n}/1` });
      expect(next.own).toMatchObject({ scrape_samples_scraped: 4, scrape_series_added: 0 });
    }
    expect((await scrape(`a 1\n${TYPE}${lines('/y', 3, 9)}b 1\n`)).found).toEqual({
      ...{ a: 1, b: 1, 'h /x': 'stale', 'h /y': '9/1' },
    });
    expect((await scrape(`a 1\n${TYPE}${lines('/y', 3, 10)}b 1\n`)).found).not.toHaveProperty('h /x');
    const back = await scrape(`a 1\n${TYPE}${lines('/x', 1, 3)}${lines('/y', 3, 10)}b 1\n`);
    expect(back.found).toMatchObject({ 'h /x': '3/1' });
    expect(back.own).toMatchObject({ scrape_series_added: 1 });
  });

  it('are there again once they can be converted, whether the classic series are kept or not', async () => {
    for (const alwaysClassicHistograms of [false, true]) {
      const { scrape } = await target({ alwaysClassicHistograms });
      // As a target may say that counts between its lines.
      const torn = `${TYPE}${lines('/x', 5, 5)}a 7\n`.replace('h_count{path="/x"} 5', 'h_count{path="/x"} 6');
      for (let n = 0; n < 2; n++) {
        const { found, own } = await scrape(torn);
        expect(found).not.toHaveProperty('h /x');
        expect(Object.keys(found)).toHaveLength(alwaysClassicHistograms ? 5 : 1);
        expect([found.a, own.up]).toEqual([7, 1]);
      }
      expect((await scrape(`${TYPE}${lines('/x', 5, 6)}`)).found).toMatchObject({ 'h /x': '6/1' });
      expect((await scrape(torn)).found).toMatchObject({ 'h /x': 'stale' });
    }
  });

  it('stand beside their classic series where these are kept', async () => {
    const { scrape } = await target({ alwaysClassicHistograms: true });
    for (let n = 1; n < 4; n++) {
      const { found, own } = await scrape(`${TYPE}${lines('/x', 1, n)}`);
      expect(found).toEqual({
        ...{ 'h /x': `${n}/1`, 'h_bucket 0.5 /x': 1, 'h_bucket +Inf /x': n, 'h_sum /x': 1, 'h_count /x': n },
      });
      expect(own).toMatchObject({ scrape_samples_scraped: 5, scrape_series_added: n === 1 ? 5 : 0 });
    }
  });

  it('are what they are by the type that stands above them now', async () => {
    const { scrape } = await target();
    const asText = `# TYPE h untyped\n${lines('/x', 1, 2)}`;
    const classic = { 'h_bucket 0.5 /x': 1, 'h_bucket +Inf /x': 2, 'h_sum /x': 1, 'h_count /x': 2 };
    const gone = Object.fromEntries(Object.keys(classic).map((name) => [name, 'stale']));
    await scrape(`${TYPE}${lines('/x', 1, 2)}`);
    for (let n = 0; n < 2; n++) {
      expect((await scrape(asText)).found).toEqual({ ...classic, 'h /x': 'stale' });
      expect((await scrape(asText)).found).toEqual(classic);
      expect((await scrape(`${TYPE}${lines('/x', 1, 2)}`)).found).toEqual({ 'h /x': '2/1', ...gone });
      expect((await scrape(`${TYPE}${lines('/x', 1, 3)}`)).found).toEqual({ 'h /x': '3/1' });
    }
  });

  it('take the place of the classic series when the job is reloaded, and give it back', async () => {
    const { scrape, reload } = await target({ classicToCustomBuckets: false });
    const body = (n: number) => `${TYPE}${lines('/x', 1, n)}`;
    await scrape(body(1));
    await scrape(body(2));
    reload({ classicToCustomBuckets: true });
    const classic = ['h_bucket 0.5 /x', 'h_bucket +Inf /x', 'h_sum /x', 'h_count /x'];
    expect((await scrape(body(3))).found).toEqual({
      'h /x': '3/1',
      ...Object.fromEntries(classic.map((name) => [name, 'stale'])),
    });
    expect((await scrape(body(4))).found).toEqual({ 'h /x': '4/1' });
    reload({ classicToCustomBuckets: false });
    const back = await scrape(body(5));
    expect(back.found).toMatchObject({ 'h /x': 'stale', 'h_count /x': 5 });
    expect((await scrape(body(6))).found).toMatchObject({ 'h_count /x': 6 });
  });

  it('are relabelled as what they become', async () => {
    const { scrape } = await target({
      metricRelabel: [
        { action: 'drop', sourceLabels: ['__name__', 'path'], regex: 'h;/x' },
        { action: 'drop', sourceLabels: ['__name__'], regex: 'h_bucket' },
        { action: 'replace', sourceLabels: ['path'], regex: '/(.*)', targetLabel: 'page' },
      ],
    });
    for (let n = 5; n < 8; n++) {
      const { found, own } = await scrape(`${TYPE}${lines('/x', 1, n)}${lines('/y', 3, n)}`);
      expect(found).toEqual({ 'h y /y': `${n}/1` });
      expect(own).toMatchObject({ scrape_samples_scraped: 2, scrape_samples_post_metric_relabeling: 1 });
    }
  });

  const limited = (limits: Partial<ScrapeConfig['limits']>) => {
    const none = { samples: 0, targets: 0, labels: 0, labelNameLength: 0, labelValueLength: 0, bodyBytes: 0 };
    return { limits: { ...none, keptDroppedTargets: 0, ...limits } };
  };

  it('count as one sample each against the sample limit', async () => {
    const body = `${TYPE}${lines('/x', 1, 2)}${lines('/y', 1, 2)}`;
    expect((await (await target(limited({ samples: 2 }))).scrape(body)).error).toBe('');
    expect((await (await target(limited({ samples: 1 }))).scrape(body)).error).toBe('sample limit exceeded');
    const kept = { ...limited({ samples: 9 }), alwaysClassicHistograms: true };
    expect((await (await target(kept)).scrape(body)).error).toBe('sample limit exceeded');
  });

  it.each([
    // Buckets as Prometheus keeps them: those between others as well where they are at most two empty ones.
    ['1 2 3 4', 4],
    ['1 1 1 2', 4],
    ['1 1 1 1 2', 2],
    ['0 0 1 1', 1],
    ['1.5 1.5 1.5 2', 2],
  ])('fail the scrape with more buckets than their limit: %s', async (counts, buckets) => {
    const all = counts.split(' ');
    const body = `${TYPE}${all.map((count, i) => `h_bucket{le="${i}"} ${count}\n`).join('')}h_count ${all.at(-1)}\n`;
    const scraped = async (maxBuckets: number) => {
      const { scrape } = await target({ histogramLimits: { maxBuckets, finestSchema: 8 } });
      return scrape(body);
    };
    expect((await scraped(buckets)).error).toBe('');
    const refused = await scraped(buckets - 1);
    if (buckets > 1) expect(refused).toMatchObject({ error: 'histogram bucket limit exceeded', own: { up: 0 } });
  });

  it('have the label limits of what they become', async () => {
    const { scrape } = await target(limited({ labels: 4 }));
    expect(await scrape(`${TYPE}${lines('/x', 1, 2)}`)).toMatchObject({ error: '', found: { 'h /x': '2/1' } });
  });

  it('come of OpenMetrics and of protobuf as well, and go on as the same series', async () => {
    const { scrape } = await target();
    expect((await scrape(`${TYPE}${lines('/x', 1, 2)}`)).found).toEqual({ 'h /x': '2/1' });
    const open = `${TYPE}${lines('/x', 1, 3)}h_created{path="/x"} 5\n# EOF\n`;
    expect((await scrape(open, 'application/openmetrics-text; version=1.0.0')).found).toEqual({
      ...{ 'h /x': '3/1', 'h_created /x': 5 },
    });
    const { histograms } = parseExposition(`${TYPE}${lines('/x', 1, 4)}`, 0, undefined, { keepsClassic: false });
    const [one] = histograms ?? [];
    const metric = { labels: new Map([['path', '/x']]), timestamp: 0, value: one?.histogram as never };
    const body = encodeProtobufExposition([{ name: 'h', type: 'histogram', metrics: [metric] }]);
    for (let n = 0; n < 2; n++) {
      const { found, own } = await scrape(body, PROTOBUF);
      expect(found).toMatchObject({ 'h /x': '4/1' });
      expect(own).toMatchObject({ scrape_samples_scraped: 1, scrape_series_added: 0 });
    }
  });

  it('are converted where the labels of the target say so', async () => {
    const relabel = [
      { action: 'replace', targetLabel: '__convert_classic_histograms_to_nhcb__', replacement: 'false' },
    ];
    const { scrape } = await target({ relabel: relabel as ScrapeConfig['relabel'] });
    expect(Object.keys((await scrape(`${TYPE}${lines('/x', 1, 2)}`)).found)).toHaveLength(4);
  });
});

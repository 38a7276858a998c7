import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeRecord } from '../decode.ts';
import { type ScrapeResult, scrapeOnce } from './scrape.ts';
import { type ScrapeTarget, targetsOf, withTargetLabels } from './target.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function target(listener: RequestListener, timeoutMs = 2000): Promise<ScrapeTarget> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  const instance = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const job = {
    job: 'app',
    intervalMs: 15_000,
    timeoutMs,
    scheme: 'http',
    metricsPath: '/metrics',
    targets: [instance],
    labels: { env: 'test' },
  } as const;
  return targetsOf(job)[0] as ScrapeTarget;
}

function values(result: ScrapeResult): Record<string, number> {
  const batch = decodeRecord(result.record).metrics;
  const found: Record<string, number> = {};
  batch?.seriesIndex.forEach((index, i) => {
    const labels = batch.series[index];
    found[labels?.get('__name__') ?? '?'] = batch.values[i] ?? 0;
  });
  return found;
}

const none = new Map();

describe('a scrape', () => {
  it('gives the samples with the labels of the target, and says that the target is up', async () => {
    const t = await target((_request, response) => response.end('requests_total{job="own"} 3\nqueue 2\n'));
    const result = await scrapeOnce(t, none, Date.now);
    expect(result.error).toBe('');
    expect(values(result)).toMatchObject({
      requests_total: 3,
      queue: 2,
      up: 1,
      scrape_samples_scraped: 2,
      scrape_series_added: 2,
    });
    const series = decodeRecord(result.record).metrics?.series.find((s) => s.get('__name__') === 'requests_total');
    expect(Object.fromEntries(series ?? [])).toEqual({
      __name__: 'requests_total',
      env: 'test',
      exported_job: 'own',
      instance: t.instance,
      job: 'app',
    });
  });

  it('ends a series that is no longer there with a stale marker', async () => {
    let body = 'a 1\nb 2\n';
    const t = await target((_request, response) => response.end(body));
    const first = await scrapeOnce(t, none, Date.now);
    body = 'a 1\n';
    const second = values(await scrapeOnce(t, first.seen, Date.now));
    expect(second.a).toBe(1);
    expect(second.b).toBeNaN();
    expect(second.scrape_series_added).toBe(0);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['answers an error', (_q, r) => r.writeHead(500).end(), /HTTP 500/],
    ['sends garbage', (_q, r) => r.end('{"not": "metrics"}'), /line 1|1:/],
    ['never ends', (_q, r) => void r.write('a 1\n'), /no complete answer within 300 ms/],
    ['hangs up', (_q, r) => r.destroy(), /./],
  ])('of a target that %s fails with the reason, and ends what was there', async (_what, listener, reason) => {
    const t = await target(listener, 300);
    const before = new Map([['x', new Map([['__name__', 'gone']])]]);
    const result = await scrapeOnce(t, before, Date.now);
    expect(result.error).toMatch(reason);
    expect(values(result).up).toBe(0);
    expect(values(result).gone).toBeNaN();
  });

  it('keeps a scraped label that clashes with one of the target as exported_', () => {
    const t = { labels: new Map([['job', 'x']]) } as unknown as ScrapeTarget;
    expect([...withTargetLabels(new Map([['job', 'y']]), t)]).toEqual([
      ['exported_job', 'y'],
      ['job', 'x'],
    ]);
  });
});

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { encodeSnappy, encodeWriteRequest } from '@nightshift/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, runServer } from './serve.ts';

const DAY = 86_400_000;
const T = Date.now();

let running: RunningServer;
const target = createServer((_request, response) => response.end(`new_one 1\nold_one 2 ${T - 60 * DAY}\n`));

beforeAll(async () => {
  await new Promise<void>((up) => target.listen(0, '127.0.0.1', up));
  const at = `127.0.0.1:${(target.address() as AddressInfo).port}`;
  running = await runServer({
    NIGHTSHIFT_SELF_METRICS_ENABLED: 'true',
    NIGHTSHIFT_SELF_METRICS_INTERVAL: '1s',
    NIGHTSHIFT_SCRAPE: `[{job: app, interval: 1s, timeout: 500ms, targets: ["${at}"]}]`,
  });
}, 60_000);
afterAll(async () => {
  await running.close();
  target.close();
  target.closeAllConnections();
}, 60_000);

async function tokenOf(name: string): Promise<string> {
  const response = await fetch(`${running.server.url}/api/v1/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${running.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, rights: ['ingest'] }),
  });
  return ((await response.json()) as { token: string }).token;
}

type Vector = { readonly data: { readonly result: { metric: Record<string, string>; value: [number, string] }[] } };

const value = (query: string, condition: (value: number) => boolean) =>
  running.until('/api/v1/query', { query }, (body) =>
    (body as Vector).data.result.some(({ value: [, text] }) => condition(Number(text))),
  );

async function write(token: string, ...times: number[]) {
  const labels = new Map([['__name__', 'pushed_total']]);
  const samples = times.map((timestamp) => ({ timestamp, value: 1 }));
  return fetch(`${running.server.url}/api/v1/write`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
    },
    body: Buffer.from(encodeSnappy(encodeWriteRequest([{ labels, samples }]))),
  });
}

describe("Nightshift's own metrics", () => {
  it('are shown in the text format at /metrics, to whoever may read, and in the browser that is a page', async () => {
    const { text, type, status } = await running.ask('/metrics');
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(text).toContain('# TYPE nightshift_ingest_samples_total counter\n');
    expect(text).toMatch(/^nightshift_engine_up 1$/m);
    expect((await fetch(`${running.server.url}/metrics`)).status).toBe(401);
    const page = await fetch(`${running.server.url}/metrics`, { headers: { accept: 'text/html,*/*' } });
    expect(await page.text()).not.toContain('# TYPE');
  });

  it('can be asked for by PromQL: what of a token was taken and what was refused, with the reason', async () => {
    const token = await tokenOf('collector');
    expect((await write(token, T - 40 * DAY, T - 1000, T)).status).toBe(400);
    await value('nightshift_ingest_samples_total{job="nightshift", via="push", token="collector"}', (n) => n === 2);
    await value('nightshift_ingest_refused_samples_total{reason="too_old", token="collector"}', (n) => n === 1);
    await value('nightshift_head_series{job="nightshift"}', (n) => n > 10);
  });

  it('have what was refused of a target, which is told on it too; the target is up', async () => {
    await value('nightshift_ingest_refused_samples_total{reason="too_old", via="scrape"}', (n) => n >= 1);
    await value('up{job="app"}', (n) => n === 1);
    await value('new_one', (n) => n === 1);
    const { data } = (await running.ask('/api/v1/targets')).body as unknown as {
      data: { activeTargets: { health: string; refusedSamples: number; lastRefusal: string }[] };
    };
    expect(data.activeTargets[0]).toMatchObject({
      health: 'up',
      refusedSamples: expect.any(Number),
      lastRefusal: expect.stringContaining(
        'out of bounds: 1 sample is older than they are kept (retention.metrics: 30d)',
      ),
    });
  });
});

describe('a reload', () => {
  it('of a configuration with a mistake says so as Prometheus does, and what runs goes on; a right one is in force', async () => {
    const token = await tokenOf('bounded');
    const file = join(running.dir, 'nightshift.yaml');
    writeFileSync(file, 'ingest:\n  limits:\n    samplesPerSecnd: 1\n');
    const refused = await running.ask('/-/reload', {}, 'POST');
    expect([refused.status, refused.type]).toEqual([500, 'text/plain; charset=utf-8']);
    expect(refused.text).toMatch(/^failed to reload config: what runs goes on/);
    expect(refused.text).toContain(
      'nightshift.yaml:3:5: there is no key `ingest.limits.samplesPerSecnd`; did you mean',
    );
    expect(refused.text).not.toContain('nothing was started');
    expect((await running.ask('/api/v1/status/runtimeinfo')).text).toContain('"reloadConfigSuccess":false');
    expect((await write(token, T)).status).toBe(204);

    writeFileSync(file, 'ingest:\n  tokens:\n    bounded: { samplesPerSecond: 1, burst: 1 }\n');
    expect((await running.ask('/-/reload', {}, 'POST')).status).toBe(200);
    expect((await write(token, T + 1, T + 2, T + 3)).status).toBe(204);
    expect((await write(token, T + 4)).status).toBe(429);
    await value('nightshift_ingest_refused_requests_total{reason="rate", token="bounded"}', (n) => n === 1);
  });
});

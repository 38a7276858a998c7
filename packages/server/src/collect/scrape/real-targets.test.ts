import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sessionOf } from '../../../test/collect/session.ts';
import { configOf } from './config/simple-job.ts';
import type { ScrapeConfig } from './config/types.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function scraping(address: string, changes: Partial<ScrapeConfig> = {}) {
  const job = { job: 'real', intervalMs: 15_000, timeoutMs: 10_000, scheme: 'http', metricsPath: '/metrics' } as const;
  const config = { ...configOf({ ...job, targets: [address], labels: {} }), fallbackProtocol: undefined, ...changes };
  const { session, close } = sessionOf(config);
  ends.push(close);
  let at = Date.now();
  return async () => {
    at += 15_000;
    const result = await session.scrape(at, Date.now);
    result.stored();
    const { series = [], values = [] } = result.decoded.metrics ?? {};
    const value = (name: string) => values[series.findIndex((labels) => labels.get('__name__') === name)];
    return { error: result.error, series, value };
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function isInstalled(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function whenUp(address: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isUp = await fetch(`http://${address}/metrics`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${address} did not come up`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

const nodeExporter = 'prometheus-node-exporter';

it.skipIf(!isInstalled(nodeExporter))(
  `a real ${nodeExporter} is scraped (skipped where it is not installed)`,
  async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(nodeExporter, [`--web.listen-address=${address}`], { stdio: 'ignore' });
    ends.push(() => stop(child));
    await whenUp(address);
    for (const protocol of ['OpenMetricsText1.0.0', 'PrometheusText0.0.4', 'PrometheusProto'] as const) {
      const scrape = scraping(address, { protocols: [protocol] });
      const first = await scrape();
      expect(first.error).toBe('');
      expect(first.value('up')).toBe(1);
      expect(first.value('scrape_samples_scraped')).toBeGreaterThan(200);
      expect(first.value('node_cpu_seconds_total')).toBeGreaterThanOrEqual(0);
      expect(first.value('node_memory_MemTotal_bytes')).toBeGreaterThan(1e8);
      const second = await scrape();
      // A disk or a connection may come between two scrapes, but not many.
      expect(second.value('scrape_series_added')).toBeLessThan(20);
    }
  },
  60_000,
);

describe.skipIf(!isInstalled('prometheus'))('a real prometheus (skipped where it is not installed)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-real-target-'));
  let child: ChildProcess;
  let address: string;
  beforeAll(async () => {
    address = `127.0.0.1:${await freePort()}`;
    writeFileSync(join(dir, 'prometheus.yml'), '');
    const storage = ['--storage.tsdb.path', join(dir, 'data')];
    const flags = ['--config.file', join(dir, 'prometheus.yml'), '--web.listen-address', address, ...storage];
    child = spawn('prometheus', flags, { stdio: 'ignore' });
    await whenUp(address);
  }, 30_000);
  afterAll(async () => {
    await stop(child);
    rmSync(dir, { recursive: true });
  });

  it('says the same in every format', async () => {
    const formats = ['PrometheusText0.0.4', 'OpenMetricsText1.0.0', 'PrometheusProto'] as const;
    const found: Set<string>[] = [];
    for (const protocol of formats) {
      const scrape = scraping(address, { protocols: [protocol] });
      // The first scrapes make series of the server's own requests.
      await scrape();
      const { error, series } = await scrape();
      expect(error).toBe('');
      found.push(new Set(series.map((labels) => JSON.stringify([...labels]))));
    }
    const [text, open, protobuf] = found as [Set<string>, Set<string>, Set<string>];
    expect(text.size).toBeGreaterThan(200);
    const without = (a: Set<string>, b: Set<string>) => [...a].filter((series) => !b.has(series));
    expect(without(text, protobuf)).toEqual([]);
    expect(without(protobuf, text)).toEqual([]);
    expect(without(open, text)).toEqual([]);
  }, 30_000);
});

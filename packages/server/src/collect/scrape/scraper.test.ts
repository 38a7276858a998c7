import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isStaleMarker } from '@nightshift/wire';
import { afterEach, describe, expect, it } from 'vitest';
import type { Decoded } from '../record.ts';
import { compileRelabelling } from '../relabel/relabel.ts';
import { loadScrapeFile } from './config/load.ts';
import { configOf } from './config/simple-job.ts';
import type { ScrapeConfig } from './config/types.ts';
import { offsetOf } from './loop.ts';
import { populate } from './populate.ts';
import { startScraper } from './scraper.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-scraper-'));
  ends.push(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** Reads a configuration as from a file, so that what is tested is what people write. */
function configsOf(yaml: string, dir = folder()): readonly ScrapeConfig[] {
  writeFileSync(join(dir, 'prometheus.yml'), yaml);
  return loadScrapeFile(join(dir, 'prometheus.yml')).configs;
}

/** One target that says `requests_total`, with what was asked of it. */
async function exporter() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'text/plain').end(`requests_total ${asked.length}\n`);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
  readonly timestamp: number;
  readonly stale: boolean;
}

function start(configs: readonly ScrapeConfig[]) {
  const samples: Sample[] = [];
  const warnings: string[] = [];
  const take = async (_record: unknown, { metrics }: Decoded) => {
    metrics?.seriesIndex.forEach((index, i) => {
      const { __name__: name = '', ...labels } = Object.fromEntries(metrics.series[index] ?? []);
      const [value = 0, timestamp = 0] = [metrics.values[i], metrics.timestamps[i]];
      samples.push({ name, labels, value, timestamp, stale: isStaleMarker(metrics.values, i) });
    });
  };
  const scraper = startScraper(configs, take, Date.now, { warn: (message) => warnings.push(message) });
  ends.push(() => scraper.close());
  const of = (name: string) => samples.filter((sample) => sample.name === name);
  return { scraper, warnings, of };
}

const until = (read: () => boolean, timeout = 10_000) => expect.poll(read, { timeout, interval: 20 }).toBe(true);

describe('what was found', () => {
  const config = (changes: Partial<ScrapeConfig> = {}): ScrapeConfig => ({
    ...configOf({
      job: 'app',
      intervalMs: 15_000,
      timeoutMs: 10_000,
      scheme: 'https',
      metricsPath: '/m?module=a&module=b&x=1',
      targets: [],
      labels: {},
    }),
    ...changes,
  });
  const made = (target: Record<string, string>, changes: Partial<ScrapeConfig> = {}, group = {}) =>
    populate(
      new Map(Object.entries(target)),
      new Map(Object.entries(group)),
      config(changes),
      compileRelabelling(changes.relabel ?? []),
    );

  it('becomes a target with an address and labels', () => {
    expect(made({ __address__: 'web:80', __meta_zone: 'a' }, {}, { env: 'x' })).toMatchObject({
      target: {
        url: 'https://web:80/m?module=a&module=b&x=1',
        labels: new Map([
          ['env', 'x'],
          ['instance', 'web:80'],
          ['job', 'app'],
        ]),
        intervalMs: 15_000,
        timeoutMs: 10_000,
      },
    });
  });

  it('is scraped as its labels say after relabelling', () => {
    const relabel = Object.entries({
      __address__: 'other:81',
      __scheme__: 'http',
      __metrics_path__: '/n',
      __param_module: 'c',
      __scrape_interval__: '1m30s',
      __scrape_timeout__: '5s',
      instance: 'me',
      __tmp: 'gone',
    }).map(([targetLabel, replacement]) => ({ action: 'replace' as const, targetLabel, replacement }));
    expect(made({ __address__: 'web:80' }, { relabel })).toMatchObject({
      target: {
        url: 'http://other:81/n?module=c&module=b&x=1',
        instance: 'me',
        intervalMs: 90_000,
        timeoutMs: 5000,
        labels: new Map([
          ['instance', 'me'],
          ['job', 'app'],
        ]),
      },
    });
  });

  it.each([
    [{}, 'no address'],
    [{ __address__: 'http://web' }, '"http://web" is not a valid hostname'],
    [
      { __address__: 'a', __scrape_interval__: 'soon' },
      'error parsing scrape interval: not a valid duration string: "soon"',
    ],
    [{ __address__: 'a', __scrape_timeout__: '0s' }, 'scrape timeout cannot be 0'],
    [
      { __address__: 'a', __scrape_timeout__: '20s' },
      'scrape timeout cannot be greater than scrape interval ("20s" > "15s")',
    ],
    [
      { __address__: 'a', __scrape_native_histograms__: 'x' },
      'error parsing scrape native histograms: "x" is not true or false',
    ],
  ])('that cannot be a target says why: %j', (target, mistake) => {
    expect(made(target as Record<string, string>)).toEqual({ mistake });
  });
});

it('targets are spread evenly over their interval, at the same place every time', () => {
  const buckets = new Array(10).fill(0);
  for (let i = 0; i < 2000; i++) {
    const target = { key: `["http://10.0.0.${i % 256}:9100/metrics",["instance","host-${i}"]]`, intervalMs: 15_000 };
    expect(offsetOf(target)).toBe(offsetOf(target));
    buckets[Math.floor(offsetOf(target) / 1500)]++;
  }
  for (const count of buckets) expect(count).toBeGreaterThan(140);
});

describe('a scraper', () => {
  it('follows a file of targets from the first scrape of one to the stale marker of another', async () => {
    const dir = folder();
    const [one, two] = [await exporter(), await exporter()];
    const write = (targets: string[]) => {
      writeFileSync(join(dir, 'targets.tmp'), JSON.stringify([{ targets, labels: { env: 'x' } }]));
      renameSync(join(dir, 'targets.tmp'), join(dir, 'targets.json'));
    };
    write([one.address]);
    const configs = configsOf(
      `scrape_configs:
  - job_name: app
    scrape_interval: 300ms
    file_sd_configs: [{ files: [targets.json] }]
    relabel_configs: [{ source_labels: [__meta_filepath], regex: '.*/(.*)', target_label: from }]
`,
      dir,
    );
    const { scraper, of } = start(configs);
    await until(() => of('requests_total').length > 1);
    expect(of('requests_total')[0]?.labels).toEqual({
      env: 'x',
      from: 'targets.json',
      instance: one.address,
      job: 'app',
    });
    expect(scraper.targets()[0]).toMatchObject({ health: 'up', lastError: '' });
    expect(scraper.targets()[0]?.target.discovered.get('__meta_filepath')).toBe(join(dir, 'targets.json'));
    write([two.address]);
    await until(() => of('requests_total').some(({ stale, labels }) => stale && labels.instance === one.address));
    await until(() => of('up').some(({ stale, labels }) => stale && labels.instance === one.address));
    expect(of('requests_total').some(({ stale, labels }) => !stale && labels.instance === two.address)).toBe(true);
    expect(scraper.status().map(({ target }) => target)).toEqual([`http://${two.address}/metrics`]);
  });

  it('reloads without a gap: what does not change is left alone, and what changes goes on at its times', async () => {
    const { address, asked } = await exporter();
    const dir = folder();
    const yaml = (extra: string, job = 'app') => `scrape_configs:
  - job_name: ${job}
    scrape_interval: 200ms
    static_configs: [{ targets: ['${address}'] }]
    ${extra}
`;
    const { scraper, of } = start(configsOf(yaml(''), dir));
    await until(() => of('up').length > 1);
    const [before] = scraper.targets();
    scraper.reload(configsOf(yaml(''), dir));
    expect(scraper.targets()[0]?.target).toBe(before?.target);
    scraper.reload(configsOf(yaml('metric_relabel_configs: [{ target_label: team, replacement: a }]'), dir));
    await until(() => of('requests_total').some(({ labels }) => labels.team === 'a'));
    await until(() => of('requests_total').some(({ labels, stale }) => stale && !labels.team));
    expect(of('up').some(({ stale }) => stale)).toBe(false);
    const times = of('up').map(({ timestamp }) => timestamp);
    for (let i = 1; i < times.length; i++) expect((times[i] as number) - (times[i - 1] as number)).toBeLessThan(390);
    scraper.reload([]);
    const count = asked.length;
    await until(() => of('up').some(({ stale }) => stale));
    expect([asked.length, scraper.targets()]).toEqual([count, []]);
  });

  it('does not end the series of a target that comes back with the same labels', async () => {
    const { address } = await exporter();
    const dir = folder();
    const yaml = (job: string) => `scrape_configs:
  - job_name: ${job}
    scrape_interval: 200ms
    static_configs: [{ targets: ['${address}'], labels: { job: same } }]
`;
    const { scraper, of } = start(configsOf(yaml('one'), dir));
    await until(() => of('up').length > 1);
    scraper.reload(configsOf(yaml('two'), dir));
    const count = of('up').length;
    await until(() => of('up').length > count + 4);
    expect(of('up').some(({ stale }) => stale)).toBe(false);
  });

  it('keeps what relabelling dropped, as many as it is told, and says which targets cannot be', () => {
    const { scraper, warnings } = start(
      configsOf(`scrape_configs:
  - job_name: app
    keep_dropped_targets: 1
    static_configs: [{ targets: ['drop1:1', 'drop2:1', 'a:1', 'a:1', 'web/x:1'] }]
    relabel_configs: [{ source_labels: [__address__], regex: 'drop.*', action: drop }]
`),
    );
    expect(scraper.targets().map(({ target }) => target.instance)).toEqual(['a:1']);
    const [pool] = scraper.pools();
    expect(pool?.dropped.map(({ discovered }) => discovered.get('__address__'))).toEqual(['drop1:1']);
    expect(pool?.droppedCount).toBe(2);
    expect(warnings).toEqual(['job "app": instance 4 in group 0: "web/x:1" is not a valid hostname']);
  });

  it('scrapes none of a job that has more targets than it may', async () => {
    const [one, two] = [await exporter(), await exporter()];
    const dir = folder();
    const { scraper, of } = start(
      configsOf(
        `scrape_configs:
  - job_name: app
    scrape_interval: 200ms
    scrape_failure_log_file: failures.log
    target_limit: 1
    static_configs: [{ targets: ['${one.address}', '${two.address}'] }]
`,
        dir,
      ),
    );
    await until(() => of('up').length > 1);
    expect(of('up').every(({ value }) => value === 0)).toBe(true);
    expect(scraper.targets()[0]?.lastError).toBe('target_limit exceeded (number of targets: 2, limit: 1)');
    expect([...one.asked, ...two.asked]).toEqual([]);
    const [line = ''] = readFileSync(join(dir, 'failures.log'), 'utf8').split('\n');
    expect(JSON.parse(line)).toMatchObject({ msg: expect.stringMatching(/^target_limit/), job_name: 'app' });
  });
});

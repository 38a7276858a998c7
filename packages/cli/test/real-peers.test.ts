import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort, type Peer, startPeer } from '../../../conformance/peers/process.ts';
import { debianPrometheus, startPrometheus } from '../../../conformance/peers/prometheus.ts';
import { type CounterTarget, pointsOf, startCounterTarget } from '../../agent/test/counter-target.ts';
import { type BuiltCommand, buildCommand, ingestToken, startServe } from '../../agent/test/processes.ts';
import { apiData, instantVector } from './running-serve.ts';

const debianVmagent = '/usr/bin/vmagent';
const debianNodeExporter = '/usr/bin/prometheus-node-exporter';

const base = mkdtempSync(join(tmpdir(), 'nightshift-peers-'));
let command: BuiltCommand;
let target: CounterTarget;
let runs = 0;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  command = await buildCommand();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => {
  command.remove();
  rmSync(base, { recursive: true, force: true });
});

function emptyDir(): string {
  const dir = join(base, String(++runs));
  mkdirSync(dir);
  return dir;
}

const missing = (path: string): boolean => {
  if (!existsSync(path)) console.warn(`SKIPPED: ${path} is not installed.`);
  return !existsSync(path);
};

async function counter(): Promise<CounterTarget> {
  target = await startCounterTarget();
  ends.push(() => target.close());
  return target;
}

/** Two processes of one data directory behind the same port, the first of which is killed. */
async function restartable() {
  const dir = emptyDir();
  const port = await freePort();
  const first = await startServe(command.entry, dir, port);
  ends.push(() => first.kill());
  const token = await ingestToken(first);
  const restart = async () => {
    await first.kill();
    const second = await startServe(command.entry, dir, port);
    ends.push(() => second.stop());
    return second;
  };
  return { first, token, restart };
}

const remoteWrite = (url: string, token: string) => ({
  url: `${url}/api/v1/write`,
  authorization: { credentials: token },
  queue_config: { batch_send_deadline: '200ms', min_backoff: '50ms', max_backoff: '500ms' },
});

const job = (address: string) => ({ job_name: 'app', static_configs: [{ targets: [address] }] });

const count = async (api: Parameters<typeof pointsOf>[0]) =>
  (await pointsOf(api, 'ticks_total{job="app"}').catch(() => [])).length;

type Points = Awaited<ReturnType<typeof pointsOf>>;

/** Values of the counter that are missing among those that are there, or there twice. */
function holesIn(points: Points): number[] {
  const first = points[0]?.value ?? 0;
  return points.map(({ value }) => value).filter((value, i) => value !== first + i);
}

/**
 * Waits until more than `count` values of the counter are there with none missing between them: what was on its way when
 * we died comes again when its sender thinks fit, after later ones where it sends several at once.
 */
async function everyTick(api: Parameters<typeof pointsOf>[0], count: number): Promise<Points> {
  const read = () => pointsOf(api, 'ticks_total{job="app"}').catch((): Points => []);
  const isWhole = async () => {
    const points = await read();
    return points.length > count ? holesIn(points) : ['too few'];
  };
  await expect.poll(isWhole, { timeout: 18_000, interval: 200 }).toEqual([]);
  return read();
}

describe('what others write to us by remote write 1.0 has no hole after we were killed', () => {
  it.skipIf(missing(debianPrometheus))(
    'by a real Prometheus, sample by sample as it has them itself',
    async () => {
      const { address } = await counter();
      const { first, token, restart } = await restartable();
      const prometheus = await startPrometheus({
        dir: emptyDir(),
        config: {
          global: { scrape_interval: '1s', scrape_timeout: '1s' },
          scrape_configs: [job(address)],
          remote_write: [remoteWrite(first.url, token)],
        },
      });
      ends.push(() => prometheus.stop());
      await expect.poll(() => count(first), { timeout: 10_000, interval: 200 }).toBeGreaterThan(2);
      const second = await restart();
      const points = await everyTick(second, target.shown() + 1);
      const own = await pointsOf(prometheus, 'ticks_total{job="app"}');
      expect(points).toEqual(own.slice(0, points.length));
    },
    30_000,
  );

  it.skipIf(missing(debianVmagent))(
    'by a real vmagent',
    async () => {
      const { address } = await counter();
      const { first, token, restart } = await restartable();
      const dir = emptyDir();
      const port = await freePort();
      writeFileSync(
        join(dir, 'scrape.yml'),
        JSON.stringify({ scrape_configs: [{ ...job(address), scrape_interval: '1s' }] }),
      );
      const vmagent = await startPeer({
        name: 'vmagent',
        binary: debianVmagent,
        args: [
          `-promscrape.config=${dir}/scrape.yml`,
          `-remoteWrite.tmpDataPath=${dir}/data`,
          `-remoteWrite.url=${first.url}/api/v1/write`,
          `-remoteWrite.bearerToken=${token}`,
          '-remoteWrite.flushInterval=200ms',
          `-httpListenAddr=127.0.0.1:${port}`,
        ],
        url: `http://127.0.0.1:${port}`,
        readyPath: '/health',
      });
      ends.push(() => vmagent.stop());
      await expect.poll(() => count(first), { timeout: 10_000, interval: 200 }).toBeGreaterThan(2);
      const second = await restart();
      await everyTick(second, target.shown() + 1);
      const metrics = await (await fetch(`${vmagent.url}/metrics`)).text();
      expect(metrics).toMatch(/^vmagent_remotewrite_packets_dropped_total\S* 0$/m);
    },
    30_000,
  );
});

it.skipIf(missing(debianNodeExporter))(
  'a real node_exporter that serve scrapes shows every series with its value',
  async () => {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const exporter: Peer = await startPeer({
      name: 'node_exporter',
      binary: debianNodeExporter,
      args: [`--web.listen-address=${address}`],
      url: `http://${address}`,
      readyPath: '/metrics',
    });
    ends.push(() => exporter.stop());
    const dir = emptyDir();
    const scrape = [{ job: 'node', targets: [address], interval: '1s', timeout: '1s' }];
    writeFileSync(join(dir, 'nightshift.yaml'), JSON.stringify({ scrape }));
    const serve = await startServe(command.entry, dir, 0);
    ends.push(() => serve.stop());
    const peer: Peer = { ...serve, name: 'Nightshift' };
    await expect
      .poll(async () => Number((await instantVector(peer, 'up{job="node"}'))[0]?.value[1]), { timeout: 10_000 })
      .toBe(1);
    const shown = await (await fetch(`${exporter.url}/metrics`)).text();
    const samples = shown.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const scraped = Number((await instantVector(peer, 'scrape_samples_scraped{job="node"}'))[0]?.value[1]);
    expect(Math.abs(scraped - samples.length)).toBeLessThan(20);
    const stored = await apiData<{ result: { value: [number, string] }[] }>(peer, 'query', {
      query: 'count({job="node",__name__=~"node_.*|go_.*|process_.*|promhttp_.*"})',
    });
    expect(Number(stored.result[0]?.value[1])).toBe(scraped);
    // Values that stay while the test runs.
    for (const name of ['node_boot_time_seconds', 'node_memory_MemTotal_bytes', 'node_filefd_maximum']) {
      const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(shown) ?? [];
      expect(
        (await instantVector(peer, name)).map((each) => Number(each.value[1])),
        name,
      ).toEqual([Number(value)]);
    }
    const uname = await instantVector(peer, 'node_uname_info');
    expect(shown).toContain(`release="${uname[0]?.metric.release}"`);
  },
  30_000,
);

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type MetricBatch, parseExposition } from '@nightshift/wire';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createCollectors } from './collectors/index.ts';
import type { Family } from './family.ts';
import { gather } from './gather.ts';
import { defaultHostPaths, openHost } from './host.ts';

const command = ['prometheus-node-exporter', 'node_exporter'].find((name) => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});
if (!command) console.warn('skipped: node_exporter is not installed (apt-get install prometheus-node-exporter)');

/** What upstream excludes; Debian has defaults of its own. */
const flags = [
  '--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)',
  '--collector.diskstats.device-exclude=^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$',
  '--collector.netdev.device-exclude=^$',
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const keyOf = (name: string, labels: Iterable<readonly [string, string]>): string =>
  JSON.stringify([name, ...[...labels].filter(([label, value]) => label !== '__name__' && value !== '').sort()]);

/** Values by series. */
function ours(families: readonly Family[]): Map<string, number> {
  return new Map(
    families.flatMap(({ name, samples }) =>
      samples.map(({ labels, value }) => [keyOf(name, Object.entries(labels)), value] as const),
    ),
  );
}

function theirs(batch: MetricBatch): Map<string, number> {
  const values = new Map<string, number>();
  for (const [i, index] of batch.seriesIndex.entries()) {
    const labels = batch.series[index] ?? new Map();
    values.set(keyOf(labels.get('__name__') ?? '', labels), batch.values[i] ?? Number.NaN);
  }
  return values;
}

/** Values that do not change while a test runs; all others may only be near. */
const still =
  /^\["node_(boot_time|uname|memory_(MemTotal|SwapTotal|HugePages_Total|Hugepagesize|VmallocTotal|CommitLimit)|filefd_maximum|filesystem_(size|files"|files_bytes|readonly|device_error)|network_(info|up|mtu|flags|iface|speed|protocol|address|transmit_queue|carrier|net_dev|device_id|dormant|name)|time_clocksource|scrape_collector_success|vmstat_oom_kill|cpu_guest)/;

describe.skipIf(!command)('beside a real node_exporter', () => {
  let child: ChildProcess;
  let before: Map<string, number>;
  let between: readonly Family[];
  let after: Map<string, number>;
  let metadata: MetricBatch['metadata'];

  beforeAll(async () => {
    const port = await freePort();
    child = spawn(command ?? '', [`--web.listen-address=127.0.0.1:${port}`, ...flags], { stdio: 'ignore' });
    const scrape = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      return parseExposition(await response.text(), 0);
    };
    await vi.waitFor(scrape, { timeout: 8000 });
    const first = await scrape();
    metadata = first.metadata;
    before = theirs(first);
    between = (await gather(openHost(defaultHostPaths), createCollectors(Date.now))).families;
    after = theirs(await scrape());
  }, 20_000);

  afterAll(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });

  it('has every series that ours has, with the same labels', () => {
    const missing = [...ours(between).keys()].filter((key) => !before.has(key) && !after.has(key));
    expect(missing).toEqual([]);
  });

  it('has the same values where they do not change', () => {
    const compared = [...ours(between)].filter(([key]) => still.test(key));
    expect(compared.length).toBeGreaterThan(20);
    expect(Object.fromEntries(compared)).toEqual(Object.fromEntries(compared.map(([key]) => [key, before.get(key)])));
  });

  it('has counters between which ours lie', () => {
    const counters = between.filter(({ type }) => type === 'counter');
    expect(counters.length).toBeGreaterThan(20);
    const outside = [...ours(counters)].filter(([key, value]) => {
      // The two do not read at exactly the same time, and idle time is known to go back a little.
      const slack = 0.05 + Math.abs(value) * 1e-9;
      return value < (before.get(key) ?? Number.NaN) - slack || value > (after.get(key) ?? Number.NaN) + slack;
    });
    expect(outside).toEqual([]);
  });

  it('gives its metrics the same types and help', () => {
    const known = new Map(metadata.map(({ name, type, help }) => [name, { type, help }]));
    const wanted = Object.fromEntries(between.map(({ name }) => [name, known.get(name)]));
    expect(Object.fromEntries(between.map(({ name, type, help }) => [name, { type, help }]))).toEqual(wanted);
  });

  it('has nothing of these collectors that ours lacks, but for what is named here', () => {
    const lacking = [...before.keys()]
      .map((key) => (JSON.parse(key) as string[])[0] ?? '')
      .filter((name) =>
        /^node_(cpu|memory|disk|filefd|filesystem|load|network|uname|boot|time_|context|forks|intr|procs|vmstat)/.test(
          name,
        ),
      )
      .filter((name) => !between.some((family) => family.name === name));
    const left = ['node_disk_info', 'node_network_receive_nohandler_total', 'node_network_speed_bytes'];
    expect([...new Set(lacking)].filter((name) => !left.includes(name) && !/^node_time_zone/.test(name))).toEqual([]);
  });
});

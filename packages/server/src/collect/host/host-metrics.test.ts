import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isStaleMarker, type MetricBatch } from '@nightshift/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect } from '../collect.ts';
import type { Decoded, JournalRecord } from '../record.ts';
import { createFilesystem, Sizes } from './collectors/filesystem.ts';
import { createCollectors } from './collectors/index.ts';
import { gather } from './gather.ts';
import { type Host, openHost } from './host.ts';
import { startHostMetrics } from './host-metrics.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nightshift-host-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

const paths = () => ({ proc: join(dir, 'proc'), sys: join(dir, 'sys'), root: dir });

const collectors = () => createCollectors(() => 1_700_000_000_000);

/** A machine with little more than a load. */
function writeMachine(): void {
  write('proc/loadavg', '1.5 2 3 1/2 3\n');
  write('proc/stat', 'cpu0 1 2 3 4\nbtime 5\n');
  write('proc/meminfo', 'MemTotal: 1 kB\n');
  write('proc/diskstats', '8 0 sda 1\n8 16 sdb 2\n');
  write('proc/self/mountinfo', '1 1 8:0 / / rw - ext4 /dev/sda rw\n2 1 8:1 / /gone rw - ext4 /dev/sdb rw\n');
  write('sys/class/net/eth0/ifindex', '2\n');
  write('sys/class/net/bonding_masters', '\n');
}

describe('host metrics', () => {
  it('tell of every collector whether it succeeded, and never fail as a whole', async () => {
    const { families, failures } = await gather(openHost(paths()), collectors());
    const empty = Object.fromEntries(
      families
        .find(({ name }) => name === 'node_scrape_collector_success')
        ?.samples.map(({ labels, value }) => [labels.collector, value]) ?? [],
    );
    expect(empty).toMatchObject({ cpu: 0, meminfo: 0, diskstats: 0, loadavg: 0, netclass: 1, time: 1 });
    expect(failures.get('loadavg')).toMatch(/ENOENT/);
    write('proc/loadavg', 'garbage');
    expect((await gather(openHost(paths()), collectors())).failures.get('loadavg')).toBe('nothing could be read');
  });

  it('are read below the paths that are configured', async () => {
    writeMachine();
    const { families } = await gather(openHost(paths()), collectors());
    const samples = (wanted: string) => families.find(({ name }) => name === wanted)?.samples;
    expect(samples('node_load1')).toEqual([{ labels: {}, value: 1.5 }]);
    expect(samples('node_time_seconds')).toEqual([{ labels: {}, value: 1_700_000_000 }]);
    expect(samples('node_network_iface_id')).toEqual([{ labels: { device: 'eth0' }, value: 2 }]);
    expect(samples('node_network_up')?.length).toBe(1);
    const errors = samples('node_filesystem_device_error')?.map(({ labels, value }) => [labels.mountpoint, value]);
    expect(errors).toEqual([
      ['/', 0],
      ['/gone', 1],
    ]);
    expect(samples('node_filesystem_size_bytes')?.length).toBe(1);
  });

  it('do not ask a filesystem again that has not answered yet', async () => {
    let asked = 0;
    let answer = (): void => {};
    const host: Host = {
      read: async () => '1 1 8:0 / /nfs rw - nfs server:/ rw\n',
      list: async () => [],
      size: () => {
        asked++;
        return new Promise((_, reject) => {
          answer = () => reject(new Error('stale handle'));
        });
      },
    };
    const sizes = new Sizes();
    const first = sizes.of(host, '/nfs');
    const families = await createFilesystem(sizes).collect(host);
    expect(families.map(({ name, samples }) => [name, samples[0]?.value])).toEqual([
      ['node_filesystem_device_error', 1],
    ]);
    expect(asked).toBe(1);
    answer();
    expect(await first).toBeUndefined();
    void sizes.of(host, '/nfs');
    expect(asked).toBe(2);
    answer();
  });
});

/** What a store would get, by series. */
class Taken {
  readonly batches: MetricBatch[] = [];
  isFull = false;
  readonly take = (record: JournalRecord): Promise<void> => {
    const sink = {
      admit: async (_record: JournalRecord, { metrics }: Decoded) => {
        if (this.isFull) throw new Error('the disk is full');
        if (metrics) this.batches.push(metrics);
      },
    };
    return collect({ sink, now: Date.now, maxDecompressedBytes: 1e6 }, record);
  };

  /** Values of the last batch, `stale` for a marker. */
  get values(): Record<string, number | 'stale'> {
    const batch = this.batches.at(-1);
    if (!batch) return {};
    return Object.fromEntries(
      [...batch.seriesIndex].map((index, i) => {
        const labels = [...(batch.series[index] ?? [])].filter(([, value]) => value !== hostname());
        return [
          labels.map(([name, value]) => (name === '__name__' ? value : `${name}=${value}`)).join(' '),
          isStaleMarker(batch.values, i) ? 'stale' : (batch.values[i] ?? 0),
        ];
      }),
    );
  }
}

describe('taking host metrics', () => {
  const start = (taken: Taken, labels?: Record<string, string>, warnings: string[] = []) =>
    startHostMetrics(
      {
        intervalMs: 20,
        paths: paths(),
        now: Date.now,
        warn: (message) => warnings.push(message),
        ...(labels && { labels }),
      },
      taken.take,
    );
  const soon = (value: () => unknown) => expect.poll(value, { timeout: 5000, interval: 5 });

  it('gives them the job node and the name of the machine, with type and help', async () => {
    writeMachine();
    const taken = new Taken();
    const metrics = start(taken);
    await soon(() => taken.values).toMatchObject({
      'node_load1 job=node': 1.5,
      'up job=node': 1,
      'node_scrape_collector_success collector=loadavg job=node': 1,
      'node_disk_reads_completed_total device=sdb job=node': 2,
    });
    const instances = taken.batches[0]?.series.map((labels) => labels.get('instance'));
    expect(new Set(instances)).toEqual(new Set([hostname()]));
    expect(taken.batches[0]?.metadata).toContainEqual({
      name: 'node_load1',
      type: 'gauge',
      help: '1m load average.',
      unit: '',
    });
    await metrics.close();
  });

  it('takes labels of its own, which win', async () => {
    writeMachine();
    const taken = new Taken();
    const metrics = start(taken, { job: 'hosts', device: 'mine', empty: '' });
    await soon(() => taken.values).toMatchObject({
      'node_load1 device=mine job=hosts': 1.5,
      'node_disk_reads_completed_total device=mine exported_device=sda job=hosts': 1,
    });
    await metrics.close();
  });

  it('marks what is gone as stale, once', async () => {
    writeMachine();
    const taken = new Taken();
    const metrics = start(taken);
    const sdb = 'node_disk_reads_completed_total device=sdb job=node';
    await soon(() => taken.values[sdb]).toBe(2);
    write('proc/diskstats', '8 0 sda 1\n');
    await soon(() => taken.values[sdb]).toBe('stale');
    await soon(() => taken.values[sdb]).toBeUndefined();
    await metrics.close();
  });

  it('goes on when a round cannot be stored or read, and says why once', async () => {
    const taken = new Taken();
    const warnings: string[] = [];
    taken.isFull = true;
    const metrics = start(taken, undefined, warnings);
    await soon(() => warnings).toEqual(['host metrics: not stored: the disk is full']);
    taken.isFull = false;
    await soon(() => taken.values).toMatchObject({ 'node_scrape_collector_success collector=loadavg job=node': 0 });
    await soon(() => warnings.length).toBe(2);
    expect(warnings[1]).toMatch(/^host metrics: .*loadavg: ENOENT/);
    writeMachine();
    await soon(() => taken.values).toMatchObject({ 'node_load1 job=node': 1.5 });
    await metrics.close();
    const count = taken.batches.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(taken.batches.length).toBe(count);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Family } from '../family.ts';
import { cpuFamilies, parseCpuTimes, steadyTimes } from './cpu.ts';
import { parseDiskstats } from './diskstats.ts';
import { parseFilefd } from './filefd.ts';
import { parseMounts } from './filesystem.ts';
import { parseLoadavg } from './loadavg.ts';
import { parseMeminfo } from './meminfo.ts';
import { networkFamilies } from './netclass.ts';
import { parseNetdev } from './netdev.ts';
import { parseStat } from './stat.ts';
import { parseVmstat } from './vmstat.ts';

const parseCpu = (text: string): Family[] => cpuFamilies(parseCpuTimes(text));

/** `name{label="value"} value` of each sample. */
const shown = (families: readonly Family[]): string[] =>
  families.flatMap(({ name, samples }) =>
    samples.map(({ labels, value }) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
      return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
    }),
  );

describe('collectors of host metrics', () => {
  it.each<[string, (text: string) => Family[], string, string[]]>([
    [
      'the times of CPUs',
      parseCpu,
      'cpu  9 9 9 9\ncpu0 110 2 3 400 5 0 7 8 9 10\ncpu12 1 2 3 4\nintr 5\n',
      [
        'node_cpu_seconds_total{cpu="0",mode="user"} 1.1',
        'node_cpu_seconds_total{cpu="0",mode="nice"} 0.02',
        'node_cpu_seconds_total{cpu="0",mode="system"} 0.03',
        'node_cpu_seconds_total{cpu="0",mode="idle"} 4',
        'node_cpu_seconds_total{cpu="0",mode="iowait"} 0.05',
        'node_cpu_seconds_total{cpu="0",mode="irq"} 0',
        'node_cpu_seconds_total{cpu="0",mode="softirq"} 0.07',
        'node_cpu_seconds_total{cpu="0",mode="steal"} 0.08',
        'node_cpu_seconds_total{cpu="12",mode="user"} 0.01',
        'node_cpu_seconds_total{cpu="12",mode="nice"} 0.02',
        'node_cpu_seconds_total{cpu="12",mode="system"} 0.03',
        'node_cpu_seconds_total{cpu="12",mode="idle"} 0.04',
        'node_cpu_guest_seconds_total{cpu="0",mode="user"} 0.09',
        'node_cpu_guest_seconds_total{cpu="0",mode="nice"} 0.1',
      ],
    ],
    [
      'what the machine does',
      parseStat,
      'cpu 1\nintr 500 1 2 3\nctxt 7\nbtime 1700000000\nprocesses 9\nprocs_running 2\nprocs_blocked x\nsoftirq 1 2\n',
      [
        'node_intr_total 500',
        'node_context_switches_total 7',
        'node_boot_time_seconds 1700000000',
        'node_forks_total 9',
        'node_procs_running 2',
      ],
    ],
    [
      'memory',
      parseMeminfo,
      'MemTotal:       1024 kB\nActive(anon):  2 kB\nHugePages_Total:       3\nBad: many kB\nno colon 4 kB\n',
      ['node_memory_MemTotal_bytes 1048576', 'node_memory_Active_anon_bytes 2048', 'node_memory_HugePages_Total 3'],
    ],
    [
      'disks, but no partitions',
      parseDiskstats,
      '7 0 loop0 1 1 1 1\n8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n8 1 sda1 1 2 3 4\n259 0 nvme0n1 1\n259 1 nvme0n1p1 1\n',
      [
        'node_disk_reads_completed_total{device="sda"} 1',
        'node_disk_reads_completed_total{device="nvme0n1"} 1',
        'node_disk_reads_merged_total{device="sda"} 2',
        'node_disk_read_bytes_total{device="sda"} 1536',
        'node_disk_read_time_seconds_total{device="sda"} 0.004',
        'node_disk_writes_completed_total{device="sda"} 5',
        'node_disk_writes_merged_total{device="sda"} 6',
        'node_disk_written_bytes_total{device="sda"} 3584',
        'node_disk_write_time_seconds_total{device="sda"} 0.008',
        'node_disk_io_now{device="sda"} 9',
        'node_disk_io_time_seconds_total{device="sda"} 0.01',
        'node_disk_io_time_weighted_seconds_total{device="sda"} 0.011',
      ],
    ],
    [
      'network devices, also those whose numbers touch the colon',
      parseNetdev,
      'Inter-|   Receive |  Transmit\n face |bytes    packets|bytes\n  eth0:10 2 3\nveth1@if2: 7 x 9\n',
      [
        'node_network_receive_bytes_total{device="eth0"} 10',
        'node_network_receive_bytes_total{device="veth1@if2"} 7',
        'node_network_receive_packets_total{device="eth0"} 2',
        'node_network_receive_errs_total{device="eth0"} 3',
        'node_network_receive_errs_total{device="veth1@if2"} 9',
      ],
    ],
    ['load', parseLoadavg, '0.21 0.37 0.39 1/719 19737\n', ['node_load1 0.21', 'node_load5 0.37', 'node_load15 0.39']],
    ['open files', parseFilefd, '1024\t0\t1631329\n', ['node_filefd_allocated 1024', 'node_filefd_maximum 1631329']],
    [
      'paging',
      parseVmstat,
      'nr_free_pages 1\npgpgin 7\npgmajfault 8\noom_kill 0\npg fault 3\n',
      ['node_vmstat_pgpgin 7', 'node_vmstat_pgmajfault 8', 'node_vmstat_oom_kill 0'],
    ],
  ])('read %s', (_, parse, text, expected) => {
    expect(shown(parse(text))).toEqual(expected);
  });

  it('read what a network device is', () => {
    const eth0 = {
      ...{ operstate: 'up', address: '02:00', broadcast: 'ff:ff', duplex: 'full', ifalias: '', speed: '1000' },
      ...{ flags: '0x1003', mtu: '1500', carrier_changes: '2', carrier: '' },
    };
    expect(shown(networkFamilies(new Map([['eth0', eth0]])))).toEqual([
      'node_network_up{device="eth0"} 1',
      'node_network_info{device="eth0",address="02:00",broadcast="ff:ff",duplex="full",ifalias="",operstate="up"} 1',
      'node_network_carrier_changes_total{device="eth0"} 2',
      'node_network_flags{device="eth0"} 4099',
      'node_network_mtu_bytes{device="eth0"} 1500',
      'node_network_speed_bytes{device="eth0"} 125000000',
    ]);
    expect(shown(networkFamilies(new Map([['down', { speed: '-1' }]]))).join()).not.toMatch(/speed/);
  });

  it('read what is mounted, without the filesystems of the kernel and of containers', () => {
    const text = [
      '29 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard',
      '30 29 0:5 / /proc rw - proc proc rw',
      '31 29 0:6 / /run/user/1000 rw - tmpfs tmpfs rw',
      '32 29 0:7 / /sys/fs/cgroup ro - cgroup2 cgroup rw',
      '33 29 8:1 / /mnt/my\\040disk ro,noatime - xfs /dev/sda1 rw',
      '34 29 8:2 /sub /data rw - btrfs /dev/sdb rw',
      '35 29 8:2 /sub /data rw - btrfs /dev/sdb rw',
      '36 29 0:8 / /var/lib/docker/overlay2/x rw - ext4 /dev/vda rw',
      'torn line',
      '37 29 8:3 / /half rw -',
    ].join('\n');
    expect(parseMounts(text)).toEqual([
      { device: '/dev/vda', mountpoint: '/', fstype: 'ext4', readOnly: false },
      { device: 'tmpfs', mountpoint: '/run/user/1000', fstype: 'tmpfs', readOnly: false },
      { device: '/dev/sda1', mountpoint: '/mnt/my disk', fstype: 'xfs', readOnly: true },
      { device: '/dev/sdb', mountpoint: '/data', fstype: 'btrfs', readOnly: false },
    ]);
  });

  it('never let the time of a CPU go back, unless it was taken out and put in again', () => {
    const at = (idle: number, iowait: number) => parseCpuTimes(`cpu0 100 0 0 ${idle} ${iowait}`);
    expect(steadyTimes(at(1000, 50), at(999, 51)).get('0')).toEqual([1, 0, 0, 10, 0.51]);
    expect(steadyTimes(at(1000, 50), at(600, 2)).get('0')).toEqual([1, 0, 0, 6, 0.02]);
    expect([...steadyTimes(new Map([['1', [5]]]), at(1, 1)).keys()]).toEqual(['0']);
  });

  const parsers = [
    parseCpu,
    parseStat,
    parseMeminfo,
    parseDiskstats,
    parseNetdev,
    parseLoadavg,
    parseFilefd,
    parseVmstat,
  ];
  const word = fc.oneof(
    fc.constantFrom('cpu0', 'ctxt', 'MemFree:', 'A(b):', 'kB', 'sda', 'eth0:', 'pgpgin', '-', '\\040', '__proto__'),
    fc.integer().map(String),
    fc.string(),
  );
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.array(fc.array(word).map((words) => words.join(' '))).map((lines) => lines.join('\n')),
  );

  it('make of any text nothing but metrics with usable names and numbers', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const { name, samples } of parsers.flatMap((parse) => parse(text))) {
          expect(name).toMatch(/^node_\w+$/);
          for (const { value } of samples) expect(value).not.toBeNaN();
        }
        for (const { mountpoint } of parseMounts(text)) expect(mountpoint).not.toBe('');
      }),
      { numRuns: 500 },
    );
  });
});

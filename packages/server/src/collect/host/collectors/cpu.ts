import { counter, Families, type Family } from '../family.ts';
import { numberOf, rows } from '../text.ts';
import type { Collector } from './collector.ts';

const seconds = counter('node_cpu_seconds_total', 'Seconds the CPUs spent in each mode.');
const guest = counter('node_cpu_guest_seconds_total', 'Seconds the CPUs spent in guests (VMs) for each mode.');

const modes = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'];

const idle = modes.indexOf('idle');

/** Seconds by CPU: those of the modes, then those of guests and of nice guests. */
export type CpuTimes = ReadonlyMap<string, readonly number[]>;

/** Of the clock in which the kernel tells these times, whatever its own is (USER_HZ). */
const ticksPerSecond = 100;

/** `cpu0 …` of /proc/stat (proc_stat(5)). Older kernels have fewer columns. */
export function parseCpuTimes(text: string): CpuTimes {
  const times = new Map<string, number[]>();
  for (const [name = '', ...fields] of rows(text)) {
    const [, cpu] = /^cpu(\d+)$/.exec(name) ?? [];
    if (cpu !== undefined) {
      const known = fields.slice(0, modes.length + 2);
      times.set(
        cpu,
        known.map((field) => (numberOf(field) ?? Number.NaN) / ticksPerSecond),
      );
    }
  }
  return times;
}

/** Idle time that goes back by more is that of a CPU which was taken out and put in again. */
const hotplugSeconds = 3;

/** Times never go back: the kernel's idle and waiting times sometimes do by a tick, and a rate would take that for a restart. */
export function steadyTimes(before: CpuTimes, now: CpuTimes): CpuTimes {
  const steady = ([cpu, times]: [string, readonly number[]]): [string, readonly number[]] => {
    const last = before.get(cpu) ?? [];
    if ((last[idle] ?? 0) - (times[idle] ?? 0) >= hotplugSeconds) return [cpu, times];
    return [cpu, times.map((time, i) => Math.max(time, last[i] ?? 0))];
  };
  return new Map([...now].map(steady));
}

export function cpuFamilies(times: CpuTimes): Family[] {
  const families = new Families();
  for (const [cpu, values] of times) {
    for (const [i, mode] of modes.entries()) families.add(seconds, values[i], { cpu, mode });
    for (const [i, mode] of ['user', 'nice'].entries()) families.add(guest, values[modes.length + i], { cpu, mode });
  }
  return families.list();
}

export function createCpu(): Collector {
  let before: CpuTimes = new Map();
  return {
    name: 'cpu',
    collect: async (host) => {
      before = steadyTimes(before, parseCpuTimes(await host.read('proc/stat')));
      return cpuFamilies(before);
    },
  };
}

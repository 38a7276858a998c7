import { readFileSync } from 'node:fs';

/** Megabytes (10^6) of anonymous memory, resident (proc_pid_smaps(5)). */
export function anonymousMb(pid: number): number {
  const kib = /^Anonymous:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return (Number(kib) * 1024) / 1e6;
}

/** Seconds of processor time since the start, of user and system (proc_pid_stat(5)), at 100 ticks a second. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

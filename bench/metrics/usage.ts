/** What processes have used, from Linux' /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux' USER_HZ, which is 100 wherever Node runs. */
const TICKS_PER_SECOND = 100;

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}

/** The process and what it has started. */
function family(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => parentOf(other) === pid);
  return [pid, ...children.flatMap(family)];
}

/** Core-seconds of one process since it started. */
export function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name, may itself hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export interface Usage {
  /** Of the process itself and of all that it has started. */
  readonly own: number;
  readonly all: number;
  /** Megabytes (10^6) of anonymous memory, of the process itself and of all of them. */
  readonly ownAnonymousMb: number;
  readonly anonymousMb: number;
}

function anonymousMbOf(pid: number): number {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kib) * 1024) / 1e6;
}

export function usageOf(pid: number): Usage {
  const pids = family(pid);
  return {
    own: cpuSecondsOf(pid),
    all: pids.reduce((sum, one) => sum + cpuSecondsOf(one), 0),
    ownAnonymousMb: anonymousMbOf(pid),
    anonymousMb: pids.reduce((sum, one) => sum + anonymousMbOf(one), 0),
  };
}

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process, and when it began: a pid alone may name somebody else's process a second later. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
}

/**
 * When the process began, as an opaque string that is equal as long as it is the same process: field 22 of /proc/PID/stat
 * (proc_pid_stat(5)), else what `ps` says. null where there is no such process, or only its zombie.
 */
export function processStartTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in parentheses, which may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return process.platform === 'linux' ? null : startTimeFromPs(pid);
  }
}

function startTimeFromPs(pid: number): string | null {
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
    return started.toString('utf8').trim() || null;
  } catch {
    return null;
  }
}

export function identify(pid: number): ProcessIdentity | null {
  const startTime = processStartTime(pid);
  return startTime === null ? null : { pid, startTime };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return processStartTime(identity.pid) === identity.startTime;
}

/** Kills the process and its group at once, unless the pid belongs to another process by now. @returns whether it did. */
export function killIfSame(identity: ProcessIdentity): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(-identity.pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/**
 * Running processes that have `dir` in their command line, their environment or their working directory (proc(5)).
 * With `dir` as TMPDIR of a command, these are all that it started, whatever they are called and whoever is their parent.
 * Empty where there is no /proc.
 */
export function processesOf(dir: string): FoundProcess[] {
  return processIds().flatMap((pid) => {
    if (pid === process.pid) return [];
    const command = read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    const environment = read(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
    const workDir = read(() => readlinkSync(`/proc/${pid}/cwd`));
    const isOurs = [command, environment, workDir].some((text) => text.includes(dir));
    return isOurs ? [{ pid, command: command.replaceAll('\0', ' ').trim() }] : [];
  });
}

/** Ends what a failed test left, so that the next one starts alone. */
export function killAllOf(dir: string): void {
  for (const { pid } of processesOf(dir)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself in the meantime.
    }
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** A process may end while it is read, and one of another user may not be read at all. */
function read(text: () => string): string {
  try {
    return text();
  } catch {
    return '';
  }
}

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server of the test's own: it listens on 127.0.0.1, keeps its files in a directory of its own, and ends with the test. */
export interface Server {
  readonly port: number;
  stop(): Promise<void>;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Neither server runs as root: then it is another user's. */
export class Account {
  private readonly ids: { uid: number; gid: number } | undefined;

  constructor(name: string) {
    this.ids = process.getuid?.() === 0 ? { uid: idOf(name, '-u'), gid: idOf(name, '-g') } : undefined;
  }

  get options(): { uid?: number; gid?: number } {
    return this.ids ?? {};
  }

  directory(prefix: string): string {
    const path = mkdtempSync(join(tmpdir(), prefix));
    if (this.ids) chownSync(path, this.ids.uid, this.ids.gid);
    return path;
  }
}

const idOf = (name: string, which: string): number => Number(execFileSync('id', [which, name], { encoding: 'utf8' }));

export interface Run {
  readonly program: string;
  readonly args: readonly string[];
  readonly account: Account;
  readonly directory: string;
  /** Ends it in an orderly and quick way. */
  readonly signal: NodeJS.Signals;
}

/** Starts the program and waits until `ready` does not reject. */
export async function run(what: Run, port: number, ready: () => Promise<unknown>): Promise<Server> {
  const child = spawn(what.program, what.args, { ...what.account.options, cwd: what.directory, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill(what.signal);
    await Promise.race([ended, sleep(10_000).then(() => child.kill('SIGKILL'))]);
    rmSync(what.directory, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await until(child, ready);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

async function until(child: ChildProcess, ready: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    try {
      await ready();
      return;
    } catch (error) {
      if (attempt > 150) throw error;
      await sleep(100);
    }
  }
}

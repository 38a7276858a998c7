/** What the tests share that kill -9 a store and its engine, again and again, and then look at what is there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { type Engine, startEngine } from '../src/engine/engine.ts';
import type { EngineLauncher } from '../src/engine/engine-child.ts';
import { type Journal, openJournal } from '../src/spool/journal.ts';
import { type NightshiftStore, openStore, rejectedDirOf } from '../src/store/open.ts';
import { engineLauncher } from './engine-launcher.ts';

const START_MS = 30_000;

/** A process of its own, and what it printed. */
export class KilledHost {
  output = '';
  private readonly child: ChildProcess;
  private readonly closed: Promise<unknown>;

  constructor(script: string, args: readonly string[]) {
    this.child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.closed = new Promise((done) => this.child.once('close', done));
    this.child.stdout?.on('data', (chunk) => {
      this.output += chunk;
    });
  }

  /** Waits until something like that was printed; throws after half a minute, or when the process has ended without. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (const end = Date.now() + START_MS; Date.now() < end; await sleep(5)) {
      const found = pattern.exec(this.output);
      if (found) return found;
      if (this.child.exitCode !== null) break;
    }
    throw new Error(`the host did not print ${pattern}: ${this.output}`);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
  }
}

export interface KillBench {
  /** Data of the store, the same for every host. */
  readonly dir: string;
  readonly launcher: EngineLauncher;
  /** Starts the host; its first arguments are the data directory and the engine's launcher as JSON. */
  start(...args: readonly string[]): KilledHost;
  /** Everything opened in this process, after the last host is dead. */
  reopen(): Promise<{ engine: Engine; store: NightshiftStore; journal: Journal; close(): Promise<void> }>;
  remove(): void;
}

/** Bundles `source` (from packages/server) to be started as a process. */
export async function killBench(source: string, ...external: readonly string[]): Promise<KillBench> {
  const launcher = await engineLauncher();
  const scripts = dirname(launcher.args.at(-1) as string);
  const script = join(scripts, 'host.mjs');
  await build({
    entryPoints: [resolve('packages/server', source)],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['@clickhouse/client', 'ffi-rs', 'chdb', ...external],
    logLevel: 'warning',
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
  });
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-killed-'));
  const log = { info() {}, warn() {}, error() {} };
  return {
    dir,
    launcher,
    start: (...args) => new KilledHost(script, [dir, JSON.stringify(launcher), ...args]),
    async reopen() {
      const engine = await startEngine({ dir: join(dir, 'engine'), launcher, memoryBytes: 4e8, log });
      const journal = await openJournal({ dir: join(dir, 'spool') });
      const store = await openStore({ engine, journal, rejectedDir: rejectedDirOf(dir), now: Date.now, log });
      const close = async () => {
        await store.close();
        await journal.close();
        await engine.close();
      };
      return { engine, store, journal, close };
    },
    remove() {
      rmSync(dir, { recursive: true, force: true });
      rmSync(scripts, { recursive: true, force: true });
    },
  };
}

export interface KillRounds {
  readonly rounds: number;
  start(round: number): KilledHost;
  /** While it works, until it is to be killed. The host has printed `engine PID`. */
  working(host: KilledHost, round: number): Promise<void>;
  /** After it is dead. */
  ended(host: KilledHost): void;
}

/**
 * Every third time the engine alone is killed, which leaves the server running: the next round then kills that in the
 * middle of its recovery.
 */
export async function killRounds({ rounds, start, working, ended }: KillRounds): Promise<void> {
  /** The one that runs, and the one whose engine was killed before. */
  let host: KilledHost | undefined;
  let left: KilledHost | undefined;
  try {
    for (let round = 0; round < rounds; round++) {
      host = left ?? start(round);
      const engine = Number((await host.printed(/^engine (\d+)\n/m))[1]);
      await working(host, round);
      if (round % 3 === 1 && left === undefined) {
        process.kill(engine, 'SIGKILL');
        left = host;
        continue;
      }
      await host.kill();
      ended(host);
      left = undefined;
    }
    await left?.kill();
    if (left) ended(left);
  } finally {
    await host?.kill();
  }
}

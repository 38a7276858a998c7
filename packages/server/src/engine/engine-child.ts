import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, statSync, truncateSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NightshiftError } from '../errors/catalogue.ts';
import { forgetLostTokens, lostTokens } from './lost-tokens.ts';
import { type EngineSecrets, writeServerConfig } from './server-config.ts';

export interface EngineLauncher {
  readonly command: string;
  readonly args: readonly string[];
}

export interface EngineLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface EngineChildEvents {
  up(port: number, secrets: EngineSecrets): Promise<void>;
  down(reason: string): void;
}

const startTimeoutMs = 30_000;
const firstBackOffMs = 200;
const longestBackOffMs = 10_000;
const cleanStopMs = 4_500;
const lockWaitMs = 10_000;
const logCapBytes = 10 * 1024 * 1024;

/** A port of the loopback interface that is free at this moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

const secret = (): string => randomBytes(24).toString('base64url');

/** The embedded engine's process: started, watched, started again with back-off when it dies, stopped by closing its input. */
export class EngineChild {
  restarts = 0;
  #process: ChildProcess | null = null;
  #closed = false;
  #backOffMs = firstBackOffMs;
  #restarting: Promise<void> | null = null;

  constructor(
    private readonly options: {
      readonly dir: string;
      readonly launcher: EngineLauncher;
      readonly memoryBytes: number;
      readonly log: EngineLog;
    },
    private readonly events: EngineChildEvents,
  ) {}

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  async start(): Promise<void> {
    mkdirSync(this.options.dir, { recursive: true, mode: 0o700 });
    // The engine of a server that was killed closes its databases before it lets go of their directory.
    for (const end = Date.now() + lockWaitMs; ; await sleep(100)) {
      try {
        return await this.#launch();
      } catch (error) {
        if (!/Cannot lock file/.test(String(error)) || Date.now() > end) throw error;
      }
    }
  }

  #openLog(): number {
    const file = join(this.options.dir, 'engine.log');
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > logCapBytes) truncateSync(file, 0);
    return openSync(file, 'a', 0o600);
  }

  async #launch(): Promise<void> {
    let started = await this.#spawn();
    const lost = await lostTokens(join(this.options.dir, 'data'));
    if (lost.size > 0) {
      // Read anew when nobody writes them any more.
      await stop(started.child);
      const tokens = await forgetLostTokens(join(this.options.dir, 'data'));
      this.options.log.warn(
        { tokens },
        'the engine had noted inserts whose rows are not there; it forgets them, so that they can be done again',
      );
      started = await this.#spawn();
    }
    const { child, ended, httpPort, secrets } = started;
    void ended.then((reason) => this.#ended(child, reason));
    await this.events.up(httpPort, secrets);
    this.options.log.info({ pid: child.pid, port: httpPort }, 'the engine is up');
  }

  /** A process that answers, and so has the directory for itself. */
  async #spawn(): Promise<Started> {
    const { dir, launcher, memoryBytes } = this.options;
    const secrets = { key: secret(), password: secret() };
    const httpPort = await freePort();
    const args = writeServerConfig({ dir, httpPort, tcpPort: await freePort(), memoryBytes, secrets });
    const log = this.#openLog();
    let errors = '';
    const child = spawn(launcher.command, [...launcher.args, ...args], { stdio: ['pipe', log, 'pipe'] });
    closeSync(log);
    this.#process = child;
    child.stdin?.on('error', () => {});
    child.stderr?.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4000);
    });
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(exitReason(code, signal, errors)));
    });
    const answered = await Promise.race([waitForAnswer(httpPort, secrets), ended]);
    if (typeof answered === 'string') throw new NightshiftError('ENGINE_START', { reason: answered });
    return { child, ended, httpPort, secrets };
  }

  #ended(child: ChildProcess, reason: string): void {
    if (this.#closed || child !== this.#process) return;
    this.#process = null;
    this.events.down(reason);
    this.options.log.warn({ reason }, 'the engine died; starting it again');
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = null;
    });
  }

  async #restart(): Promise<void> {
    while (!this.#closed) {
      await sleep(this.#backOffMs, undefined, { ref: false });
      if (this.#closed) return;
      this.restarts++;
      const from = Date.now();
      try {
        await this.#launch();
        // An engine that ran for a while before it died is not in a crash loop.
        this.#backOffMs = Math.max(firstBackOffMs, this.#backOffMs - (Date.now() - from));
        return;
      } catch (error) {
        this.#backOffMs = Math.min(longestBackOffMs, this.#backOffMs * 2);
        this.events.down(error instanceof Error ? error.message : String(error));
        this.#process?.kill('SIGKILL');
      }
    }
  }

  /** Ends a process that hangs; the restart follows by itself. */
  kill(): void {
    this.#process?.kill('SIGKILL');
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#restarting;
    if (this.#process) await stop(this.#process);
  }
}

interface Started {
  readonly child: ChildProcess;
  /** Why it ended. */
  readonly ended: Promise<string>;
  readonly httpPort: number;
  readonly secrets: EngineSecrets;
}

/** Cleanly, or else by force. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stdin?.end();
  const force = setTimeout(() => child.kill('SIGKILL'), cleanStopMs);
  await ended;
  clearTimeout(force);
}

function exitReason(code: number | null, signal: NodeJS.Signals | null, errors: string): string {
  if (signal === 'SIGILL')
    return 'this processor lacks instructions that ClickHouse needs (SSE 4.2 on x86-64); set engine.url';
  const how = signal ? `ended by ${signal}` : `ended with code ${code}`;
  return errors.trim() ? `${how}: ${errors.trim().split('\n').slice(-4).join(' ')}` : how;
}

async function waitForAnswer(port: number, secrets: EngineSecrets): Promise<null> {
  const deadline = Date.now() + startTimeoutMs;
  const headers = {
    'X-Nightshift-Key': secrets.key,
    authorization: `Basic ${Buffer.from(`nightshift:${secrets.password}`).toString('base64')}`,
  };
  while (Date.now() < deadline) {
    const status = await statusOf(port, headers);
    if (status === 200) return null;
    await sleep(20);
  }
  throw new NightshiftError('ENGINE_START', { reason: `it did not answer within ${startTimeoutMs / 1000} s` });
}

/** HTTP status of `SELECT 1`, 0 for no answer. On a connection of its own: a kept one would hold up a clean stop. */
function statusOf(port: number, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path: '/?query=SELECT+1', headers, agent: false, timeout: 1000 };
    const request = get(options, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(0));
  });
}

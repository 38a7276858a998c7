import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '../client.ts';
import { EXIT, Exit } from '../exit.ts';

const UP = /Nightshift is up: (https?:\/\/\S+)/;
const PASSWORD = /one-time password (\S+)\n/;
const START_TIMEOUT_MS = 60_000;
const KEPT_OUTPUT = 8 * 1024;

/** A `nightshift serve` that was started here, and is up. */
export interface ServeProcess {
  readonly pid: number;
  readonly url: string;
  readonly client: Client;
  /** Milliseconds from start to the line that says so. */
  readonly startedInMs: number;
  /** The one-time password of `admin` which the first start of a data directory prints, once it was printed. */
  firstPassword(): string | undefined;
}

/** Of our own variables only these: the demo must not reach into an installation that the shell points to. */
function environment(dataDir: string): NodeJS.ProcessEnv {
  const foreign = Object.entries(process.env).filter(([name]) => !name.startsWith('NIGHTSHIFT_'));
  return {
    ...Object.fromEntries(foreign),
    NIGHTSHIFT_DATA_DIR: dataDir,
    NIGHTSHIFT_HTTP_PORT: '0',
    NIGHTSHIFT_HTTP_OTLP_PORT: '0',
  };
}

/** Starts `entry serve` on free ports with that data directory, and waits until it says that it is up. */
export async function startServe(entry: string, dataDir: string, signal: AbortSignal): Promise<ServeProcess> {
  const startedAt = performance.now();
  // A group of its own: Ctrl-C is for the demo, which then stops what it started in the right order.
  const child = spawn(process.execPath, [entry, 'serve'], {
    cwd: dataDir,
    env: environment(dataDir),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  try {
    const firstPassword = watchForPassword(child);
    const url = await addressOf(child, signal);
    const token = readFileSync(join(dataDir, 'cli-token'), 'utf8').trim();
    return {
      pid: child.pid as number,
      url,
      client: new Client({ server: url, token }),
      startedInMs: performance.now() - startedAt,
      firstPassword,
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Gives what was found so far. The line comes behind the one that says where serve is. */
function watchForPassword({ stdout }: ChildProcess): () => string | undefined {
  let output = '';
  let password: string | undefined;
  const look = (text: string) => {
    output = (output + text).slice(-KEPT_OUTPUT);
    password = PASSWORD.exec(output)?.[1];
    if (password !== undefined) stdout?.off('data', look);
  };
  stdout?.setEncoding('utf8').on('data', look);
  return () => password;
}

function addressOf(child: ChildProcess, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (why: string) => reject(new Exit(EXIT.bad, `nightshift serve ${why}:\n${output}`));
    const timer = setTimeout(() => fail(`is not up after ${START_TIMEOUT_MS / 1000} s`), START_TIMEOUT_MS);
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    const onAbort = () => {
      settle();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    // Both streams are read to the end, or a full pipe would stop the server.
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-KEPT_OUTPUT);
        const url = UP.exec(output)?.[1];
        if (!url) return;
        settle();
        resolve(url.replace(/\/+$/, ''));
      });
    }
    child.once('error', (error) => {
      settle();
      fail(error.message);
    });
    child.once('exit', (code, by) => {
      settle();
      fail(`ended with ${by ?? code}`);
    });
  });
}

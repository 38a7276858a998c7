import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const endMs = 20_000;
const keptOutput = 16 * 1024;

/** A server that was started here. */
export interface Peer {
  readonly name: string;
  /** Without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  /** What every request needs. */
  readonly headers: Readonly<Record<string, string>>;
  /** The end of what it has written so far. */
  readonly output: () => string;
  /** Ends it, within 20 s. May be called again. */
  readonly stop: () => Promise<void>;
}

/** A port that was free a moment ago, on loopback. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Asks the process to end, waits at most 20 s for it, then kills it. */
export async function endProcess(pid: number): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGTERM');
  for (let waited = 0; waited < endMs && isAlive(pid); waited += 50) await sleep(50);
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}

export interface PeerCommand {
  readonly name: string;
  readonly binary: string;
  readonly args: readonly string[];
  readonly url: string;
  /** A path that answers 2xx as soon as the server is up. */
  readonly readyPath: string;
}

/** Starts a server and waits, at most a minute, until it is ready. Throws with its output if it ends before. */
export async function startPeer({ name, binary, args, url, readyPath }: PeerCommand): Promise<Peer> {
  const child: ChildProcess = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptOutput);
    });
  }
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const stop = async () => {
    if (child.pid !== undefined) await endProcess(child.pid);
  };
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await fetch(url + readyPath).catch(() => undefined);
    if (answer?.ok) return { name, url, pid: child.pid as number, headers: {}, output: () => output, stop };
    if (failure || child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`${name} does not start: ${failure?.message ?? ''}\n${output}`);
    }
    await sleep(100);
  }
}

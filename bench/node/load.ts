/** Load on an address, from another process than the one that is measured. */
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export interface Loaded {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p99: number;
}

export const hasWrk = (): boolean => spawnSync('wrk', ['--version']).error === undefined;

function output(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`${program} ended with ${code}`))));
  });
}

/** As much as it takes, over kept connections. wrk, which takes little of the machine for itself; else autocannon. */
export async function saturate(url: string, seconds: number, connections: number): Promise<Loaded> {
  if (!hasWrk()) return autocannon(url, ['--connections', String(connections), '--duration', String(seconds)]);
  const text = await output('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', url]);
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`not every request was answered:\n${text}`);
  const [, requests, took, unit] = /(\d+) requests in ([\d.]+)(s|m)/.exec(text) ?? [];
  const [, p99, of] = /99%\s+([\d.]+)(us|ms|s)/.exec(text) ?? [];
  const inMilliseconds = { us: 1e-3, ms: 1, s: 1e3 }[of ?? ''] ?? Number.NaN;
  return {
    requests: Number(requests),
    perSecond: Number(requests) / (Number(took) * (unit === 'm' ? 60 : 1)),
    p99: Number(p99) * inMilliseconds,
  };
}

/** A fixed number of requests a second in all. */
export const pace = (url: string, seconds: number, connections: number, perSecond: number): Promise<Loaded> =>
  autocannon(url, [
    ...['--connections', String(connections), '--duration', String(seconds)],
    ...['--overallRate', String(perSecond)],
  ]);

interface Result {
  readonly requests: { readonly total: number; readonly average: number };
  readonly latency: { readonly p99: number };
  readonly errors: number;
  readonly non2xx: number;
}

async function autocannon(url: string, args: readonly string[]): Promise<Loaded> {
  const program = createRequire(join(process.cwd(), 'packages/node/test/package.json')).resolve('autocannon');
  const text = await output(process.execPath, [program, '--json', '--no-progress', ...args, url]);
  const { requests, latency, errors, non2xx } = JSON.parse(text) as Result;
  if (errors > 0 || non2xx > 0) throw new Error(`${errors} errors, ${non2xx} answers other than 2xx`);
  return { requests: requests.total, perSecond: requests.average, p99: latency.p99 };
}

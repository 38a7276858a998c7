/** Runs an application in a process of its own and drives exchanges at it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Order, Report } from './child.ts';
import { converse, type Exchange, type Transcript } from './wire.ts';

export interface Running {
  readonly port: number;
  /** What was reported since the last order. */
  order(order?: Order): Promise<Report>;
  stop(): Promise<void>;
}

export interface Place {
  /** Where the bundles are, and the files that are served. */
  readonly built: string;
  readonly files: string;
  readonly environment?: Readonly<Record<string, string>>;
}

type Message = { readonly port?: number; readonly report?: Report };

export async function run(app: string, mode: string, { built, files, environment = {} }: Place): Promise<Running> {
  const child: ChildProcess = fork(join(built, 'child.js'), [app, mode, files], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', HOME: files, ...environment },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr?.on('data', (chunk) => {
    complaint += chunk;
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${app}, ${mode}: ended. ${complaint}`);
  });
  ended.catch(() => {});
  const next = async <K extends keyof Message>(key: K): Promise<NonNullable<Message[K]>> => {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [Message];
    const found = message[key];
    if (found === undefined) throw new Error(`${app}, ${mode}: ${key} was expected, not ${JSON.stringify(message)}`);
    return found;
  };
  const port = await next('port');
  return {
    port,
    order(order = {}) {
      const report = next('report');
      child.send(order);
      return report;
    },
    async stop() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

const AT_ONCE = 16;

/** All of them, some at the same time. */
export async function drive(
  port: number,
  secure: boolean,
  exchanges: readonly Exchange[],
): Promise<Map<string, Transcript>> {
  const transcripts = new Map<string, Transcript>();
  const waiting = [...exchanges];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      transcripts.set(next.name, await converse(port, secure, next));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return transcripts;
}

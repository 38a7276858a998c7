/** One application with one of the variants, in a fresh process. */
import { spawn } from 'node:child_process';
import type { Framework } from './figures.ts';
import type { Variant } from './variants.ts';

export interface Memory {
  readonly anonymous: number;
  readonly used: number;
}

export interface Subject {
  readonly url: string;
  /** Microseconds of processor time since it was started, of all its threads. */
  cpu(): Promise<number>;
  /** In MB (10^6 bytes) after a garbage collection: anonymous, and in use by objects and buffers. */
  memory(): Promise<Memory>;
  stop(): Promise<void>;
}

export async function startSubject(framework: Framework, { args, env }: Variant): Promise<Subject> {
  const child = spawn(process.execPath, ['--expose-gc', ...args, 'bench/node/app.cjs', framework], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  });
  const gone = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`the application ended with ${code}`)));
  });
  gone.catch(() => {});
  const heard = <T>(): Promise<T> => {
    const answer = new Promise<T>((resolve) => {
      child.once('message', (message) => resolve((message as { answer: T }).answer));
    });
    return Promise.race([answer, gone]);
  };
  const ask = <T>(question: string): Promise<T> => {
    const answer = heard<T>();
    child.send(question);
    return answer;
  };
  const port = await heard<number>();
  return {
    url: `http://127.0.0.1:${port}/users/42`,
    async cpu() {
      const { user, system } = await ask<NodeJS.CpuUsage>('cpu');
      return user + system;
    },
    async memory() {
      const { anonymous, used } = await ask<Memory>('memory');
      return { anonymous: anonymous / 1e6, used: used / 1e6 };
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { receiver } from './receiver.ts';

const here = import.meta.dirname;
const built = mkdtempSync(resolve(here, '../../../../node_modules/.nightshift-test-'));
const application = join(built, 'exit-app.mjs');
const children: ChildProcess[] = [];
const closing: (() => unknown)[] = [];

beforeAll(() =>
  build({
    entryPoints: [resolve(here, 'exit-app.ts')],
    outfile: application,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['prom-client', 'import-in-the-middle', 'require-in-the-middle', '@opentelemetry/api'],
  }),
);
afterAll(() => rmSync(built, { recursive: true, force: true }));
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const close of closing.splice(0)) await close();
});

type Receiver = 'there' | 'away' | 'silent';

async function endpointOf(kind: Receiver) {
  const one = await receiver(kind === 'silent' ? () => {} : undefined);
  if (kind === 'away') await one.close();
  else closing.push(one.close);
  return one;
}

/** Runs the application to its end; the signal is sent when it is ready. */
async function end(kind: Receiver, way: string, signal?: 'SIGTERM' | 'SIGINT') {
  const { url, of } = await endpointOf(kind);
  return { ...(await endOf([process.execPath, application, url, way], signal)), traces: of('traces').length };
}

/** `ms` is from when the application is ready to when it is gone. */
async function endOf([program = '', ...args]: readonly string[], signal?: 'SIGTERM' | 'SIGINT') {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let stdout = '';
  let from = 0;
  child.stdout.on('data', (text) => {
    stdout += text;
    if (from > 0 || !stdout.includes('ready')) return;
    from = performance.now();
    if (signal) setTimeout(() => child.kill(signal), 50);
  });
  const [code, killedBy] = await new Promise<[number | null, string | null]>((done) => {
    child.on('close', (...how) => done(how));
  });
  return {
    code,
    killedBy,
    ms: performance.now() - from,
    lines: stdout.split('\n').slice(0, -1),
  };
}

/** With a mount of its own over /etc/resolv.conf, which only root may have. */
const OWN_RESOLV_CONF = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"'] as const;

const [unshare, ...itsArgs] = OWN_RESOLV_CONF;
const mayMount = spawnSync(unshare, [...itsArgs, '/etc/resolv.conf', 'true']).status === 0;
if (!mayMount)
  console.warn('!!! A silent name server at exit is not tested: /etc/resolv.conf cannot be mounted over here.');

describe('an application that ends', () => {
  it.each([
    'there',
    'away',
    'silent',
  ] as const)('by itself does so as it would, with a receiver that is %s', async (kind) => {
    const { code, ms, lines, traces } = await end(kind, 'natural');
    expect(code).toBe(3);
    expect(lines).toEqual(['ready', 'beforeExit 3 1', 'exit 3']);
    if (kind === 'there') expect(traces).toBe(1);
    expect(ms).toBeLessThan(2000);
  });

  it.skipIf(!mayMount).each(['natural', 'leaving'])(
    'is not held up by a name server that is silent, %s',
    async (way) => {
      const silent = createSocket('udp4').bind(53, '127.77.0.53');
      closing.push(() => silent.close());
      await once(silent, 'listening');
      const file = join(built, 'resolv.conf');
      writeFileSync(file, 'nameserver 127.77.0.53\n');
      const app = [process.execPath, application, 'http://receiver.example:4318', way];
      const { code, ms, lines } = await endOf([...OWN_RESOLV_CONF, file, ...app]);
      expect(code).toBe(3);
      expect(lines.at(-1)).toBe('exit 3');
      // The name server would be asked for ten seconds.
      expect(ms).toBeLessThan(3000);
    },
  );

  it('and thinks again is let do so', async () => {
    const { code, lines } = await end('there', 'again');
    expect(code).toBe(0);
    expect(lines).toEqual(['ready', 'beforeExit 0 1', 'beforeExit 0 2', 'exit 0']);
  });

  it.each([
    'there',
    'away',
    'silent',
  ] as const)('by a signal that it does not handle is ended by it, receiver %s', async (kind) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { code, killedBy, ms, lines, traces } = await end(kind, 'waiting', signal);
      expect([code, killedBy]).toEqual([null, signal]);
      expect(lines).toEqual(['ready']);
      if (kind === 'there') expect(traces).toBe(1);
      expect(ms).toBeLessThan(2000);
    }
  });

  it('by a signal that it handles does so alone', async () => {
    const { code, lines, traces } = await end('there', 'handled', 'SIGTERM');
    expect(lines).toEqual(['listeners 1', 'listeners 1', 'ready', 'SIGTERM 0', 'beforeExit 0 1', 'exit 0']);
    expect(code).toBe(0);
    expect(traces).toBe(1);
    const exiting = await end('there', 'exiting', 'SIGTERM');
    expect([exiting.code, exiting.lines]).toEqual([5, ['ready', 'exit 5']]);
  });

  it('after it closed the library has nothing of it left', async () => {
    const { killedBy, lines, traces } = await end('there', 'closing', 'SIGTERM');
    expect(killedBy).toBe('SIGTERM');
    expect(lines).toEqual(['closed 0', 'ready']);
    expect(traces).toBe(1);
  });
});

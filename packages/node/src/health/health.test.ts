import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { start } from '../core/start.ts';
import { createHealth } from './health.ts';
import { createRound } from './round.ts';

function made() {
  const hub = start({ options: {}, environment: {}, instrumentations: [], say: () => {} });
  return { hub, health: createHealth(hub) };
}

const ask = { live: 'http://x/health/live', ready: 'http://x/health/ready' };
const request = (url: string, method = 'GET') => new Request(url, { method });

describe('health', () => {
  it('is live as long as it answers, and never kept by anybody', async () => {
    const answer = await made().health.live().fetch(request(ask.live));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ status: 'ok' });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect((await made().health.live().fetch(request(ask.live, 'POST'))).status).toBe(405);
    const head = await made().health.live().fetch(request(ask.live, 'HEAD'));
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('is ready when all checks pass; names those that fail and those that take too long, and says no more', async () => {
    const { health, hub } = made();
    const signals: AbortSignal[] = [];
    const checks = {
      database: async () => 'connected',
      cache: () => {
        throw new Error('password hunter2 is wrong');
      },
      disk: () => false,
      queue: {
        timeoutMs: 20,
        check: (signal: AbortSignal) => {
          signals.push(signal);
          return new Promise(() => {});
        },
      },
    };
    const answer = await health.ready(checks).fetch(request(ask.ready));
    expect(answer.status).toBe(503);
    const text = await answer.text();
    expect(text).not.toContain('hunter2');
    const { status, checks: results } = JSON.parse(text) as {
      status: string;
      checks: { name: string; outcome: string }[];
    };
    expect([status, ...results.map(({ name, outcome }) => `${name} ${outcome}`)]).toEqual([
      'failed',
      'database ok',
      'cache failed',
      'disk failed',
      'queue timeout',
    ]);
    expect(signals[0]?.aborted).toBe(true);
    expect(await hub.meters.registry.metrics()).toContain('health_check_up{check="database"} 1');
    expect((await health.ready({ database: checks.database }).fetch(request(ask.ready))).status).toBe(200);
    expect((await health.ready().fetch(request(ask.ready))).status).toBe(200);
  });

  it('runs checks once for all who ask meanwhile or within a second', async () => {
    let [now, runs] = [0, 0];
    const round = createRound(
      { one: async () => void runs++ },
      () => {},
      () => now,
    );
    await Promise.all([round(), round(), round()]);
    now = 999;
    await round();
    expect(runs).toBe(1);
    now = 1000;
    await round();
    expect(runs).toBe(2);
  });

  it('is not ready any more when the application says that it stops', async () => {
    const { health } = made();
    const ready = health.ready();
    health.stopping();
    const answer = await ready.fetch(request(ask.ready));
    expect([answer.status, await answer.json()]).toEqual([503, { status: 'stopping' }]);
  });

  it('ends by SIGTERM as it would have, whether the application listens or not', async () => {
    const module = new URL('./sigterm.ts', import.meta.url);
    const { build } = await import('esbuild');
    const { outputFiles } = await build({
      stdin: { contents: `export { onSigterm } from ${JSON.stringify(module.pathname)}`, resolveDir: '/' },
      bundle: true,
      format: 'iife',
      globalName: 'own',
      platform: 'node',
      write: false,
    });
    const run = async (more: string) => {
      const code = `${outputFiles[0]!.text}; own.onSigterm(() => process.stdout.write('told ')); ${more}; setInterval(() => {}, 1000); process.stdout.write('up ')`;
      const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (output === '') child.kill('SIGTERM');
        output += text;
      });
      return [...(await once(child, 'exit')), output];
    };
    expect(await run('')).toEqual([null, 'SIGTERM', 'up told ']);
    expect(await run(`process.on('SIGTERM', () => process.exit(7))`)).toEqual([7, null, 'up told ']);
  });
});

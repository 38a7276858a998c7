import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildExample } from '../../../../examples/url-shortener/build.ts';
import { isRunning, stopProcess } from './process.ts';
import { type Sample, Traffic } from './traffic.ts';

const dir = mkdtempSync(join(tmpdir(), 'nightshift-traffic-'));
const started: number[] = [];

async function startExample(version: 'v1' | 'v2'): Promise<{ url: string; pid: number }> {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    cwd: join(dir, version),
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', LINKS_FILE: join(dir, 'links.json') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child.pid as number);
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  child.stdout.resume();
  return { url: /http:\S+/.exec(line)![0], pid: child.pid as number };
}

function kinds(samples: readonly Sample[]): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) groups.set(sample.kind, [...(groups.get(sample.kind) ?? []), sample]);
  return groups;
}

beforeAll(async () => {
  for (const version of ['v1', 'v2'] as const) await buildExample(version, join(dir, version));
});
afterAll(async () => {
  for (const pid of started) await stopProcess(pid, 2000);
  rmSync(dir, { recursive: true, force: true });
});

describe('the traffic of the demo', () => {
  it('keeps its rate and its mix against version 1, and nothing fails', async () => {
    const { url } = await startExample('v1');
    const traffic = new Traffic({ url, requestsPerSecond: 200, writeShare: 0.1, timeoutMs: 5000 });
    const from = performance.now();
    traffic.start();
    await sleep(2000);
    const seconds = (performance.now() - from) / 1000;
    await traffic.stop();
    const { requests, failedIdempotent, failedOther, p50Ms, p99Ms, firstFailureAt } = traffic.summary();
    expect({ failedIdempotent, failedOther, firstFailureAt }).toEqual({
      failedIdempotent: 0,
      failedOther: 0,
      firstFailureAt: null,
    });
    expect(requests / seconds).toBeGreaterThan(190);
    expect(requests / seconds).toBeLessThan(203);
    const byKind = kinds(traffic.samples);
    expect(byKind.get('write')!.length / requests).toBeCloseTo(0.1, 2);
    for (const kind of ['redirect', 'list', 'page']) expect(byKind.get(kind)!.length).toBeGreaterThan(requests / 10);
    expect(p50Ms!).toBeLessThanOrEqual(p99Ms!);
  });

  it('counts every failure of version 2, by what was safe to repeat', async () => {
    const { url } = await startExample('v2');
    const traffic = new Traffic({ url, requestsPerSecond: 100, writeShare: 0.2, timeoutMs: 5000 });
    traffic.start();
    await traffic.firstFailure;
    await sleep(500);
    await traffic.stop();
    const { requests, failedIdempotent, failedOther, firstFailureAt, lastFailureAt } = traffic.summary();
    expect(failedIdempotent + failedOther).toBe(requests);
    expect(failedOther).toBeGreaterThan(requests * 0.15);
    expect(traffic.samples.every(({ status, error }) => status === 500 && error === '')).toBe(true);
    expect(lastFailureAt!).toBeGreaterThan(firstFailureAt!);
  });

  it('counts a lost connection and a silent server as failures, with the wait', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/') response.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const traffic = new Traffic({ url, requestsPerSecond: 50, writeShare: 0.5, timeoutMs: 200 });
    traffic.start();
    await sleep(300);
    await traffic.stop();
    server.closeAllConnections();
    server.close();
    const byKind = kinds(traffic.samples);
    expect(byKind.get('page')!.every(({ ok, status, error }) => !ok && status === null && error !== '')).toBe(true);
    expect(byKind.get('write')!.every(({ ok, latencyMs }) => !ok && latencyMs > 150)).toBe(true);
  });

  it('does not slow down when answers do: the schedule is kept, and waiting counts', async () => {
    const server = createServer((_, response) => void setTimeout(() => response.end('ok'), 300));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const traffic = new Traffic({ url, requestsPerSecond: 100, writeShare: 0, timeoutMs: 5000 });
    traffic.start();
    await sleep(1000);
    await traffic.stop();
    server.close();
    expect(traffic.summary().requests).toBeGreaterThan(90);
    expect(traffic.summary().p50Ms!).toBeGreaterThan(290);
  });
});

describe('stopping a process by its id', () => {
  it('asks first, and kills one that does not listen', async () => {
    const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')";
    const child = spawn(process.execPath, ['-e', deaf], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const gone = once(child, 'exit');
    await stopProcess(child.pid as number, 200);
    expect(await gone).toEqual([null, 'SIGKILL']);
    expect(isRunning(child.pid as number)).toBe(false);
    await stopProcess(child.pid as number, 200);
  });
});

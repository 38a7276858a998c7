import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { openJournal } from '../../src/spool/journal.ts';
import { openStore, rejectedDirOf } from '../../src/store/open.ts';
import { engineLauncher } from '../engine-launcher.ts';

const ROUNDS = 15;
const log = { info() {}, warn() {}, error() {} };
const T = Date.now() - 600_000;
const nanos = (ms: number) => `${BigInt(T + ms) * 1_000_000n}`;

class Host {
  readonly child: ChildProcess;
  private output = '';
  private readonly closed: Promise<unknown>;

  constructor(script: string, args: readonly string[]) {
    this.child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.closed = new Promise((done) => this.child.once('close', done));
    this.child.stdout?.on('data', (chunk) => {
      this.output += chunk;
    });
  }

  async up(): Promise<{ engine: number; url: string }> {
    for (const end = Date.now() + 30_000; Date.now() < end; await sleep(5)) {
      const [, engine, url] = /^up (\d+) (\S+)\n/.exec(this.output) ?? [];
      if (engine && url) return { engine: Number(engine), url };
    }
    throw new Error(`the host did not start: ${this.output}`);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
  }
}

/** A sender as an SDK is one: it sends the next interval only when the last one was answered, and tries again until then. */
class Lane {
  url = '';
  /** Intervals that were acknowledged. */
  sent = 0;
  retries = 0;
  stopping = false;

  constructor(
    readonly name: string,
    readonly kind: 'sum' | 'histogram',
  ) {}

  async run(): Promise<void> {
    while (!this.stopping) {
      const body = JSON.stringify(this.request(this.sent));
      const answer = await this.post(body);
      if (answer) this.sent++;
      else {
        this.retries++;
        await sleep(50);
      }
    }
  }

  private async post(body: string): Promise<boolean> {
    try {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${this.url}/v1/metrics`, { method: 'POST', headers, body });
      const text = await response.text();
      if (response.status >= 500) return false;
      if (response.status !== 200) throw new Error(`${response.status} ${text}`);
      return true;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }

  private request(i: number): object {
    const attributes = [{ key: 'lane', value: { stringValue: this.name } }];
    const interval = { attributes, startTimeUnixNano: nanos(i * 10), timeUnixNano: nanos(i * 10 + 10) };
    const counted =
      this.kind === 'sum' ? { asInt: i } : { count: 3, sum: i, bucketCounts: [1, 2], explicitBounds: [1] };
    const data = { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ ...interval, ...counted }] };
    return { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: `crash_${this.kind}`, [this.kind]: data }] }] }] };
  }
}

it('deltas are counted once each over 15 times kill -9 of the server or the engine, with a sender that tries again', async () => {
  const launcher = await engineLauncher();
  const scripts = dirname(launcher.args.at(-1) as string);
  const script = join(scripts, 'otlp-crash-host.mjs');
  await build({
    entryPoints: [resolve('packages/server/test/collect/otlp-crash-host.ts')],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['@clickhouse/client', 'ffi-rs', 'chdb', 'fastify'],
    logLevel: 'warning',
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
  });
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-otlp-crash-'));
  const lanes = [new Lane('a', 'sum'), new Lane('b', 'sum'), new Lane('c', 'sum'), new Lane('d', 'histogram')];
  const running: Promise<void>[] = [];
  let host: Host | undefined;
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      host ??= new Host(script, [dir, JSON.stringify(launcher)]);
      const { engine, url } = await host.up();
      for (const lane of lanes) lane.url = url;
      if (round === 0) running.push(...lanes.map((lane) => lane.run()));
      await sleep(100 + Math.random() * 400);
      if (round === ROUNDS) break;
      if (round % 5 === 1) process.kill(engine, 'SIGKILL');
      await sleep(Math.random() * 100);
      await host.kill();
      host = undefined;
    }
    for (const lane of lanes) lane.stopping = true;
    await Promise.all(running);
    await host?.kill();
    const engine = await startEngine({ dir: join(dir, 'engine'), launcher, memoryBytes: 4e8, log });
    const journal = await openJournal({ dir: join(dir, 'spool') });
    const store = await openStore({ engine, journal, rejectedDir: rejectedDirOf(dir), now: Date.now, log });
    await store.flush();
    const newest = await engine.query<{ series: string; value: number; rows: string; different: string }>(
      `SELECT concat(labels['__name__'], ' ', labels['lane'], ' ', labels['le']) AS series,
              argMax(value, time) AS value, count() AS rows, uniqExact(time) AS different
       FROM nightshift.samples AS s JOIN (SELECT DISTINCT id, labels FROM nightshift.series) AS l ON s.id = l.id
       GROUP BY series`,
    );
    const found = new Map(newest.map(({ series, value, rows }) => [series.trim(), [value, Number(rows)]]));
    expect(newest.filter(({ rows, different }) => rows !== different)).toEqual([]);
    const retries = lanes.reduce((sum, lane) => sum + lane.retries, 0);
    console.log(`${lanes.map(({ sent }) => sent).join(', ')} intervals acknowledged, ${retries} tries in vain`);
    for (const { name, kind, sent } of lanes) {
      expect(sent).toBeGreaterThan(50);
      const sum = (sent * (sent - 1)) / 2;
      // One sample for each interval and the zero where it begins.
      const rows = sent + 1;
      if (kind === 'sum') expect([name, found.get(`crash_sum_total ${name}`)]).toEqual([name, [sum, rows]]);
      else {
        expect(found.get(`crash_histogram_sum ${name}`)).toEqual([sum, rows]);
        expect(found.get(`crash_histogram_count ${name}`)).toEqual([3 * sent, rows]);
        expect(found.get(`crash_histogram_bucket ${name} 1`)).toEqual([sent, rows]);
      }
    }
    expect(retries).toBeGreaterThan(10);
    expect(existsSync(rejectedDirOf(dir))).toBe(false);
    await store.close();
    await journal.close();
    await engine.close();
  } finally {
    for (const lane of lanes) lane.stopping = true;
    host?.child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
    rmSync(scripts, { recursive: true, force: true });
  }
}, 240_000);

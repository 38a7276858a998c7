import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { engineLauncher } from '../../test/engine-launcher.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import { openJournal } from '../spool/journal.ts';
import { openStore, rejectedDirOf } from './open.ts';

const ROUNDS = 50;
const log = { info() {}, warn() {}, error() {} };

/** What was promised: by kind and lane, how many of its numbered items. A lane numbers them from 0 without a gap. */
type Promised = Map<string, Map<string, number>>;

class Host {
  output = '';
  readonly child: ChildProcess;
  private readonly closed: Promise<unknown>;

  constructor(script: string, args: readonly string[]) {
    this.child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.closed = new Promise((done) => this.child.once('close', done));
    this.child.stdout?.on('data', (chunk) => {
      this.output += chunk;
    });
  }

  async engine(): Promise<number> {
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(5)) {
      const pid = /^engine (\d+)\n/m.exec(this.output)?.[1];
      if (pid) return Number(pid);
    }
    throw new Error(`the host did not start: ${this.output}`);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
  }

  /** How many hours were packed at the start, or did not have the samples that there are. */
  count(what: 'packed' | 'stale'): number {
    return Number(new RegExp(`^${what} (\\d+)$`, 'm').exec(this.output)?.[1] ?? 0);
  }

  collect(promised: Promised): void {
    for (const [, kind = '', name = '', count] of this.output.matchAll(/^ack (\S+) (\S+) (\d+)$/gm)) {
      const lanes = promised.get(kind) ?? new Map<string, number>();
      promised.set(kind, lanes.set(name, Number(count)));
    }
  }
}

/** Rows per lane: all of them and how many different ones, straight from ClickHouse. */
const counts: Record<string, string> = {
  samples: `SELECT labels['lane'] AS lane, count() AS rows, uniqExact(s.id, s.time) AS different FROM nightshift.samples AS s
    JOIN (SELECT DISTINCT id, labels FROM nightshift.series) AS series ON s.id = series.id GROUP BY lane`,
  histograms: `SELECT labels['lane'] AS lane, count() AS rows, uniqExact(s.id, s.time) AS different FROM nightshift.histograms AS s
    JOIN (SELECT DISTINCT id, labels FROM nightshift.series) AS series ON s.id = series.id GROUP BY lane`,
  exemplars: `SELECT series.labels['lane'] AS lane, count() AS rows, uniqExact(value) AS different FROM nightshift.exemplars AS s
    JOIN (SELECT DISTINCT id, labels FROM nightshift.series) AS series ON s.id = series.id GROUP BY lane`,
  logs: 'SELECT service AS lane, count() AS rows, uniqExact(body) AS different FROM nightshift.logs GROUP BY lane',
  spans: 'SELECT name AS lane, count() AS rows, uniqExact(span_id) AS different FROM nightshift.spans GROUP BY lane',
};

async function offences(engine: Engine, promised: Promised): Promise<string[]> {
  const found: string[] = [];
  for (const [kind, sql] of Object.entries(counts)) {
    const rows = await engine.query<{ lane: string; rows: string; different: string }>(sql);
    const byLane = new Map(rows.map((row) => [row.lane, row]));
    for (const { lane, rows: all, different } of rows) {
      if (all !== different) found.push(`${kind} of ${lane}: ${all} rows, ${different} different`);
    }
    for (const [lane, count] of promised.get(kind) ?? []) {
      const have = Number(byLane.get(lane)?.different ?? 0);
      if (have < count) found.push(`${kind} of ${lane}: ${count} acknowledged, ${have} there`);
    }
  }
  return found;
}

it('what was acknowledged is there exactly once after 50 times kill -9 of the server or the engine under load', async () => {
  const launcher = await engineLauncher();
  const scripts = dirname(launcher.args.at(-1) as string);
  const script = join(scripts, 'crash-host.mjs');
  await build({
    entryPoints: [resolve('packages/server/src/store/crash-host.ts')],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['@clickhouse/client', 'ffi-rs', 'chdb'],
    logLevel: 'warning',
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
  });
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-crash-'));
  const promised: Promised = new Map();
  let packed = 0;
  let host: Host | undefined;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      // A kill of the engine alone leaves the server running, which the next round then kills in the middle of its recovery.
      const current = host ?? new Host(script, [dir, String(round), JSON.stringify(launcher)]);
      const pid = await current.engine();
      packed += current.count('packed');
      expect(current.count('stale')).toBe(0);
      await sleep(50 + Math.random() * 450);
      if (round % 3 === 1 && host === undefined) {
        process.kill(pid, 'SIGKILL');
        host = current;
      } else {
        await current.kill();
        current.collect(promised);
        host = undefined;
      }
    }
    await host?.kill();
    host?.collect(promised);
    const engine = await startEngine({ dir: join(dir, 'engine'), launcher, memoryBytes: 4e8, log });
    const journal = await openJournal({ dir: join(dir, 'spool') });
    const store = await openStore({ engine, journal, rejectedDir: rejectedDirOf(dir), now: Date.now, log });
    await store.flush();
    const total = [...promised.values()].flatMap((lanes) => [...lanes.values()]).reduce((sum, one) => sum + one, 0);
    console.log(`${total} items acknowledged in ${ROUNDS} rounds`);
    expect(await offences(engine, promised)).toEqual([]);
    expect([...promised.keys()].sort()).toEqual(['exemplars', 'histograms', 'logs', 'samples', 'spans']);
    expect(total).toBeGreaterThan(10_000);
    expect(packed).toBeGreaterThan(5);
    expect(existsSync(rejectedDirOf(dir))).toBe(false);
    await store.close();
    await journal.close();
    await engine.close();
  } finally {
    host?.child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
    rmSync(scripts, { recursive: true, force: true });
  }
}, 180_000);

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { engineLauncher } from '../../test/engine-launcher.ts';
import { startEngine } from '../engine/engine.ts';
import { openJournal } from '../spool/journal.ts';
import { openStore, rejectedDirOf } from './open.ts';

const ROUNDS = 20;
const log = { info() {}, warn() {}, error() {} };
/** Of all samples; recent, so that they are in the head. */
const base = Date.now() - 600_000;

/** What a lane printed, each a count of numbers from 0. */
interface Lane {
  acknowledged: number;
  readonly asked: number[];
  gone: number;
}

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
      const pid = /^engine (\d+)\n/.exec(this.output)?.[1];
      if (pid) return Number(pid);
    }
    throw new Error(`the host did not start: ${this.output}`);
  }

  async kill(lanes: Map<string, Lane>): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
    for (const [, what, name = '', text] of this.output.matchAll(/^(ack|ask|gone) (\S+) (\d+)$/gm)) {
      const lane = lanes.get(name) ?? { acknowledged: 0, asked: [], gone: 0 };
      const count = Number(text);
      if (what === 'ack') lane.acknowledged = count;
      else if (what === 'ask') lane.asked.push(count);
      else lane.gone = count;
      lanes.set(name, lane);
    }
  }
}

/** What is wrong with the numbers of a lane that are there. Between two deletions that were not answered, all or none are. */
function offences(name: string, { acknowledged, asked, gone }: Lane, numbers: readonly number[]): string[] {
  const there = new Set(numbers);
  const found: string[] = [];
  if (there.size !== numbers.length) found.push(`${name}: ${numbers.length} samples, ${there.size} different`);
  const back = numbers.filter((number) => number < gone).length;
  if (back > 0) found.push(`${name}: ${back} of ${gone} came back`);
  const open = [gone, ...asked.filter((count) => count > gone)];
  for (const [place, from] of open.entries()) {
    const isLast = place === open.length - 1;
    const to = isLast ? acknowledged : open[place + 1]!;
    const count = numbers.filter((number) => number >= from && number < to).length;
    if (count !== to - from && (isLast || count > 0))
      found.push(`${name}: ${count} of the numbers from ${from} to ${to}`);
  }
  return found;
}

it('what was deleted stays away and what came later is there, after 20 times kill -9 of the server or the engine', async () => {
  const launcher = await engineLauncher();
  const scripts = dirname(launcher.args.at(-1) as string);
  const script = join(scripts, 'deletion-crash-host.mjs');
  await build({
    entryPoints: [resolve('packages/server/src/store/deletion-crash-host.ts')],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['@clickhouse/client', 'ffi-rs', 'chdb'],
    logLevel: 'warning',
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
  });
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-deletion-crash-'));
  const lanes = new Map<string, Lane>();
  let host: Host | undefined;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const current = host ?? new Host(script, [dir, String(round), JSON.stringify(launcher), String(base)]);
      const pid = await current.engine();
      await sleep(200 + Math.random() * 900);
      if (round % 3 === 1 && host === undefined) {
        process.kill(pid, 'SIGKILL');
        host = current;
      } else {
        await current.kill(lanes);
        host = undefined;
      }
    }
    await host?.kill(lanes);
    const engine = await startEngine({ dir: join(dir, 'engine'), launcher, memoryBytes: 4e8, log });
    const journal = await openJournal({ dir: join(dir, 'spool') });
    const store = await openStore({ engine, journal, rejectedDir: rejectedDirOf(dir), now: Date.now, log });
    const select = () =>
      store.metrics.select({
        matchers: [{ name: '__name__', op: '=', value: 'crash' }],
        ...{ start: 0, end: 8.64e15, step: 0, func: '', range: 0, grouping: [], by: false },
      });
    const inHead = new Map((await select()).map((one) => [one.labels.get('lane'), [...one.values]]));
    await store.flush();
    const rows = await engine.query<{ lane: string; numbers: number[] }>(
      `SELECT labels['lane'] AS lane, groupArray(value) AS numbers FROM nightshift.samples AS s
       JOIN (SELECT DISTINCT id, labels FROM nightshift.series) AS series ON s.id = series.id GROUP BY lane`,
    );
    const inEngine = new Map(rows.map(({ lane, numbers }) => [lane, numbers]));
    const counts = [...lanes.values()];
    const total = counts.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    const gone = counts.reduce((sum, lane) => sum + lane.gone, 0);
    console.log(`${total} samples acknowledged, ${gone} deleted in ${ROUNDS} rounds`);
    for (const where of [inHead, inEngine]) {
      expect([...lanes].flatMap(([name, lane]) => offences(name, lane, where.get(name) ?? []))).toEqual([]);
    }
    expect(gone).toBeGreaterThan(300);
    expect(total).toBeGreaterThan(gone);
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

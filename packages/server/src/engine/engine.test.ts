import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../test/engine-launcher.ts';
import { type Engine, startEngine } from './engine.ts';
import type { EngineLauncher } from './engine-child.ts';
import { lostTokens } from './lost-tokens.ts';

const log = { info() {}, warn() {} };
/** Whether system calls can be followed here. */
const hasStrace = spawnSync('strace', ['-f', 'true']).status === 0;
let launcher: EngineLauncher;
let dir: string;
const engines: Engine[] = [];

beforeAll(async () => {
  launcher = await engineLauncher();
});
afterAll(() => rmSync(dirname(launcher.args.at(-1) as string), { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
  rmSync(dir, { recursive: true, force: true });
});

async function start(): Promise<Engine> {
  if (!dir || !existsSync(dir)) dir = mkdtempSync(join(tmpdir(), 'nightshift-engine-'));
  const engine = await startEngine({ dir, launcher, memoryBytes: 400_000_000, log });
  engines.push(engine);
  return engine;
}

const alive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

async function until(condition: () => boolean | Promise<boolean>, what: string, ms = 8000): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) if (await condition()) return;
  throw new Error(`not within ${ms} ms: ${what}`);
}

/** Empty where the thread has ended. */
function statOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

describe('the engine', () => {
  it('answers queries with parameters and keeps what was inserted over a restart', async () => {
    const engine = await start();
    await engine.command('CREATE TABLE t (x UInt32, s String) ENGINE = MergeTree ORDER BY x');
    await engine.insert('t', ['x', 's'], Uint8Array.from([1, 0, 0, 0, 2, 0x68, 0x69]), 'token-1');
    await engine.close();
    const again = await start();
    expect(await again.query('SELECT x, s FROM t WHERE s = {s:String}', { s: 'hi' })).toEqual([{ x: 1, s: 'hi' }]);
  });

  it.runIf(process.platform === 'linux')('leaves processors to whoever acknowledges', async () => {
    const engine = await start();
    const { pid } = engine;
    await engine.command('CREATE TABLE t (x UInt32) ENGINE = MergeTree ORDER BY x');
    for (const token of ['a', 'b']) await engine.insert('t', ['x'], Uint8Array.from([7, 0, 0, 0]), token);
    await engine.command('OPTIMIZE TABLE t FINAL');
    // Threads come and go meanwhile. proc_pid_stat(5): the second field is the name in brackets, the 19th the nice value.
    const merging = () =>
      readdirSync(`/proc/${pid}/task`).flatMap((id) => {
        const [, rest] = statOf(`/proc/${pid}/task/${id}/stat`).split('(MergeMutate) ');
        return rest === undefined ? [] : [Number(rest.split(' ')[16])];
      });
    await until(() => merging().length > 0, 'the engine has threads that merge');
    expect(new Set(merging())).toEqual(new Set([Math.max(10, getPriority())]));
  });

  it('takes long lists in the text of a query', async () => {
    const engine = await start();
    const ids = Array.from({ length: 50_000 }, (_, i) => 2 ** 40 + 2 * i).join(',');
    const sql = `SELECT count() AS found FROM numbers(1100000000000, 1000000) WHERE number IN (${ids})`;
    expect(await engine.query(sql)).toEqual([{ found: expect.stringMatching(/^\d+$/) }]);
    expect((await engine.queryBytes(`${sql} FORMAT TSV`)).length).toBeGreaterThan(1);
  });

  it('takes the same rows with the same token only once, also after it was killed', async () => {
    const engine = await start();
    await engine.command(
      'CREATE TABLE t (x UInt32) ENGINE = MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 1000',
    );
    const row = Uint8Array.from([7, 0, 0, 0]);
    await engine.insert('t', ['x'], row, 'a');
    await engine.insert('t', ['x'], row, 'a');
    process.kill(engine.pid as number, 'SIGKILL');
    await until(() => engine.restarts === 1 && engine.state === 'up', 'the engine is back');
    await engine.insert('t', ['x'], row, 'a');
    await engine.insert('t', ['x'], row, 'b');
    expect(await engine.query('SELECT count() AS n FROM t')).toEqual([{ n: '2' }]);
  });

  it('takes rows again whose token it had noted when it was killed before their part had its name', async () => {
    const engine = await start();
    await engine.command(
      'CREATE TABLE t (x UInt32) ENGINE = MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 100',
    );
    const insert = (to: Engine, x: number) => to.insert('t', ['x'], Uint8Array.from([x, 0, 0, 0]), `token-${x}`);
    for (const x of [1, 2, 3, 4]) await insert(engine, x);
    const [table] = await engine.query<{ path: string }>(
      "SELECT data_paths[1] AS path FROM system.tables WHERE database = currentDatabase() AND name = 't'",
    );
    await engine.close();
    // As it is left by a kill between the two.
    rmSync(join(table!.path, 'all_4_4_0'), { recursive: true });
    const again = await start();
    for (const x of [1, 2, 3, 4]) await insert(again, x);
    const all = async (from: Engine) =>
      (await from.query<{ x: number }>('SELECT x FROM t ORDER BY x')).map(({ x }) => x);
    expect(await all(again)).toEqual([1, 2, 3, 4]);
    await again.command('OPTIMIZE TABLE t FINAL');
    await again.close();
    // Merged, and so under another name: nothing is missing.
    expect((await lostTokens(join(dir, 'data'))).size).toBe(0);
    const last = await start();
    for (const x of [1, 2, 3, 4]) await insert(last, x);
    expect(await all(last)).toEqual([1, 2, 3, 4]);
  });

  it.skipIf(!hasStrace)('has rows and token on disk when an insert is answered', async () => {
    const engine = await start();
    await engine.command(
      'CREATE TABLE t (x UInt32) ENGINE = MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 1000',
    );
    const [table] = await engine.query<{ path: string }>(
      "SELECT data_paths[1] AS path FROM system.tables WHERE name = 't'",
    );
    const row = Uint8Array.from([7, 0, 0, 0]);
    await engine.insert('t', ['x'], row, 'a');
    const trace = join(dir, 'trace');
    const pids = [engine.pid as number, process.pid].flatMap((pid) => ['-p', String(pid)]);
    const strace = spawn('strace', ['-f', '-y', '-o', trace, '-e', 'trace=rename,fsync,fdatasync', ...pids]);
    await until(() => existsSync(trace), 'strace follows');
    await sleep(500);
    await engine.insert('t', ['x'], row, 'b');
    await sleep(200);
    strace.kill('SIGINT');
    await new Promise((resolve) => strace.once('close', resolve));
    const calls = readFileSync(trace, 'utf8')
      .split('\n')
      .filter((line) => line.includes(table!.path));
    const first = (pattern: RegExp) => calls.findIndex((line) => pattern.test(line));
    const renamed = first(/rename\(".*tmp_insert_/);
    expect(first(/fdatasync\(.*tmp_insert_.*data\.bin/)).toBeGreaterThanOrEqual(0);
    expect(renamed).toBeGreaterThan(first(/fdatasync\(.*tmp_insert_.*data\.bin/));
    expect(first(/fdatasync\(\d+<[^>]*\/all_\d+_\d+_0\/?>/)).toBeGreaterThan(renamed);
    expect(first(/fdatasync\(.*deduplication_log_/)).toBeGreaterThan(renamed);
  });

  it('is closed to everybody who has not the key and the password of this start', async () => {
    const engine = await start();
    const ask = async (headers: Record<string, string>, query = 'SELECT 1') =>
      (await fetch(`${engine.url}/?query=${encodeURIComponent(query)}`, { headers })).status;
    const xml = readFileSync(join(dir, 'config/config.xml'), 'utf8');
    const key = /<X-Nightshift-Key>(.*)<\/X/.exec(xml)?.[1] as string;
    expect(await ask({})).toBe(404);
    expect(await ask({ 'X-Nightshift-Key': 'guess' })).toBe(404);
    expect(await ask({ 'X-Nightshift-Key': key, authorization: `Basic ${btoa('nightshift:guess')}` })).toBe(403);
    await engine.command('CREATE TABLE secret (x UInt32) ENGINE = MergeTree ORDER BY x');
    expect(await ask({ 'X-Nightshift-Key': key }, 'SELECT * FROM default.secret')).not.toBe(200);
    expect(
      execFileSync('stat', ['-c', '%a', join(dir, 'config/config.xml')])
        .toString()
        .trim(),
    ).toBe('600');
  });

  it('says 503 with a time to try again while it is down, and comes back by itself', async () => {
    const engine = await start();
    process.kill(engine.pid as number, 'SIGKILL');
    await until(() => engine.state === 'down', 'down');
    await expect(engine.query('SELECT 1')).rejects.toMatchObject({ code: 'ENGINE_DOWN', status: 503, retryAfter: 2 });
    await until(() => engine.state === 'up', 'up again');
    expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  describe('stops working on a query', () => {
    const heavy = 'SELECT count() FROM numbers_mt(1000000000000) WHERE sipHash64(number) = 1';
    const endless = 'SELECT number FROM numbers(1000000000000) FORMAT RowBinary';
    const running = async (engine: Engine) =>
      (
        await engine.query<{ query: string }>(
          "SELECT query FROM system.processes WHERE query LIKE '%FROM numbers%' AND query NOT LIKE '%processes%'",
        )
      ).length;

    it.each<[string, (engine: Engine, signal: AbortSignal) => Promise<unknown>]>([
      ['before its answer began', (engine, signal) => engine.query(heavy, {}, signal)],
      [
        'in bytes, before its answer began',
        (engine, signal) => engine.queryBytes(`${heavy} FORMAT RowBinary`, {}, signal),
      ],
      ['in the middle of its answer', (engine, signal) => engine.queryBytes(endless, {}, signal)],
    ])('that is aborted %s', async (_when, ask) => {
      const engine = await start();
      const controller = new AbortController();
      const answer = ask(engine, controller.signal).then(
        () => 'answered',
        () => 'ended',
      );
      await until(async () => (await running(engine)) === 1, 'the query runs');
      controller.abort(new Error('the client went away'));
      expect(await answer).toBe('ended');
      await until(async () => (await running(engine)) === 0, 'the engine gave it up', 3000);
    });

    it('whose answer is refused while it comes', async () => {
      const engine = await start();
      let seen = 0;
      const refused = engine.queryBytes(endless, {}, undefined, (bytes) => {
        seen += bytes;
        if (seen > 1_000_000) throw new Error('too much');
      });
      await expect(refused).rejects.toThrow('too much');
      expect(seen).toBeLessThan(20_000_000);
      await until(async () => (await running(engine)) === 0, 'the engine gave it up', 3000);
    });

    it('and takes no query that would change something', async () => {
      const engine = await start();
      await expect(engine.queryBytes('CREATE TABLE t (x UInt32) ENGINE = Memory')).rejects.toThrow(/readonly/);
    });
  });

  it('stops cleanly in under five seconds', async () => {
    const engine = await start();
    const pid = engine.pid as number;
    const from = Date.now();
    await engine.close();
    expect(Date.now() - from).toBeLessThan(5000);
    expect(alive(pid)).toBe(false);
  });

  it('dies with its parent when that is killed', async () => {
    dir = mkdtempSync(join(tmpdir(), 'nightshift-engine-'));
    const host = join(dirname(launcher.args.at(-1) as string), 'host.mjs');
    await build({
      stdin: {
        contents: `import { startEngine } from ${JSON.stringify(resolve('packages/server/src/engine/engine.ts'))};
          const engine = await startEngine({ dir: ${JSON.stringify(dir)}, launcher: ${JSON.stringify(launcher)}, memoryBytes: 4e8, log: { info() {}, warn() {} } });
          console.log(engine.pid); setInterval(() => {}, 1000);`,
        resolveDir: resolve('.'),
      },
      outfile: host,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
    });
    const parent = spawn(process.execPath, [host], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(await new Promise((done) => parent.stdout.once('data', (chunk) => done(String(chunk)))));
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !alive(pid), 'the engine is gone', 5000);
  });
});

/** How fast are queries over the last hour and over an hour a week ago, and what does a sample take on the disk? */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNightshift } from '../../conformance/peers/nightshift.ts';
import type { Peer } from '../../conformance/peers/process.ts';
import { debianPrometheus, startPrometheus } from '../../conformance/peers/prometheus.ts';
import { remoteWrite } from '../../conformance/peers/remote-write.ts';
import { debianVictoriaMetrics, startVictoriaMetrics } from '../../conformance/peers/victoria-metrics.ts';
import { startEngine } from '../../packages/server/src/engine/engine.ts';
import { median, shown, table, timed } from '../promql/measure.ts';
import { generateFleet, perSeries, scrapeMs, writeRequests } from '../promql/series.ts';
import { type Asked, ask, lastMs, queries, sizeOf } from '../promql/servers.ts';
import { startIdleServer } from './idle-server.ts';
import { usageOf } from './usage.ts';

/** Of each query. V8 compiles what is asked often while it is asked, so that the first answers are a table's column of their own. */
const firstRounds = 15;
const rounds = 31;
const minuteMs = 60_000;
const weekMs = 7 * 24 * 60 * minuteMs;
/** Between two answers: what a server leaves to be done behind its own, Go's garbage above all, is not the next one's. */
const apartMs = 50;
/** Longer than Nightshift takes to notice that samples are too old to be kept in memory, and to pack hours that are over. */
const settleMs = 120_000;
const product = resolve('packages/cli/dist/nightshift.js');

async function load(peer: Peer, start: number): Promise<void> {
  for (const request of writeRequests(start)) await remoteWrite(peer, request);
  if (peer.name === 'VictoriaMetrics') await fetch(`${peer.url}/internal/force_flush`);
}

async function checkAnswers(peers: readonly Peer[], start: number): Promise<void> {
  for (const asked of queries) {
    const sizes: number[] = [];
    for (const peer of peers) sizes.push(sizeOf(await ask(peer, asked, start)));
    if (sizes[0] === 0 || new Set(sizes).size > 1)
      throw new Error(`${asked.name}: ${peers.map(({ name }, i) => `${name} ${sizes[i]}`).join(', ')}`);
  }
}

interface Cost {
  /** Median of the milliseconds of the first answers. */
  readonly first: number;
  /** Median of the milliseconds of those after them. */
  readonly wall: number;
  /** Mean of the milliseconds of processor time of those. */
  readonly cpu: number;
}

/** Median of the milliseconds by server; asked in turns, so that a busy moment hits all of them. */
async function mediansOf(peers: readonly Peer[], asked: Asked, start: number, count: number): Promise<number[]> {
  const times = peers.map((): number[] => []);
  for (let round = 0; round < count; round++)
    for (const [place, peer] of peers.entries()) {
      await sleep(apartMs);
      times[place]?.push(await timed(() => ask(peer, asked, start)));
    }
  return times.map(median);
}

async function costsOf(peers: readonly Peer[], asked: Asked, start: number): Promise<Cost[]> {
  const first = await mediansOf(peers, asked, start, firstRounds);
  const before = peers.map(({ pid }) => usageOf(pid).all);
  const wall = await mediansOf(peers, asked, start, rounds);
  return peers.map(({ pid }, place) => ({
    first: first[place] ?? Number.NaN,
    wall: wall[place] ?? Number.NaN,
    cpu: ((usageOf(pid).all - (before[place] ?? 0)) * 1000) / rounds,
  }));
}

async function timesTable(peers: readonly Peer[], start: number): Promise<string[]> {
  await checkAnswers(peers, start);
  const names = peers.map(({ name }) => name);
  const rows: string[][] = [];
  for (const asked of queries) {
    const costs = await costsOf(peers, asked, start);
    const wall = costs.map((cost) => shown(cost.wall));
    const ratios = costs.slice(1).map((cost) => shown((costs[0]?.wall ?? Number.NaN) / cost.wall));
    const cpu = costs.map((cost) => (cost.cpu < 3 ? '< 3' : shown(cost.cpu)));
    console.log(`${asked.name}: ${wall.join(' | ')} ms, CPU ${cpu.join(' | ')} ms`);
    rows.push([asked.name, ...wall, ...ratios, ...cpu, ...costs.slice(0, 2).map(({ first }) => shown(first))]);
  }
  const ofEach = (names: readonly string[], what: (name: string) => string) => names.map(what);
  const head = [
    'query',
    ...ofEach(names, (name) => `${name} ms`),
    ...ofEach(names.slice(1), (name) => `ratio to ${name}`),
    ...ofEach(names, (name) => `${name} CPU ms`),
    ...ofEach(names.slice(0, 2), (name) => `${name} first ms`),
  ];
  return table(head, rows);
}

function bytesBelow(dir: string): number {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Bytes of all that the engine holds, what was derived from samples too, after all merges. Nightshift must have ended. */
async function engineBytes(dataDir: string): Promise<number> {
  const log = { info() {}, warn() {}, error() {} };
  const launcher = { command: process.execPath, args: [product, 'engine-child'] };
  const engine = await startEngine({ dir: join(dataDir, 'engine'), launcher, memoryBytes: 1e9, log });
  try {
    const sizes =
      "SELECT table, sum(bytes_on_disk) AS bytes FROM system.parts WHERE database = 'nightshift' AND active GROUP BY table";
    for (const { table } of await engine.query<{ table: string }>(sizes))
      await engine.command(`OPTIMIZE TABLE nightshift.${table} FINAL`);
    const rows = await engine.query<{ table: string; bytes: string }>(`${sizes} ORDER BY table`);
    console.log(rows.map(({ table, bytes }) => `${table}: ${bytes} bytes`).join(', '));
    return rows.reduce((sum, { bytes }) => sum + Number(bytes), 0);
  } finally {
    await engine.close();
  }
}

/** Milliseconds in which the client has the answer of a server with nothing to do. */
async function leastMs(program: string, start: number): Promise<number> {
  const idle = await startIdleServer(program);
  try {
    const [ms = Number.NaN] = await mediansOf([idle], queries[0]!, start, firstRounds + rounds);
    return ms;
  } finally {
    await idle.stop();
  }
}

/** The ten typical queries, and the disk. `program` is that of `startIdleServer`. Lines of Markdown. */
export async function benchQueries(program: string): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-bench-'));
  const own = (name: string) => {
    mkdirSync(join(dir, name));
    return join(dir, name);
  };
  const now = Math.floor(Date.now() / minuteMs) * minuteMs - lastMs - (minuteMs - scrapeMs);
  const then = now - weekMs;
  const peers: Peer[] = [];
  try {
    const nightshift = await startNightshift(product, own('nightshift'));
    peers.push(nightshift);
    const victoria = existsSync(debianVictoriaMetrics) && (await startVictoriaMetrics(own('victoria-metrics')));
    if (victoria) peers.push(victoria);
    // A Prometheus takes nothing that is a week old.
    const both = [...peers];
    for (const peer of both) await load(peer, then);
    if (existsSync(debianPrometheus)) peers.push(await startPrometheus({ dir: own('prometheus') }));
    await sleep(settleMs);
    for (const peer of peers) await load(peer, now);
    // Of the last hour, too, a part is packed meanwhile.
    await sleep(settleMs);
    const least = await leastMs(program, now);
    const lastHour = await timesTable(peers, now);
    const lastWeek = await timesTable(both, then);
    if (victoria) await fetch(`${victoria.url}/internal/force_merge`);
    await sleep(5000);
    await Promise.all(both.map((peer) => peer.stop()));
    const samples = 2 * perSeries * generateFleet().length;
    const sizes: [name: string, bytes: number][] = [
      ['Nightshift', (await engineBytes(join(dir, 'nightshift'))) / samples],
    ];
    if (victoria) sizes.push(['VictoriaMetrics', bytesBelow(join(dir, 'victoria-metrics')) / samples]);
    for (const [name, bytes] of sizes) console.log(`${name}: ${shown(bytes)} bytes a sample`);
    return [
      `${generateFleet().length.toLocaleString('en')} series with a sample every 15 s for an hour, now and a week ago, by remote write; range queries over one of`,
      `the hours at a step of 15 s (max over time: an instant query). The median of ${rounds} answers read to their end, the servers`,
      `asked in turns, ${apartMs} ms apart, response caches off. CPU is the processor time for one answer, of the server and what it has started.`,
      `Before them come ${firstRounds} answers of the same query, whose median is the last columns: Nightshift compiles code while it runs.`,
      `A server of Node that has nothing to do takes ${shown(least)} ms, which is the client's part and the least that one of Node can take.`,
      '',
      'Over the last hour:',
      '',
      ...lastHour,
      '',
      'Over an hour a week ago:',
      '',
      ...lastWeek,
      '',
      'Bytes on the disk for a sample, with all that is kept of the series, after all merges:',
      '',
      ...table(
        ['server', 'bytes'],
        sizes.map(([name, bytes]) => [name, shown(bytes)]),
      ),
      '',
      ...queries.map(({ name, query, path }) => `* ${name}: \`${query ?? path}\``),
    ];
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
    rmSync(dir, { recursive: true, force: true });
  }
}

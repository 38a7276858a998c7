import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startNightshift } from '../../conformance/peers/nightshift.ts';
import type { Peer } from '../../conformance/peers/process.ts';
import { debianPrometheus, startPrometheus } from '../../conformance/peers/prometheus.ts';
import { remoteWrite } from '../../conformance/peers/remote-write.ts';
import { debianVictoriaMetrics, startVictoriaMetrics } from '../../conformance/peers/victoria-metrics.ts';
import { median, processorTimeOf, shown, table, timed } from './measure.ts';
import { generateFleet, perSeries, scrapeMs, writeRequests } from './series.ts';

const rounds = 11;
export const lastMs = (perSeries - 1) * scrapeMs;

export interface Asked {
  readonly name: string;
  /** A range query, or the path of another call. */
  readonly query?: string;
  readonly instant?: boolean;
  readonly path?: string;
}

export const queries: readonly Asked[] = [
  { name: 'one series', query: 'http_requests_total{instance="10.0.0.7:9100",route="/r/3",code="200"}' },
  { name: 'rates by route', query: 'sum by (route) (rate(http_requests_total[5m]))' },
  {
    name: 'p95 by route',
    query: 'histogram_quantile(0.95, sum by (route, le) (rate(http_request_duration_seconds_bucket[5m])))',
  },
  {
    name: 'error ratio',
    query: 'sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))',
  },
  { name: 'top 5', query: 'topk(5, sum by (instance) (rate(http_requests_total[5m])))' },
  { name: '1,000 raw series', query: 'node_load1' },
  { name: 'max over time of 1,000 series', query: 'max_over_time(node_load1[1h])', instant: true },
  { name: 'count of everything', query: 'count({__name__=~".+"})' },
  {
    name: 'regular expression on instance',
    query: 'sum by (instance) (rate(http_requests_total{instance=~"10\\\\.0\\\\.0\\\\.1.*"}[5m]))',
  },
  { name: 'label values', path: 'label/instance/values?match[]=http_requests_total' },
];

interface Call {
  readonly target: string;
  /** A form; asked by GET where there is none. */
  readonly body?: string;
}

/** Starts at a whole step, so that every server evaluates at the same times. */
function callOf({ query, instant, path }: Asked, start: number): Call {
  const [from, to] = [start / 1000, (start + lastMs) / 1000];
  if (query === undefined) return { target: `/api/v1/${path}&start=${from}&end=${to}` };
  const times: Record<string, string> = instant
    ? { time: String(to) }
    : { start: String(from), end: String(to), step: String(scrapeMs / 1000) };
  // VictoriaMetrics would otherwise repeat its last answer; the others take no notice.
  const body = new URLSearchParams({ query, ...times, nocache: '1' });
  return { target: `/api/v1/${instant ? 'query' : 'query_range'}`, body: body.toString() };
}

/** One connection to each server. `fetch` would take a millisecond or more of its own, as long as some answers. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Resolves with the answer once it is read to its end; it is not looked into. */
export function ask(peer: Peer, asked: Asked, start: number): Promise<Buffer> {
  const { target, body = '' } = callOf(asked, start);
  const form = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length };
  const headers = body === '' ? peer.headers : { ...peer.headers, ...form };
  const options = { method: body === '' ? 'GET' : 'POST', headers, agent, timeout: 60_000 };
  return new Promise((resolve, reject) => {
    const sent = request(peer.url + target, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const all = Buffer.concat(chunks);
        if (response.statusCode === 200) return resolve(all);
        reject(new Error(`${peer.name}, ${asked.name}: ${response.statusCode} ${all.toString('utf8', 0, 300)}`));
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${peer.name}, ${asked.name}: no answer within a minute`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

/** How many series or values an answer has. */
export function sizeOf(answer: Buffer): number {
  const { data } = JSON.parse(answer.toString()) as { data: { result: unknown[] } | unknown[] };
  return Array.isArray(data) ? data.length : data.result.length;
}

/** Throws unless all servers answer with as many series: a fast wrong answer is no answer. */
async function checkAnswers(peers: readonly Peer[], start: number): Promise<void> {
  for (const asked of queries) {
    const sizes: number[] = [];
    for (const peer of peers) sizes.push(sizeOf(await ask(peer, asked, start)));
    if (sizes[0] === 0 || new Set(sizes).size > 1)
      throw new Error(`${asked.name}: ${peers.map(({ name }, i) => `${name} ${sizes[i]}`).join(', ')}`);
  }
}

async function load(peer: Peer, start: number): Promise<void> {
  for (const request of writeRequests(start)) await remoteWrite(peer, request);
  // VictoriaMetrics shows what it took after a second or so, unless told to.
  if (peer.name === 'VictoriaMetrics') await fetch(`${peer.url}/internal/force_flush`);
}

async function startAll(dir: string): Promise<Peer[]> {
  const own = (name: string) => {
    mkdirSync(join(dir, name));
    return join(dir, name);
  };
  const peers = [await startNightshift(resolve('packages/cli/dist/nightshift.js'), own('nightshift'))];
  if (existsSync(debianVictoriaMetrics)) peers.push(await startVictoriaMetrics(own('victoria-metrics')));
  if (existsSync(debianPrometheus)) peers.push(await startPrometheus({ dir: own('prometheus') }));
  return peers;
}

interface Cost {
  /** Milliseconds until the answer is read, the median. */
  readonly wall: number;
  /** Milliseconds of processor time of the server, the mean. */
  readonly cpu: number;
}

/** What a query costs each server, asked in turns so that a busy moment hits all of them. */
async function costsOf(peers: readonly Peer[], asked: Asked, start: number): Promise<Cost[]> {
  const times = peers.map((): number[] => []);
  const before = peers.map(({ pid }) => processorTimeOf(pid));
  for (let round = 0; round < rounds; round++)
    for (const [place, peer] of peers.entries()) times[place]?.push(await timed(() => ask(peer, asked, start)));
  return peers.map(({ pid }, place) => ({
    wall: median(times[place] ?? []),
    cpu: (processorTimeOf(pid) - (before[place] ?? 0)) / rounds,
  }));
}

/** The ten typical queries beside VictoriaMetrics and Prometheus. Lines of Markdown. */
export async function benchServers(): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-bench-'));
  const minute = 60_000;
  const start = Math.floor(Date.now() / minute) * minute - lastMs - (minute - scrapeMs);
  const peers: Peer[] = [];
  try {
    peers.push(...(await startAll(dir)));
    for (const peer of peers)
      console.log(`${peer.name} loaded in ${shown((await timed(() => load(peer, start))) / 1000)} s`);
    await checkAnswers(peers, start);
    const names = peers.map(({ name }) => name);
    const rows: string[][] = [];
    for (const asked of queries) {
      const costs = await costsOf(peers, asked, start);
      const wall = costs.map((cost) => shown(cost.wall));
      const ratios = costs.slice(1).map((cost) => shown((costs[0]?.wall ?? Number.NaN) / cost.wall));
      const cpu = costs.map((cost) => (cost.cpu < 10 ? '< 10' : shown(cost.cpu)));
      console.log(`${asked.name}: ${wall.join(' | ')} ms`);
      rows.push([asked.name, ...wall, ...ratios, ...cpu]);
    }
    const head = [
      'query',
      ...names.map((name) => `${name} ms`),
      ...names.slice(1).map((name) => `ratio to ${name}`),
      ...names.map((name) => `${name} CPU ms`),
    ];
    const series = generateFleet().length;
    return [
      '## Ten typical queries over HTTP',
      '',
      `${series.toLocaleString('en')} series with a sample every 15 s for an hour, written to each server by remote write; range queries over that hour`,
      `at a step of 15 s (max over time: an instant query over the hour). The median of ${rounds} answers read to their end, the servers`,
      'asked in turns, response caches off. A ratio below 1 means that Nightshift is faster. CPU is the processor time of the',
      'server for one answer.',
      '',
      ...table(head, rows),
      '',
      ...queries.map(({ name, query, path }) => `* ${name}: \`${query ?? path}\``),
    ];
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
    rmSync(dir, { recursive: true, force: true });
  }
}

/** How many samples a second does a server take by remote write? Beside VictoriaMetrics and Prometheus, in one run. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNightshift } from '../../conformance/peers/nightshift.ts';
import type { Peer } from '../../conformance/peers/process.ts';
import { debianPrometheus, startPrometheus } from '../../conformance/peers/prometheus.ts';
import { debianVictoriaMetrics, startVictoriaMetrics } from '../../conformance/peers/victoria-metrics.ts';
import { median, shown, table } from '../promql/measure.ts';
import { type Load, type Written, writeBodies } from './bodies.ts';
import { type Sent, send } from './sender.ts';
import { usageOf } from './usage.ts';

const rounds = 3;
/** Long enough that what V8 compiles in the first seconds, about a core-second, is not what is measured. */
const load: Omit<Load, 'start'> = { scrapeMs: 1000, scrapes: 1800, connections: 4, samplesPerRequest: 2000 };

interface Rival {
  readonly name: string;
  readonly start: (dir: string) => Promise<Peer>;
  readonly durable: string;
}

const rivals: readonly Rival[] = [
  {
    name: 'Nightshift',
    start: (dir) => startNightshift(resolve('packages/cli/dist/nightshift.js'), dir),
    durable: 'the journal synced (`O_DSYNC`) before each answer, one write for what waits together',
  },
  {
    name: 'VictoriaMetrics',
    start: (dir) => startVictoriaMetrics(dir),
    durable: 'no: in memory for up to a second or so (its design, it has no log)',
  },
  { name: 'Prometheus', start: (dir) => startPrometheus({ dir }), durable: 'no: written to its log, not synced' },
];

interface Round {
  readonly sent: Sent;
  /** Core-seconds, of the server's process and of all its processes, until everything is in its place. */
  readonly own: number;
  readonly all: number;
  readonly anonymousMb: number;
  /** Seconds after the last answer until the server had nothing left to do. */
  readonly settled: number;
}

/** Every server puts off what is not urgent, none for longer than this. */
const quietMs = 7000;

/** Waits, at most a minute, until the server has used next to nothing for so long. Gives the seconds until then. */
async function settle(pid: number): Promise<number> {
  const startedAt = performance.now();
  const deadline = startedAt + 60_000;
  let before = usageOf(pid).all;
  for (let quietSince = startedAt; performance.now() < deadline; ) {
    await sleep(100);
    const { all } = usageOf(pid);
    if (all - before > 0.02) quietSince = performance.now();
    before = all;
    if (performance.now() - quietSince > quietMs) return (quietSince - startedAt) / 1000;
  }
  return 60;
}

/** Counts the samples back, in pieces that every server answers. */
async function count(peer: Peer, { start, scrapeMs, scrapes }: Load, { metrics }: Written): Promise<number> {
  const { url, headers, name } = peer;
  if (name === 'VictoriaMetrics') await fetch(`${url}/internal/force_flush`);
  let total = 0;
  const piece = 50;
  for (let first = 0; first < scrapes; first += piece) {
    const time = start + (first + piece - 0.5) * scrapeMs;
    const query = metrics.map((one) => `sum(count_over_time(${one}[${piece * scrapeMs}ms]))`).join(' + ');
    const body = new URLSearchParams({ query, time: String(time / 1000), nocache: '1' });
    const response = await fetch(`${url}/api/v1/query`, { method: 'POST', headers, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${name}: ${response.status} ${text.slice(0, 300)}`);
    const { data } = JSON.parse(text) as { data: { result: { value: [number, string] }[] } };
    total += Number(data.result[0]?.value[1] ?? 0);
  }
  return total;
}

async function expectAll(peer: Peer, load: Load, written: Written): Promise<void> {
  const found = await count(peer, load, written);
  if (found !== written.samples)
    throw new Error(`${peer.name} acknowledged ${written.samples} samples and has ${found}`);
}

/** One server, fresh, from the first body to the last sample counted back. */
async function runRound(program: string, rival: Rival, file: string, load: Load, written: Written): Promise<Round> {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-bench-'));
  const dataDir = join(dir, 'data');
  mkdirSync(dataDir);
  let peer = await rival.start(dataDir);
  try {
    const before = usageOf(peer.pid);
    const sent = await send(program, file, peer);
    const settled = await settle(peer.pid);
    const after = usageOf(peer.pid);
    await expectAll(peer, load, written);
    if (rival.name === 'Nightshift') {
      // What was acknowledged must be there after the worst end as well.
      await send(program, file, peer);
      process.kill(peer.pid, 'SIGKILL');
      await sleep(500);
      peer = await rival.start(dataDir);
      await expectAll(peer, load, written);
    }
    const { anonymousMb } = after;
    return { sent, own: after.own - before.own, all: after.all - before.all, anonymousMb, settled };
  } finally {
    await peer.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Servers in turns, so that a busy minute hits all of them. Lines of Markdown. */
export async function benchIngest(program: string): Promise<string[]> {
  const present = rivals.filter(
    ({ name }) =>
      (name !== 'VictoriaMetrics' || existsSync(debianVictoriaMetrics)) &&
      (name !== 'Prometheus' || existsSync(debianPrometheus)),
  );
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-bodies-'));
  const file = join(dir, 'bodies');
  const all: Load = { ...load, start: Math.floor(Date.now() / 1000) * 1000 - (load.scrapes + 60) * load.scrapeMs };
  try {
    const written = writeBodies(file, all);
    const found = present.map((): Round[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [place, rival] of present.entries()) {
        const one = await runRound(program, rival, file, all, written);
        found[place]?.push(one);
        const perSecond = written.samples / one.sent.seconds;
        console.log(
          `${rival.name}: ${shown(perSecond / 1e6)} million samples/s, ${shown((one.all / written.samples) * 1e6)} core-s a million ` +
            `(own ${shown((one.own / written.samples) * 1e6)}), sender ${shown((one.sent.cpuSeconds / written.samples) * 1e6)}, settled after ${shown(one.settled)} s`,
        );
      }
    }
    return lines(present, found, written);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function lines(present: readonly Rival[], found: readonly Round[][], written: Written): string[] {
  const middle = (place: number, value: (round: Round) => number) => median(found[place]!.map(value));
  const rate = (place: number) => middle(place, ({ sent }) => written.samples / sent.seconds);
  const aMillion = (seconds: number) => shown((seconds / written.samples) * 1e6);
  const rows = present.map(({ name, durable }, place) => [
    name,
    shown(rate(place) / 1e6),
    shown(rate(0) / rate(place)),
    aMillion(middle(place, ({ own }) => own)),
    aMillion(middle(place, ({ all, own }) => all - own)),
    aMillion(middle(place, ({ sent }) => sent.cpuSeconds)),
    shown(middle(place, ({ sent }) => sent.p50)),
    shown(middle(place, ({ sent }) => sent.p99)),
    shown(middle(place, ({ settled }) => settled)),
    String(Math.round(middle(place, ({ anonymousMb }) => anonymousMb))),
    durable,
  ]);
  const { series, samples, bodies, bytes } = written;
  return [
    `${series.toLocaleString('en')} series, ${samples.toLocaleString('en')} samples in ${bodies.toLocaleString('en')} requests of ${load.samplesPerRequest.toLocaleString('en')} samples`,
    `(${Math.round(bytes / bodies / 1000)} kB each as sent), over ${load.connections} keep-alive connections. The load generator is a process of its own on the same cores,`,
    `its bodies made beforehand. Each server is fresh and is asked for the count of all samples afterwards; Nightshift is sent everything`,
    `a second time, killed with SIGKILL at the last answer, started again and asked again. The median of ${rounds} rounds, servers in turns.`,
    'Core-seconds run until the server is quiet, so that what it puts off counts as well.',
    '',
    ...table(
      [
        'server',
        'million samples/s',
        "Nightshift's multiple",
        'core-s a million: server',
        'its engine',
        'the generator',
        'answer ms, p50',
        'p99',
        'quiet after s',
        'anonymous MB',
        'durable before the answer',
      ],
      rows,
    ),
  ];
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteSeries } from '../../packages/wire/src/index.ts';
import { startNightshift } from '../peers/nightshift.ts';
import type { Peer } from '../peers/process.ts';
import { prometheusVersion, startPrometheus } from '../peers/prometheus.ts';
import { remoteWrite } from '../peers/remote-write.ts';
import { type Answer, ask } from './answer.ts';
import { difference, differentNotes } from './compare.ts';
import { generateDataset, slices, spanMs, visibleSamples } from './dataset.ts';
import { type DifferenceName, differencesOf, type Version } from './differences.ts';
import { generateQuestion, type Question } from './generate.ts';
import { toText } from './query.ts';
import { Random } from './random.ts';
import { shrink } from './shrink.ts';

const hour = 3_600_000;
/** What is behind a flag in both; an older Prometheus takes no notice of flags that it does not know. */
const flags = ['promql-experimental-functions', 'promql-extended-range-selectors', 'promql-binop-fill-modifiers'];
const depth = 4;
const shrinkBudget = 150;

export interface RunOptions {
  readonly prometheus: string;
  /** The built command, nightshift.js. */
  readonly entry: string;
  /** An empty directory for the data of both; the caller removes it. */
  readonly dir: string;
  readonly seed: number;
  readonly queries: number;
  /** Unix milliseconds of the first sample, a whole hour, so that a run can be repeated to the digit. */
  readonly base?: number;
  /** Whether warnings and infos have to be equal too, word by word: they are those of the newest Prometheus. */
  readonly annotations?: boolean;
  /** Only the query of this number. */
  readonly only?: number;
  /** Ends the run before its time; both servers are stopped all the same. */
  readonly signal?: AbortSignal;
  readonly onFailure?: (failure: Failure) => void;
}

export interface Failure {
  readonly number: number;
  readonly original: Question;
  /** The smallest question found that still differs, and what it is answered with. */
  readonly smallest: Question;
  readonly difference: string;
  readonly expected: Answer;
  readonly got: Answer;
}

export interface Summary {
  readonly version: Version;
  readonly base: number;
  readonly series: number;
  readonly samples: number;
  readonly asked: number;
  /** Answers with at least one series, answers without, and refusals. */
  readonly answered: number;
  readonly empty: number;
  readonly refused: number;
  readonly failures: readonly Failure[];
  readonly avoided: ReadonlySet<DifferenceName>;
}

/** The last whole hour by which all samples are in the past. */
export const latestBase = (now: number): number => Math.floor(now / hour) * hour - spanMs;

/** How many samples the server can see of the metrics. */
async function seenSamples(peer: Peer, names: Iterable<string>, time: number): Promise<number> {
  let seen = 0;
  for (const name of names) {
    const answer = await ask(peer, {
      query: { kind: 'literal', text: `sum(count_over_time({__name__="${name}"}[4h]))` },
      time,
    });
    if (answer.kind === 'refused') throw new Error(`${peer.name}: ${answer.message}`);
    seen += Number(answer.series[0]?.points[0]?.[1] ?? 0);
  }
  return seen;
}

/** Asks until a server has all samples that were sent to it, at most 30 s. */
async function arrived(peer: Peer, series: readonly WriteSeries[], base: number): Promise<void> {
  const names = new Set(series.map(({ labels }) => labels.get('__name__') ?? ''));
  const samples = visibleSamples(series);
  let seen = 0;
  for (let tries = 0; tries < 150; tries++) {
    seen = await seenSamples(peer, names, base + spanMs + 60_000);
    if (seen === samples) return;
    await sleep(200);
  }
  throw new Error(`${peer.name} has ${seen} of ${samples} samples`);
}

/** Starts both servers, gives them the same samples, and asks them the same generated queries. */
export async function runDifferential(options: RunOptions): Promise<Summary> {
  const { dir, seed, base = latestBase(Date.now()) } = options;
  const dirs = [join(dir, 'prometheus'), join(dir, 'nightshift')] as const;
  for (const each of dirs) mkdirSync(each, { recursive: true });
  const started: Peer[] = [];
  try {
    const prometheus = await startPrometheus({
      binary: options.prometheus,
      dir: dirs[0],
      args: [`--enable-feature=${flags.join(',')}`],
    });
    started.push(prometheus);
    writeFileSync(join(dirs[1], 'nightshift.yaml'), JSON.stringify({ query: { features: flags } }));
    const nightshift = await startNightshift(options.entry, dirs[1]);
    started.push(nightshift);
    const version = await prometheusVersion(prometheus);
    const avoided = differencesOf(version);
    const series = generateDataset({
      seed,
      base,
      onBoundaries: !avoided.has('leftOpen'),
      resetsToZero: !avoided.has('halfInterval'),
      extremes: !avoided.has('kahan'),
      newerLanguage: !avoided.has('olderLanguage'),
    });
    const samples = visibleSamples(series);
    for (const peer of started) {
      for (const slice of slices(series, base)) await remoteWrite(peer, slice);
      await arrived(peer, series, base);
    }
    const counts = await askAll(prometheus, nightshift, { ...options, base, avoided });
    return { version, base, series: series.length, samples, avoided, ...counts };
  } finally {
    await Promise.all(started.map((peer) => peer.stop()));
  }
}

interface Asking extends RunOptions {
  readonly base: number;
  readonly avoided: ReadonlySet<DifferenceName>;
}

async function askAll(
  prometheus: Peer,
  nightshift: Peer,
  { seed, queries, only, base, avoided, annotations, signal, onFailure }: Asking,
): Promise<Pick<Summary, 'asked' | 'answered' | 'empty' | 'refused' | 'failures'>> {
  const counts = { asked: 0, answered: 0, empty: 0, refused: 0 };
  const failures: Failure[] = [];
  const spell = (text: string) =>
    avoided.has('smoothingName') ? text.replaceAll('double_exponential_smoothing(', 'holt_winters(') : text;
  const both = async (question: Question) => {
    const [expected, got] = await Promise.all([ask(prometheus, question, spell), ask(nightshift, question)]);
    const notes = annotations ? differentNotes(expected, got) : undefined;
    return { expected, got, difference: difference(question, expected, got) ?? notes };
  };
  for (let number = only ?? 0; number < (only === undefined ? queries : only + 1); number++) {
    signal?.throwIfAborted();
    const random = new Random(seed, number);
    const original = generateQuestion({ random, base, avoids: avoided, depth });
    const first = await both(original);
    counts.asked++;
    if (first.expected.kind === 'refused') counts.refused++;
    else counts[first.expected.series.length > 0 ? 'answered' : 'empty']++;
    if (first.difference === undefined) continue;
    const smallest = await shrink(original, async (each) => (await both(each)).difference !== undefined, shrinkBudget);
    const again = await both(smallest);
    const failure = { number, original, smallest, ...again, difference: again.difference ?? first.difference };
    failures.push(failure);
    onFailure?.(failure);
  }
  return { ...counts, failures };
}

/** What a person needs to see a failure again. */
export function describeFailure({ number, original, smallest, difference, expected, got }: Failure): string {
  const when = ({ time, range }: Question) =>
    range ? `${time / 1000} to ${range.end / 1000} step ${range.step / 1000}` : `at ${time / 1000}`;
  const shown = (answer: Answer) => {
    const text = JSON.stringify(answer.kind === 'data' ? answer.series : answer.message);
    return text.length > 600 ? `${text.slice(0, 600)} …` : text;
  };
  return [
    `#${number} ${toText(smallest.query)}   ${when(smallest)}`,
    `  ${difference}`,
    `  Prometheus: ${shown(expected)}`,
    `  Nightshift: ${shown(got)}`,
    `  first seen: ${toText(original.query)}   ${when(original)}`,
  ].join('\n');
}

import type { Matcher, SeriesData, SeriesSource } from '@nightshift/promql';
import {
  type DeltaPoint,
  type DeltaState,
  isStaleMarker,
  type NativeHistogram,
  restored,
  restoredHistogram,
  streamOf,
} from '@nightshift/wire';

/** Samples may be dated ahead of the clock. */
const AHEAD_MS = 24 * 3_600_000;
/** Questions to the store at the same time. */
const AT_ONCE = 4;

/** Samples as they are. */
const RAW = { step: 0, func: '', range: 0, grouping: [], by: false } as const;

const TARGET = ['job', 'instance'];

interface Family {
  readonly kind: DeltaPoint['counted']['kind'];
  readonly name: string;
  /** Of the resource, so that the question does not reach the series of all others. */
  readonly target: readonly Matcher[];
  readonly streams: Set<string>;
}

/** The newest sample of a series, and the time of the last one, which may be a stale marker. */
interface Newest {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly histogram: NativeHistogram | undefined;
  readonly timestamp: number;
  readonly last: number;
}

/** The states of the points' streams from what the store has of them since `from` (Unix milliseconds). */
export async function restoreStreams(
  source: SeriesSource,
  points: readonly DeltaPoint[],
  from: number,
  now: number,
): Promise<Map<string, DeltaState>> {
  const states = new Map<string, DeltaState>();
  const waiting = [...familiesOf(points)];
  const newest = async (name: string, family: Family) => {
    const matchers: Matcher[] = [{ name: '__name__', op: '=', value: name }, ...family.target];
    const found = await source.select({ ...RAW, matchers, start: Math.max(0, from), end: now + AHEAD_MS });
    return found.map(newestOf).filter((one) => one !== undefined);
  };
  const work = async () => {
    for (let family = waiting.pop(); family !== undefined; family = waiting.pop()) {
      const found = await restoring[family.kind](family, newest);
      for (const [stream, state] of found) if (family.streams.has(stream)) states.set(stream, state);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return states;
}

function familiesOf(points: readonly DeltaPoint[]): Iterable<Family> {
  const families = new Map<string, Family>();
  for (const { stream, family: name, labels, counted } of points) {
    const target = TARGET.map((label): Matcher => {
      return { name: label, op: '=', value: labels.find(([own]) => own === label)?.[1] ?? '' };
    });
    const key = JSON.stringify([counted.kind, name, target.map(({ value }) => value)]);
    const family = families.get(key) ?? { kind: counted.kind, name, target, streams: new Set() };
    families.set(key, family);
    family.streams.add(stream);
  }
  return families.values();
}

function newestOf({ labels, timestamps, values, histograms }: SeriesData): Newest | undefined {
  for (let i = timestamps.length - 1; i >= 0; i--) {
    const histogram = histograms?.[i];
    if (!histogram && isStaleMarker(values, i)) continue;
    return { labels, value: values[i]!, histogram, timestamp: timestamps[i]!, last: timestamps.at(-1)! };
  }
  return undefined;
}

type Ask = (name: string, family: Family) => Promise<Newest[]>;

function streamAt(family: Family, { labels }: Newest, without = ''): string {
  const own = [...labels].filter(([name]) => name !== '__name__' && name !== without);
  return streamOf(family.kind, family.name, own);
}

async function sums(family: Family, ask: Ask): Promise<Map<string, DeltaState>> {
  const found = (await ask(family.name, family)).filter(({ histogram }) => !histogram);
  return new Map(
    found.map((one) => [streamAt(family, one), restored(one.last, { kind: 'sum', value: one.value })] as const),
  );
}

async function natives(family: Family, ask: Ask): Promise<Map<string, DeltaState>> {
  const states = new Map<string, DeltaState>();
  for (const one of await ask(family.name, family)) {
    const { histogram, last } = one;
    if (histogram) states.set(streamAt(family, one), restored(last, { kind: 'native', histogram }));
  }
  return states;
}

/** Only what was sampled together with the newest count belongs to the histogram of now. */
async function histograms(family: Family, ask: Ask): Promise<Map<string, DeltaState>> {
  const [counts, amounts, buckets] = [
    await ask(`${family.name}_count`, family),
    await ask(`${family.name}_sum`, family),
    await ask(`${family.name}_bucket`, family),
  ];
  const sumOf = new Map(amounts.map((one) => [streamAt(family, one), one]));
  const bucketsOf = new Map<string, Newest[]>();
  for (const one of buckets) {
    const stream = streamAt(family, one, 'le');
    const list = bucketsOf.get(stream) ?? [];
    bucketsOf.set(stream, list);
    list.push(one);
  }
  const states = new Map<string, DeltaState>();
  for (const one of counts) {
    const stream = streamAt(family, one);
    const together = (bucketsOf.get(stream) ?? []).filter(({ timestamp }) => timestamp === one.timestamp);
    const list = together
      .map(({ labels, value }) => ({ bound: Number(labels.get('le')?.replace('Inf', 'Infinity')), count: value }))
      .filter(({ bound }) => Number.isFinite(bound))
      .sort((a, b) => a.bound - b.bound);
    const amount = sumOf.get(stream);
    const sum = amount?.timestamp === one.timestamp ? amount.value : undefined;
    states.set(stream, restoredHistogram(one.last, list, one.value, sum));
  }
  return states;
}

const restoring: Readonly<Record<Family['kind'], typeof sums>> = { sum: sums, histogram: histograms, native: natives };

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  type ApiSample,
  compileMatchers,
  createEvaluator,
  type SeriesData,
  type SeriesSource,
  staleMarkers,
  toApiData,
} from '../../packages/promql/src/index.ts';
import { attempt, inShared, named, type Suite } from '../suite.ts';

const FOLDER = inShared('prometheus-compliance');
const EXPECTED = 'golden/expected_prom2.42.jsonl.gz';
const TOLERANCE = 1e-5;

interface Golden {
  readonly query: string;
  /** Unix seconds. */
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly status: string;
  readonly result?: readonly { readonly metric: Record<string, string>; readonly values: readonly ApiSample[] }[];
}

interface DataLine {
  readonly metric: Record<string, string>;
  readonly samples: readonly [number, number | string][];
}

function readLines<T>(file: string): T[] {
  const text = gunzipSync(readFileSync(join(FOLDER, file))).toString('utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function seriesOf({ metric, samples }: DataLine): SeriesData {
  const values = Float64Array.from(samples, ([, value]) => Number(value));
  const marker = staleMarkers();
  samples.forEach(([, value], i) => {
    if (value === 'stale') values.set(marker, i);
  });
  const labels = new Map(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { labels, timestamps: Float64Array.from(samples, ([time]) => time), values };
}

function sourceOf(all: readonly SeriesData[]): SeriesSource {
  return {
    async select({ matchers, start, end }) {
      const matches = compileMatchers(matchers);
      return all
        .filter(({ labels }) => matches(labels))
        .map(({ labels, timestamps, values }) => {
          const first = timestamps.findIndex((time) => time >= start);
          const from = first < 0 ? timestamps.length : first;
          const to = timestamps.findLastIndex((time) => time <= end) + 1;
          return { labels, timestamps: timestamps.slice(from, to), values: values.slice(from, to) };
        })
        .filter(({ timestamps }) => timestamps.length > 0);
    },
  };
}

/** The demo data of the compliance tester. */
export function demoSource(): SeriesSource {
  return sourceOf(readLines<DataLine>('golden/demo_dataset.jsonl.gz').map(seriesOf));
}

function close(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}

function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function keyOf(metric: Record<string, string>): string {
  return JSON.stringify(Object.entries(metric).sort());
}

async function difference(source: SeriesSource, golden: Golden): Promise<string | undefined> {
  const { query, start, end, step } = golden;
  const run = createEvaluator(source).range(query, start * 1000, end * 1000, step * 1000);
  const outcome = await run.then(toApiData, (error: Error) => error);
  if (outcome instanceof Error) return golden.status === 'success' ? `failed: ${outcome.message}` : undefined;
  if (golden.status !== 'success' || outcome.resultType !== 'matrix') return 'should have failed';
  const got = new Map(outcome.result.map((series) => [keyOf(series.metric), series.values ?? []]));
  if (got.size !== golden.result!.length) return `${got.size} series, expected ${golden.result!.length}`;
  for (const { metric, values } of golden.result!) {
    const mine = got.get(keyOf(metric));
    if (mine?.length !== values.length) return `${keyOf(metric)}: ${mine?.length} points, expected ${values.length}`;
    const off = values.findIndex(
      ([time, text], i) => mine[i]![0] !== time || !close(numberOf(mine[i]![1]), numberOf(text)),
    );
    if (off >= 0) return `${keyOf(metric)} at ${values[off]![0]}: ${mine[off]![1]}, expected ${values[off]![1]}`;
  }
  return undefined;
}

export const compliance: Suite = {
  name: 'compliance',
  about:
    "the PromQL compliance tester's queries over its demo data, as range queries, against what Prometheus 2.42 answered",
  folder: FOLDER,
  async run() {
    const source = demoSource();
    const cases = [];
    for (const { name, each } of named(readLines<Golden>(EXPECTED), ({ query }) => query)) {
      cases.push(await attempt(name, () => difference(source, each)));
    }
    return [{ file: EXPECTED, cases }];
  },
};

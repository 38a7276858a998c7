import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  type ApiSample,
  compileMatchers,
  createEvaluator,
  type SeriesSource,
  staleMarkers,
  toApiData,
} from '../src/index.ts';

const FOLDER = '../shared/conformance/prometheus-compliance/golden';

/** Where Prometheus 3 itself differs from the 2.42 that answered: UTF-8 label names, and ranges that are open at the left. */
const CHANGED_SINCE: readonly string[] = [
  'label_replace(demo_num_cpus, "~invalid", "", "src", "(.*)")',
  'label_join(demo_num_cpus, "~invalid", "-", "instance")',
  'avg_over_time(rate(demo_cpu_usage_seconds_total[1m])[2m:10s])',
];

interface Golden {
  query: string;
  start: number;
  end: number;
  step: number;
  status: string;
  result?: { metric: Record<string, string>; values: ApiSample[] }[];
}

function readLines<T>(file: string): T[] {
  const text = gunzipSync(readFileSync(`${FOLDER}/${file}`)).toString('utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

/** Copies markers as arrays: a number in between could lose their bits. */
function valuesOf(values: (number | string)[]): Float64Array {
  const result = Float64Array.from(values, Number);
  const marker = staleMarkers();
  values.forEach((value, i) => {
    if (value === 'stale') result.set(marker, i);
  });
  return result;
}

function loadSource(): SeriesSource {
  const lines = readLines<{ metric: Record<string, string>; samples: [number, number | string][] }>(
    'demo_dataset.jsonl.gz',
  );
  const all = lines.map(({ metric, samples }) => ({
    labels: new Map(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1))),
    timestamps: Float64Array.from(samples, ([time]) => time),
    values: valuesOf(samples.map(([, value]) => value)),
  }));
  return {
    async select({ matchers, start, end }) {
      const matches = compileMatchers(matchers);
      return all
        .filter(({ labels }) => matches(labels))
        .map(({ labels, timestamps, values }) => {
          const from = timestamps.findIndex((time) => time >= start);
          const to = timestamps.findLastIndex((time) => time <= end) + 1;
          const range = from < 0 ? ([0, 0] as const) : ([from, to] as const);
          return { labels, timestamps: timestamps.slice(...range), values: values.slice(...range) };
        })
        .filter(({ timestamps }) => timestamps.length > 0);
    },
  };
}

function close(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  return Math.abs(a - b) <= 1e-5 * Math.max(Math.abs(a), Math.abs(b));
}

function number(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function keyOf(metric: Record<string, string>): string {
  return JSON.stringify(Object.entries(metric).sort());
}

async function difference(source: SeriesSource, golden: Golden): Promise<string | undefined> {
  const { query, start, end, step } = golden;
  const run = createEvaluator(source).range(query, start * 1000, end * 1000, step * 1000);
  const outcome = await run.then(toApiData, (error: Error) => error);
  if (outcome instanceof Error) return golden.status === 'success' ? outcome.message : undefined;
  if (golden.status !== 'success' || outcome.resultType !== 'matrix') return 'should have failed';
  const got = new Map(outcome.result.map((series) => [keyOf(series.metric), series.values]));
  if (got.size !== golden.result!.length) return `${got.size} series, expected ${golden.result!.length}`;
  for (const { metric, values } of golden.result!) {
    const mine = got.get(keyOf(metric));
    if (mine?.length !== values.length) return `${keyOf(metric)}: ${mine?.length} points, expected ${values.length}`;
    const off = values.findIndex(
      ([time, text], i) => mine[i]![0] !== time || !close(number(mine[i]![1]), number(text)),
    );
    if (off >= 0) return `${keyOf(metric)} at ${values[off]![0]}: ${mine[off]![1]}, expected ${values[off]![1]}`;
  }
  return undefined;
}

describe.skipIf(!existsSync(FOLDER))('the compliance queries', () => {
  it('answer as a real Prometheus does', async () => {
    const source = loadSource();
    const failures: string[] = [];
    for (const golden of readLines<Golden>('expected_prom2.42.jsonl.gz')) {
      if (CHANGED_SINCE.includes(golden.query)) continue;
      const found = await difference(source, golden);
      if (found !== undefined) failures.push(`${golden.query} → ${found}`);
    }
    expect(failures).toEqual([]);
  }, 120_000);
});

import {
  compileMatchers,
  type FloatHistogram,
  NO_BUCKETS,
  type SelectRequest,
  type SeriesData,
  type SeriesSource,
} from '../../packages/promql/src/index.ts';

const step = 15_000;

/** Series in memory, found by comparing every one: what a store costs is no part of the evaluator's figures. */
export class Arrays implements SeriesSource {
  /** Samples that were handed out. */
  handed = 0;

  constructor(private readonly series: readonly SeriesData[]) {}

  async select({ matchers, start, end }: SelectRequest): Promise<SeriesData[]> {
    const matches = compileMatchers(matchers);
    const found: SeriesData[] = [];
    for (const each of this.series) {
      if (!matches(each.labels)) continue;
      const from = each.timestamps.findIndex((time) => time >= start);
      const after = each.timestamps.findIndex((time) => time > end);
      const to = after < 0 ? each.timestamps.length : after;
      if (from < 0 || from >= to) continue;
      this.handed += to - from;
      found.push({
        labels: each.labels,
        timestamps: each.timestamps.subarray(from, to),
        values: each.values.subarray(from, to),
        ...(each.histograms && { histograms: each.histograms.slice(from, to) }),
      });
    }
    return found;
  }
}

const labelled = (labels: Record<string, string>): ReadonlyMap<string, string> =>
  new Map(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

function exponential(count: number): FloatHistogram {
  const indexes = Int32Array.from({ length: 40 }, (_, i) => i - 20);
  const counts = Float64Array.from(indexes, (index) => count * (21 - Math.abs(index)));
  const total = counts.reduce((sum, each) => sum + each, 0);
  return {
    schema: 3,
    count: total,
    sum: total * 1.5,
    zeroThreshold: 1e-128,
    zeroCount: 0,
    positive: { indexes, counts },
    negative: NO_BUCKETS,
    bounds: new Float64Array(),
    resetHint: 'not_reset',
  };
}

/** 1,000 counters, 1,000 gauges, 100 classic histograms of 10 buckets, 50 native ones of 40: one sample every 15 s. */
export function generateArrays(start: number, end: number): Arrays {
  const timestamps = Float64Array.from({ length: (end - start) / step + 1 }, (_, i) => start + i * step);
  const series: SeriesData[] = [];
  const add = (labels: Record<string, string>, value: (i: number) => number) =>
    series.push({ labels: labelled(labels), timestamps, values: Float64Array.from(timestamps, (_, i) => value(i)) });
  for (let number = 0; number < 1000; number++) {
    const labels = { job: `job-${number % 10}`, instance: `i-${number}`, route: `/r/${number % 20}` };
    add({ __name__: 'counter_total', ...labels }, (i) => ((i * (7 + (number % 13))) % 3001) + i / 8);
    add({ __name__: 'gauge', ...labels }, (i) => Math.sin(i + number) * 100);
  }
  const bounds = ['0.005', '0.01', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '10', '+Inf'];
  for (let number = 0; number < 100; number++) {
    for (const [place, le] of bounds.entries())
      add(
        { __name__: 'classic_bucket', instance: `i-${number}`, route: `/r/${number % 20}`, le },
        (i) => i * (place + 1) * 3,
      );
  }
  for (let number = 0; number < 50; number++) {
    series.push({
      labels: labelled({ __name__: 'native', instance: `i-${number}`, route: `/r/${number % 20}` }),
      timestamps,
      values: new Float64Array(timestamps.length),
      histograms: Array.from(timestamps, (_, i) => exponential(i + 1)),
    });
  }
  return new Arrays(series);
}

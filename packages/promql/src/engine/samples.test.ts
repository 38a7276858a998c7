import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EMPTY_HISTOGRAM, type FloatHistogram } from '../histogram/histogram.ts';
import { compileMatchers } from '../matchers/compile.ts';
import type { SelectRequest, SeriesData, SeriesSource } from '../source.ts';
import { PromqlLimitError } from './errors.ts';
import { createEvaluator } from './evaluator.ts';

const TABLES = '../shared/conformance/prometheus/curated/engine_tables.json';

type Time = { readonly $call: 'time.Unix'; readonly args: readonly [seconds: number, nanoseconds: number] };

interface Case {
  readonly Query: string;
  readonly Start: Time;
  readonly End?: Time;
  readonly Interval?: { readonly $expr?: string; readonly $ref?: string };
  readonly TotalSamples: number;
  readonly TotalSamplesPerStep: Readonly<Record<string, number>>;
  readonly SamplesRead: number;
  readonly SamplesReadPerStep: Readonly<Record<string, number>>;
  readonly PeakSamples?: number;
  readonly MaxSamples: number;
}

const histogram: FloatHistogram = {
  ...EMPTY_HISTOGRAM,
  schema: 1,
  count: 5,
  sum: 20,
  positive: { indexes: Int32Array.of(0, 1, 2, 3), counts: Float64Array.of(1, 2, 1, 1) },
};

/** A sample every 10 s from 0 on, 101 of them, as the tables were made with. */
function series(name: string, labels: Readonly<Record<string, string>> = {}, isHistogram = false): SeriesData {
  const timestamps = Float64Array.from({ length: 101 }, (_, i) => i * 10_000);
  return {
    labels: new Map([['__name__', name], ...Object.entries(labels)]),
    timestamps,
    values: timestamps.map((time) => time / 10_000 + 1),
    ...(isHistogram ? { histograms: Array.from(timestamps, () => histogram) } : {}),
  };
}

const all = [
  series('metric'),
  series('bigmetric', { a: '1' }),
  series('bigmetric', { a: '2' }),
  series('metricWith1SampleEvery10Seconds'),
  series('metricWith3SampleEvery10Seconds', { a: '1', b: '1' }),
  series('metricWith3SampleEvery10Seconds', { a: '2', b: '2' }),
  series('metricWith3SampleEvery10Seconds', { a: '3', b: '2' }),
  series('metricWith1HistogramEvery10Seconds', {}, true),
];

const source: SeriesSource = {
  async select({ matchers, start, end }: SelectRequest) {
    const accepts = compileMatchers(matchers);
    return all.flatMap((each) => {
      const inside = (i: number) => each.timestamps[i]! >= start && each.timestamps[i]! <= end;
      if (!accepts(each.labels) || !each.timestamps.some((_, i) => inside(i))) return [];
      const pick = <T>(values: readonly T[]) => values.filter((_, i) => inside(i));
      return [
        {
          labels: each.labels,
          timestamps: each.timestamps.filter((_, i) => inside(i)),
          values: each.values.filter((_, i) => inside(i)),
          ...(each.histograms ? { histograms: pick(each.histograms) } : {}),
        },
      ];
    });
  },
};

const ms = ({ args: [seconds, nanoseconds] }: Time): number => seconds * 1000 + nanoseconds / 1e6;

function intervalOf({ Interval }: Case): number | undefined {
  const text = Interval?.$expr ?? (Interval?.$ref ? `1 * ${Interval.$ref}` : undefined);
  if (text === undefined) return undefined;
  const [, count, unit] = /^(\d+) \* time\.(Second|Minute)$/.exec(text)!;
  return Number(count) * (unit === 'Minute' ? 60_000 : 1000);
}

function run(test: Case, maxSamples = 1e9) {
  const evaluator = createEvaluator(source, { maxSamples });
  const interval = intervalOf(test);
  const start = ms(test.Start);
  return interval === undefined
    ? evaluator.instant(test.Query, start, { statistics: true })
    : evaluator.range(test.Query, start, ms(test.End!), interval, { statistics: true });
}

const perStep = (counts: Float64Array, test: Case) =>
  Object.fromEntries(
    Array.from(counts, (count, step) => [String(ms(test.Start) + step * (intervalOf(test) ?? 0)), count]),
  );

function casesOf(name: string): Case[] {
  if (!existsSync(TABLES)) return [];
  const tables = JSON.parse(readFileSync(TABLES, 'utf8')) as { func: string; cases: Case[] }[];
  return tables.find(({ func }) => func === name)?.cases ?? [];
}

const named = (test: Case) =>
  [`${test.Query} from ${ms(test.Start)} to ${test.End ? ms(test.End) : 'there'}`, test] as const;

describe.skipIf(!existsSync(TABLES))(`the samples of a query (${TABLES}, skipped where it is missing)`, () => {
  it.each(casesOf('TestQueryStatistics').map(named))('are counted as Prometheus counts them: %s', async (_, test) => {
    const { statistics } = await run(test);
    expect({
      total: statistics?.total,
      read: statistics?.read,
      peak: statistics?.peak,
      totalPerStep: perStep(statistics!.totalPerStep, test),
      readPerStep: perStep(statistics!.readPerStep, test),
    }).toEqual({
      total: test.TotalSamples,
      read: test.SamplesRead,
      peak: test.PeakSamples ?? 0,
      totalPerStep: test.TotalSamplesPerStep,
      readPerStep: test.SamplesReadPerStep,
    });
  });

  it.each(
    casesOf('TestMaxQuerySamples').map(named),
  )('are bounded where Prometheus bounds them: %s', async (_, test) => {
    expect((await run(test, test.MaxSamples)).statistics?.peak).toBe(test.MaxSamples);
    await expect(run(test, test.MaxSamples - 1)).rejects.toBeInstanceOf(PromqlLimitError);
  });
});

import { SCRIPT_FEATURES } from '../../packages/promql/src/features.ts';
import { createEvaluator, PromqlLimitError, type QueryOptions } from '../../packages/promql/src/index.ts';
import type { ArraySource } from '../../packages/promql/src/promqltest/arraySource.ts';
import { sourceOf } from './engine-results.ts';
import { type Check, checkEach, type GoValue, goNumber } from './go-tables.ts';

/** Tables about how many samples a query looks at and holds. */

interface Case {
  readonly Query: string;
  readonly Start: GoValue;
  readonly End?: GoValue;
  readonly Interval?: GoValue;
}

interface CountCase extends Case {
  readonly TotalSamples: number;
  readonly TotalSamplesPerStep: Readonly<Record<string, number>>;
  readonly SamplesRead: number;
  readonly SamplesReadPerStep: Readonly<Record<string, number>>;
  readonly PeakSamples?: number;
}

interface LimitCase extends Case {
  readonly MaxSamples: number;
}

const HISTOGRAMS =
  '  metricWith1HistogramEvery10Seconds {{schema:1 count:5 sum:20 buckets:[1 2 1 1]}}+{{schema:1 count:10 sum:5 buckets:[1 2 3 4]}}x100';

function ask(source: ArraySource, { Query, Start, End, Interval }: Case, maxSamples: number, own: QueryOptions = {}) {
  const evaluator = createEvaluator(source, { features: SCRIPT_FEATURES, maxSamples });
  const start = goNumber(Start);
  if (Interval === undefined) return evaluator.instant(Query, start, own);
  return evaluator.range(Query, start, goNumber(End!), goNumber(Interval), own);
}

const nameOf = ({ Query, Start, End }: Case) =>
  `${Query} at ${goNumber(Start)}${End === undefined ? '' : ` to ${goNumber(End)}`}`;

/** Counts, and that the peak is what the limit is held against. */
export const QUERY_STATISTICS: Check = (cases) => {
  const source = sourceOf(`load 10s
  metricWith1SampleEvery10Seconds 1+1x100
  metricWith3SampleEvery10Seconds{a="1",b="1"} 1+1x100
  metricWith3SampleEvery10Seconds{a="2",b="2"} 1+1x100
  metricWith3SampleEvery10Seconds{a="3",b="2"} 1+1x100
${HISTOGRAMS}`);
  return checkEach(cases as CountCase[], nameOf, async (each) => {
    const { statistics } = await ask(source, each, 10_000, { statistics: true });
    const got = JSON.stringify(statistics);
    const { TotalSamples, SamplesRead, PeakSamples } = each;
    const wanted = { TotalSamples, SamplesRead, PeakSamples: PeakSamples ?? 0 };
    const perStep = (counts: Iterable<number>) => JSON.stringify([...counts]);
    const differs =
      statistics?.total !== TotalSamples ||
      statistics.read !== SamplesRead ||
      statistics.peak !== wanted.PeakSamples ||
      perStep(statistics.totalPerStep) !== perStep(Object.values(each.TotalSamplesPerStep)) ||
      perStep(statistics.readPerStep) !== perStep(Object.values(each.SamplesReadPerStep));
    return differs ? `got ${got}, expected ${JSON.stringify(wanted)}` : undefined;
  });
};

export const MAX_SAMPLES: Check = (cases) => {
  const source = sourceOf(`load 10s
  metric 1+1x100
  bigmetric{a="1"} 1+1x100
  bigmetric{a="2"} 1+1x100
${HISTOGRAMS}`);
  return checkEach(cases as LimitCase[], nameOf, async (each) => {
    await ask(source, each, each.MaxSamples);
    const over = await ask(source, each, each.MaxSamples - 1).catch((error: unknown) => error);
    return over instanceof PromqlLimitError ? undefined : `answers with a limit of ${each.MaxSamples - 1} as well`;
  });
};

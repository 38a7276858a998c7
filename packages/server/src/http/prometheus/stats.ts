import type { QueryAnswer } from '../../query/promql.ts';

/** Values of the parameter `stats`; others still mean `true` there, with a warning. */
const known: readonly string[] = ['', 'true', 'all'];

export function statsWarnings(stats: string): string[] {
  if (known.includes(stats)) return [];
  return [
    `value ${JSON.stringify(stats)} for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"`,
  ];
}

const seconds = (ms: number): number => ms / 1000;

/** `stats` of an answer (util/stats/query_stats.go in Prometheus); times in seconds. The preparation is the loading of samples. */
export function statsOf(answer: QueryAnswer, grid: { start: number; step: number }, perStep: boolean): object {
  const { timings, statistics } = answer;
  const points = (counts: Float64Array) =>
    Array.from(counts, (count, step) => [seconds(grid.start + step * grid.step), count]);
  return {
    timings: {
      evalTotalTime: seconds(timings.evaluation),
      resultSortTime: 0,
      queryPreparationTime: seconds(timings.load),
      innerEvalTime: seconds(timings.evaluation - timings.load),
      execQueueTime: seconds(timings.queue),
      execTotalTime: seconds(timings.queue + timings.evaluation),
    },
    ...(statistics && {
      samples: {
        ...(perStep && { totalQueryableSamplesPerStep: points(statistics.totalPerStep) }),
        totalQueryableSamples: statistics.total,
        ...(perStep && { samplesReadPerStep: points(statistics.readPerStep) }),
        samplesRead: statistics.read,
        peakSamples: statistics.peak,
      },
    }),
  };
}

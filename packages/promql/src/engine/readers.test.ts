import { expect, it } from 'vitest';
import type { SeriesData, SeriesSource } from '../source.ts';
import { createEvaluator } from './evaluator.ts';
import { SeriesList } from './readers.ts';
import { staleMarkers } from './staleness.ts';

const minute = 60_000;
const times = Float64Array.from({ length: 40 }, (_, i) => i * 15_000);

const all: SeriesData[] = Array.from({ length: 5 }, (_, number) => {
  const values = Float64Array.from(times, (_time, i) => (i * (number + 1)) % 17);
  if (number === 3) values.set(staleMarkers(), 20);
  return {
    labels: new Map([
      ['__name__', 'x_total'],
      ['i', String(number)],
      ['zone', number < 2 ? 'a' : 'b'],
    ]),
    timestamps: number === 4 ? times.map((time) => time + 7) : times,
    values,
  };
});

const atOnce: SeriesSource = { sorted: true, select: async () => all };

/** Gives the values of every series in the same memory, and never hands out all. */
const oneByOne: SeriesSource = {
  sorted: true,
  select: () => Promise.reject(new Error('asked for all at once')),
  open: async () => {
    const list = new SeriesList(all);
    const buffer = new Float64Array(times.length);
    return {
      labels: list.labels,
      hasHistograms: false,
      hasStartTimestamps: false,
      read(place) {
        const { timestamps, values } = list.read(place);
        buffer.set(values);
        return { timestamps, values: buffer };
      },
    };
  },
};

it.each([
  'x_total',
  'sum by (zone) (rate(x_total[2m]))',
  'sum(x_total)',
  'count by (zone) (x_total)',
  'rate(x_total[2m])',
  'max_over_time(x_total[3m])',
  'quantile_over_time(0.5, x_total[3m])',
  'last_over_time(x_total[1m])',
  'topk(2, x_total)',
  'timestamp(x_total)',
  'x_total smoothed',
  'rate(x_total[2m] smoothed)',
  'x_total / on (i) group_left () x_total offset 1m',
  'max_over_time(rate(x_total[1m])[5m:30s])',
  'absent_over_time(x_total[1m])',
])('keeps nothing of a series that it has read: %s', async (query) => {
  const features = { experimentalFunctions: true, extendedRangeSelectors: true };
  const ask = (source: SeriesSource) =>
    createEvaluator(source, { features }).range(query, 0, 12 * minute, 20_000, { statistics: true });
  expect(await ask(oneByOne)).toEqual(await ask(atOnce));
});

it('keeps nothing of a series where its samples are the answer', async () => {
  const ask = (source: SeriesSource) => createEvaluator(source).instant('x_total[5m]', 6 * minute);
  expect(await ask(oneByOne)).toEqual(await ask(atOnce));
});

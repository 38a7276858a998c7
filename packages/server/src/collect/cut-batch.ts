import type { MetricBatch } from '@nightshift/wire';

/** What of a batch does not count: by the place of a series, the oldest time of it (Unix milliseconds) that does; Infinity for none. */
export type Cuts = ReadonlyMap<number, number>;

/** The cuts that leave whole series out, by their places. */
export const withoutSeries = (gone: Iterable<number>): Cuts =>
  new Map([...gone].map((place) => [place, Number.POSITIVE_INFINITY]));

/** How many samples a batch has, histograms among them. */
export const samplesOf = ({ timestamps, histograms }: MetricBatch): number =>
  timestamps.length + (histograms?.length ?? 0);

/** Places of the series that a batch still has without what is cut: those that are not cut at all, or not entirely. */
export function placesLeft(batch: MetricBatch, cuts: Cuts): Set<number> {
  const { series, seriesIndex, timestamps, histograms = [], exemplars } = batch;
  const left = new Set([...series.keys()].filter((place) => !cuts.has(place)));
  for (let i = 0; i < timestamps.length; i++)
    if (counts(cuts, seriesIndex[i]!, timestamps[i]!)) left.add(seriesIndex[i]!);
  for (const one of [...histograms, ...exemplars]) if (counts(cuts, one.series, one.timestamp)) left.add(one.series);
  return left;
}

const counts = (cuts: Cuts, place: number, time: number): boolean =>
  time >= (cuts.get(place) ?? Number.NEGATIVE_INFINITY);

/** A batch without what is cut, and without the series of which nothing is left by that. */
export function cutBatch(batch: MetricBatch, cuts: Cuts): MetricBatch {
  const { series, seriesIndex, timestamps, histograms, exemplars, known } = batch;
  const left = placesLeft(batch, cuts);
  const kept = [...series.keys()].filter((place) => left.has(place));
  const places = new Int32Array(series.length).fill(-1);
  for (const [place, old] of kept.entries()) places[old] = place;
  const samples = [...seriesIndex.keys()].filter((i) => counts(cuts, seriesIndex[i]!, timestamps[i]!));
  const still = <T extends { readonly series: number; readonly timestamp: number }>(all: readonly T[]): T[] =>
    all
      .filter((one) => counts(cuts, one.series, one.timestamp))
      .map((one) => ({ ...one, series: places[one.series]! }));
  return {
    ...batch,
    series: kept.map((place) => series[place]!),
    seriesIndex: Uint32Array.from(samples, (i) => places[seriesIndex[i]!]!),
    timestamps: Float64Array.from(samples, (i) => timestamps[i]!),
    values: picked(batch.values, samples),
    ...(histograms && { histograms: still(histograms) }),
    exemplars: still(exemplars),
    ...(known && {
      known: { table: known.table, refs: Int32Array.from(kept, (place) => known.refs[place]!), fresh: [] },
    }),
  };
}

/** By their words: a stale marker would not survive as a number. */
function picked(values: Float64Array, samples: readonly number[]): Float64Array {
  const all = new Float64Array(samples.length);
  const from = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const to = new Uint32Array(all.buffer);
  for (const [place, i] of samples.entries()) to.set(from.subarray(2 * i, 2 * i + 2), 2 * place);
  return all;
}

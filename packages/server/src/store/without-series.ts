import type { MetricBatch } from '@nightshift/wire';

/** A batch without some of its series, whose places are in `gone`, and without what was said of them. */
export function withoutSeries(batch: MetricBatch, gone: ReadonlySet<number>): MetricBatch {
  const places = new Int32Array(batch.series.length).fill(-1);
  const kept = [...batch.series.keys()].filter((place) => !gone.has(place));
  for (const [place, old] of kept.entries()) places[old] = place;
  const samples = [...batch.seriesIndex.keys()].filter((i) => places[batch.seriesIndex[i]!]! >= 0);
  const values = new Float64Array(samples.length);
  // By their words: a stale marker would not survive as a number.
  const from = new Uint32Array(batch.values.buffer, batch.values.byteOffset, batch.values.length * 2);
  const to = new Uint32Array(values.buffer);
  for (const [place, i] of samples.entries()) to.set(from.subarray(2 * i, 2 * i + 2), 2 * place);
  const { known } = batch;
  return {
    ...batch,
    series: kept.map((place) => batch.series[place]!),
    seriesIndex: Uint32Array.from(samples, (i) => places[batch.seriesIndex[i]!]!),
    timestamps: Float64Array.from(samples, (i) => batch.timestamps[i]!),
    values,
    exemplars: batch.exemplars
      .filter(({ series }) => !gone.has(series))
      .map((exemplar) => ({ ...exemplar, series: places[exemplar.series]! })),
    ...(known && {
      known: { table: known.table, refs: Int32Array.from(kept, (place) => known.refs[place]!), fresh: [] },
    }),
  };
}

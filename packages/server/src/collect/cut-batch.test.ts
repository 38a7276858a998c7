import { decodeWriteRequest, encodeWriteRequest, isStaleMarker, type MetricBatch, WriteMemory } from '@nightshift/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutBatch, placesLeft, samplesOf, withoutSeries } from './cut-batch.ts';

const sample = fc.record({ timestamp: fc.nat(20), value: fc.double({ noNaN: true }), stale: fc.boolean() });
const batches = fc.array(fc.array(sample, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 });
const cutLists = fc.array(fc.tuple(fc.nat(5), fc.oneof(fc.nat(20), fc.constant(Number.POSITIVE_INFINITY))));

type Sent = readonly (readonly { timestamp: number; value: number; stale: boolean }[])[];

const bodyOf = (sent: Sent) =>
  encodeWriteRequest(sent.map((samples, i) => ({ labels: new Map([['__name__', `s${i}`]]), samples })));

/** Series and sample, each once, in the order of the batch. */
const listed = ({ series, seriesIndex, timestamps, values }: MetricBatch) =>
  [...timestamps].map((time, i) => {
    const value = isStaleMarker(values, i) ? 'stale' : values[i];
    return [series[seriesIndex[i]!]!.get('__name__'), time, value];
  });

describe('a batch that is cut', () => {
  it('has what is left of each series, every value to its bits, and no series of which nothing is left', () => {
    fc.assert(
      fc.property(batches, cutLists, (sent, list) => {
        const cuts = new Map(list.filter(([place]) => place < sent.length));
        const left = sent.map((samples, i) => samples.filter(({ timestamp }) => timestamp >= (cuts.get(i) ?? 0)));
        const cut = cutBatch(decodeWriteRequest(bodyOf(sent)), cuts);
        const wanted = left.flatMap((samples, i) =>
          samples.map(({ timestamp, value, stale }) => [`s${i}`, timestamp, stale ? 'stale' : value]),
        );
        expect(listed(cut)).toEqual(wanted);
        expect(cut.series).toHaveLength(left.filter((samples) => samples.length > 0).length);
      }),
    );
  });

  it('loses exemplars and histograms as it loses samples', () => {
    const one = decodeWriteRequest(bodyOf([[{ timestamp: 5, value: 1, stale: false }], []]));
    const labels = new Map([['__name__', 'h']]);
    const histogram = {} as NonNullable<MetricBatch['histograms']>[number]['histogram'];
    const at = (series: number, timestamp: number) => ({ series, timestamp, histogram });
    const exemplar = (series: number, timestamp: number) => ({ series, timestamp, value: 1, labels: new Map() });
    const batch: MetricBatch = {
      ...one,
      series: [one.series[0]!, labels],
      histograms: [at(1, 3), at(1, 7)],
      exemplars: [exemplar(0, 5), exemplar(1, 6), exemplar(1, 8)],
    };
    expect(samplesOf(batch)).toBe(3);
    const cut = cutBatch(batch, new Map([...withoutSeries([0]), [1, 7]]));
    expect(cut.series).toEqual([labels]);
    expect(cut.histograms).toEqual([at(0, 7)]);
    expect(cut.exemplars).toEqual([exemplar(0, 8)]);
    expect(samplesOf(cut)).toBe(1);
    expect(placesLeft(batch, new Map([[1, 9]]))).toEqual(new Set([0]));
  });

  it('keeps what a memory knows of the series that are left', () => {
    const memory = new WriteMemory();
    const body = bodyOf(['a', 'b', 'c'].map((_, i) => [{ timestamp: i, value: i, stale: false }]));
    memory.remember(decodeWriteRequest(body, memory));
    const known = decodeWriteRequest(body, memory);
    const cut = cutBatch(known, withoutSeries([1]));
    expect([...cut.known!.refs]).toEqual([known.known!.refs[0], known.known!.refs[2]]);
    expect(cut.known!.table).toBe(memory.table);
  });
});

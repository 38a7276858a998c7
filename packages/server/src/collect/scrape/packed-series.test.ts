import { EncodedLabels } from '@nightshift/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { labelsOf, packSeries, unpackSeries } from './packed-series.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 });
const labels = fc
  .tuple(fc.dictionary(text, text, { maxKeys: 4 }), text)
  .map(([more, name]) => new Map(Object.entries({ ...more, __name__: name }).sort(([a], [b]) => (a < b ? -1 : 1))));

it('gives back the series that were packed, with their labels and exemplars', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(labels, fc.string({ unit: 'binary' }))), (all) => {
      const series = all.map(([own, shown]) => ({ bytes: new EncodedLabels(own).bytes, shown }));
      const unpacked = unpackSeries(packSeries(series));
      expect(unpacked).toEqual(new Map(series.map(({ bytes, shown }) => [bytes, shown])));
      expect([...unpacked.keys()].map(labelsOf)).toEqual([
        ...new Map(series.map(({ bytes }, i) => [bytes, all[i]![0]])).values(),
      ]);
    }),
  );
});

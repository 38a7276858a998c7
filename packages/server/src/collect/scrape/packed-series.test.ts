import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packSeries, unpackSeries } from './packed-series.ts';

const latin = fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text).toString('latin1'));
const series = (text: fc.Arbitrary<string>) =>
  fc.array(fc.record({ text, bytes: latin, shown: fc.string({ unit: 'grapheme' }), isTracked: fc.boolean() }));

it.each([
  ['Latin-1', latin],
  ['any', fc.string({ unit: 'grapheme' })],
])('gives back the series that were packed, their texts of %s characters', (_name, text) => {
  fc.assert(
    fc.property(series(text), (all) => {
      expect(unpackSeries(packSeries(all))).toEqual(all);
    }),
  );
});

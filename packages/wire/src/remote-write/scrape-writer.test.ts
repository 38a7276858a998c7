import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeWriteRequest } from './decode.ts';
import { EncodedLabels, ScrapeWriter } from './scrape-writer.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
const labels = fc
  .tuple(fc.dictionary(text, text, { maxKeys: 4 }), text)
  .map(([more, name]) => new Map(Object.entries({ ...more, __name__: name }).sort(([a], [b]) => (a < b ? -1 : 1))));
const exemplar = fc.record({
  labels: fc.constant(new Map([['trace_id', 'x']])),
  value: fc.double({ noNaN: true }),
  timestamp: fc.nat(),
});
const sample = fc.record({
  labels,
  timestamp: fc.oneof(fc.integer({ min: -8.64e15, max: 8.64e15 }), fc.integer({ min: 0, max: 300 })),
  value: fc.double(),
  stale: fc.boolean(),
  exemplars: fc.array(exemplar, { maxLength: 2 }),
});

it('gives the batch that its bytes decode to', () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 8 }), (samples) => {
      const writer = new ScrapeWriter(0);
      for (const { labels: own, timestamp, value, stale, exemplars } of samples) {
        const encoded = new EncodedLabels(own);
        if (stale) writer.addStale(encoded, timestamp);
        else writer.add(encoded, timestamp, value, exemplars);
      }
      writer.metadata([{ name: 'm', type: 'gauge', help: 'Helps.', unit: '' }]);
      const { body, batch } = writer.finish();
      const decoded = decodeWriteRequest(body);
      expect(batch).toEqual(decoded);
      const bits = (values: Float64Array) => [...new BigUint64Array(values.buffer, values.byteOffset, values.length)];
      expect(bits(batch.values)).toEqual(bits(decoded.values));
    }),
  );
});

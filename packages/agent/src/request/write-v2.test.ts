import { decodeWriteRequestV2, encodeWriteRequest, type Labels, type WriteSeries } from '@nightshift/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.ts';
import { FamilyMemory } from './family-memory.ts';
import { Fields } from './fields.ts';
import { encodeLabels } from './labels.ts';
import { SymbolTable } from './symbol-table.ts';
import { toWriteV2 } from './write-v2.ts';

const sorted = (labels: Iterable<readonly [string, string]>): Labels =>
  new Map([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
const series = fc.record({
  labels: fc
    .tuple(fc.dictionary(text, text, { maxKeys: 4 }), text)
    .map(([more, name]) => sorted(Object.entries({ ...more, __name__: name }))),
  samples: fc.array(fc.record({ timestamp: fc.integer({ min: 0, max: 1e12 }), value: fc.double() }), {
    minLength: 1,
    maxLength: 3,
  }),
  exemplars: fc.array(fc.constant({ labels: new Map([['trace_id', 'x']]), value: 1, timestamp: 5 }), { maxLength: 1 }),
});

/** The symbols of a request as they stand in it, and the references of its series. */
function rawOf(bytes: Uint8Array): { symbols: string[]; refs: number[][]; fieldsOfSeries: number[][] } {
  const symbols: string[] = [];
  const refs: number[][] = [];
  const fieldsOfSeries: number[][] = [];
  const fields = new Fields(bytes, 0, bytes.length);
  while (fields.next()) {
    if (fields.field === 4) symbols.push(Buffer.from(bytes.subarray(fields.contentStart, fields.end)).toString());
    else {
      expect(fields.field).toBe(5);
      const own: number[] = [];
      const inner = new Fields(bytes, fields.contentStart, fields.end);
      while (inner.next()) {
        own.push(inner.field);
        if (inner.field === 1) refs.push([...varints(bytes.subarray(inner.contentStart, inner.end))]);
      }
      fieldsOfSeries.push(own);
    }
  }
  return { symbols, refs, fieldsOfSeries };
}

function* varints(bytes: Uint8Array): Generator<number> {
  let value = 0;
  let factor = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte >= 0x80) continue;
    yield value;
    value = 0;
    factor = 1;
  }
}

describe('a request of remote write 2.0', () => {
  it('holds what requests of 1.0 held, in their order, symbols once and the empty one first', () => {
    fc.assert(
      fc.property(fc.array(fc.array(series, { maxLength: 6 }), { minLength: 1, maxLength: 3 }), (requests) => {
        const made = toWriteV2(
          requests.map((one) => encodeWriteRequest(one)),
          new FamilyMemory(),
        );
        const all = requests.flat();
        const { batch, refusal, written } = decodeWriteRequestV2(made.bytes);
        expect(refusal).toBe('');
        expect(batch.series.map((one) => [...one])).toEqual(all.map((one) => [...one.labels]));
        const samples = all.flatMap((one) => one.samples);
        expect([...batch.timestamps]).toEqual(samples.map(({ timestamp }) => timestamp));
        expect([...batch.values]).toEqual(samples.map(({ value }) => value));
        expect(batch.exemplars).toHaveLength(all.flatMap((one) => one.exemplars).length);
        expect(written).toEqual({ samples: made.samples, histograms: made.histograms, exemplars: made.exemplars });
        const { symbols, refs } = rawOf(made.bytes);
        expect(symbols[0]).toBe('');
        expect(new Set(symbols).size).toBe(symbols.length);
        for (const own of refs) {
          expect(own.length % 2).toBe(0);
          expect(Math.max(...own)).toBeLessThan(symbols.length);
        }
      }),
    );
  });

  it('has the metadata of its family at each series, once something was said of it', () => {
    const families = new FamilyMemory();
    const one = (name: string): WriteSeries => ({
      labels: new Map([['__name__', name]]),
      samples: [{ timestamp: 1, value: 2 }],
    });
    const metadata = [
      { name: 'http_requests', type: 'counter', help: 'Requests.\nAll of them.', unit: '' },
      { name: 'took_seconds', type: 'histogram', help: '', unit: 'seconds' },
    ] as const;
    const series = [one('http_requests_total'), one('took_seconds_bucket'), one('other')];
    const bare = toWriteV2([encodeWriteRequest(series, metadata)], families);
    expect(decodeWriteRequestV2(bare.bytes).batch.metadata).toEqual([]);
    families.learn(encodeWriteRequest([], metadata));
    const made = toWriteV2([encodeWriteRequest(series)], families);
    expect(rawOf(made.bytes).fieldsOfSeries).toEqual([
      [1, 2, 5],
      [1, 2, 5],
      [1, 2],
    ]);
    expect(decodeWriteRequestV2(made.bytes).batch.metadata).toEqual([
      { ...metadata[0], name: 'http_requests_total' },
      metadata[1],
    ]);
  });

  it('has samples and native histograms in series of their own, and the exemplars at the histograms', () => {
    const content = new ByteWriter(256);
    content.copy(encodeLabels([['__name__', 'both']]));
    content.copy(Uint8Array.of(0x12, 2, 0x10, 7)); // a sample at 7
    content.copy(Uint8Array.of(0x1a, 2, 0x18, 7)); // an exemplar at 7
    content.copy(Uint8Array.of(0x22, 4, 0x08, 3, 0x78, 7)); // a histogram of count 3 at 7
    const request = Buffer.concat([Uint8Array.of(0x0a, content.size), content.view()]);
    const made = toWriteV2([request], new FamilyMemory());
    expect(made).toMatchObject({ samples: 1, histograms: 1, exemplars: 1 });
    expect(rawOf(made.bytes).fieldsOfSeries).toEqual([
      [1, 2],
      [1, 3, 4],
    ]);
  });

  it('keeps a stale marker to the bit', () => {
    const labels = new Map([['__name__', 'gone']]);
    const request = encodeWriteRequest([{ labels, samples: [{ timestamp: 1, value: 0, stale: true }] }]);
    const { batch } = decodeWriteRequestV2(toWriteV2([request], new FamilyMemory()).bytes);
    expect(new BigUint64Array(batch.values.buffer, batch.values.byteOffset, 1)[0]).toBe(0x7ff0000000000002n);
  });
});

describe('a symbol table', () => {
  it('gives a text the number that it had before, whatever its neighbours', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 6 }), { maxLength: 2000 }), (texts) => {
        const table = new SymbolTable();
        const refs = texts.map((one) => table.refOfText(one));
        const known = ['', ...new Set(texts.filter((one) => one !== ''))];
        expect(refs).toEqual(texts.map((one) => known.indexOf(one)));
        for (const [i, one] of texts.entries()) expect(Buffer.from(table.bytesOf(refs[i] ?? 0)).toString()).toBe(one);
      }),
      { numRuns: 30 },
    );
  });
});

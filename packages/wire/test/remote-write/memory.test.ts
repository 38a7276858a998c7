import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeSnappy,
  decodeWriteRequest,
  encodeSnappy,
  encodeWriteRequest,
  type MetricBatch,
  SeriesTable,
  WriteMemory,
} from '../../src/index.ts';
import { hashLabelBytes } from '../../src/remote-write/label-hash.ts';

const name = fc.constantFrom('a', 'b', 'job', 'instance', 'ünï', 'x'.repeat(200));
const labels = fc
  .tuple(fc.dictionary(name, fc.constantFrom('1', '2', 'y'.repeat(150)), { maxKeys: 4 }), fc.constantFrom('m', 'n'))
  .map(([more, metric]) => new Map(Object.entries({ ...more, __name__: metric }).sort(([a], [b]) => (a < b ? -1 : 1))));
const sample = fc.record({
  timestamp: fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: -8.64e15, max: 8.64e15 })),
  value: fc.oneof(fc.constant(0), fc.double()),
  stale: fc.boolean(),
});
const exemplar = fc.record({ labels: fc.constant(new Map([['t', 'x']])), value: fc.constant(1), timestamp: fc.nat() });
const body = fc
  .array(
    fc.record({
      labels,
      samples: fc.array(sample, { maxLength: 3 }),
      exemplars: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.array(exemplar, { maxLength: 2 })),
    }),
    { maxLength: 8 },
  )
  .map((sent) => encodeWriteRequest(sent));
const damaged = fc.tuple(body, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 })).map(([bytes, edits]) => {
  const copy = Uint8Array.from(bytes);
  for (const [at, byte] of edits) if (copy.length > 0) copy[at % copy.length] = byte;
  return copy;
});

/** All of a batch, values by their bits; or the message of what it is refused with. */
function outcome(decode: () => MetricBatch, memory?: WriteMemory) {
  try {
    const decoded = decode();
    const { known: _, ...batch } = decoded;
    const copy = {
      ...batch,
      series: batch.series.map((one) => [...one]),
      seriesIndex: batch.seriesIndex.slice(),
      timestamps: batch.timestamps.slice(),
      values: new Uint32Array(batch.values.slice().buffer),
    };
    memory?.release(decoded);
    return copy;
  } catch (error) {
    return (error as Error).message;
  }
}

const textOf = (what: unknown): string =>
  JSON.stringify(what, (_, value) => (ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value));

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe('a memory of series', () => {
  it.each([
    ['as they are', {}],
    ['with every hash the same', { hash: () => 7 }],
    ['with room for little', { mostBytes: 300, mostSeries: 3 }],
  ])(
    'changes nothing of what bodies decode to, good or damaged (%s)',
    (_, options) => {
      fc.assert(
        fc.property(fc.array(damaged, { minLength: 2, maxLength: 12 }), (bodies) => {
          const memory = new WriteMemory(options);
          // Each twice: the second time from memory.
          for (const one of bodies.flatMap((each) => [each, each])) {
            const remembered = outcome(() => {
              const batch = decodeWriteRequest(one, memory);
              memory.remember(batch);
              return batch;
            }, memory);
            expect(remembered).toEqual(outcome(() => decodeWriteRequest(one)));
          }
        }),
        { numRuns: 300 },
      );
    },
    180_000,
  );

  it('does not learn from a batch that was not handed back to it', () => {
    const memory = new WriteMemory();
    const one = encodeWriteRequest([{ labels: new Map([['__name__', 'm']]), samples: [{ timestamp: 1, value: 1 }] }]);
    for (let i = 0; i < 2; i++) expect([...decodeWriteRequest(one, memory).known!.refs]).toEqual([-1]);
    memory.remember(decodeWriteRequest(one, memory));
    expect([...decodeWriteRequest(one, memory).known!.refs]).toEqual([0]);
  });

  it('knows a series by its place behind another, and by itself', () => {
    const memory = new WriteMemory();
    const request = (...names: string[]) =>
      encodeWriteRequest(
        names.map((metric) => ({ labels: new Map([['__name__', metric]]), samples: [{ timestamp: 1, value: 1 }] })),
      );
    memory.remember(decodeWriteRequest(request('a', 'b', 'c'), memory));
    for (const names of [
      ['a', 'b', 'c'],
      ['c', 'a'],
      ['b', 'b'],
      ['a', 'c', 'b'],
    ]) {
      const batch = decodeWriteRequest(request(...names), memory);
      expect([...batch.known!.refs]).toEqual(names.map((one) => 'abc'.indexOf(one)));
      expect(batch.series.map((one) => one.get('__name__'))).toEqual(names);
    }
  });
});

describe('a memory that is given a body', () => {
  const series = (i: number, value: number) => ({
    labels: new Map([
      ['__name__', `m${i}`],
      ['x', 'y'.repeat(i % 40)],
    ]),
    samples: [{ timestamp: 1000 + value, value }],
  });
  const both = (memory: WriteMemory, packed: Uint8Array) => {
    const plain = outcome(() => decodeWriteRequest(decodeSnappy(packed, 1e9)));
    const remembered = outcome(() => {
      const batch = decodeWriteRequest(memory.inflate(packed, 1e9), memory);
      memory.remember(batch);
      return batch;
    });
    return { plain, remembered };
  };

  it('decodes it as without one, from the first to one that its columns cannot hold at once', () => {
    const memory = new WriteMemory();
    for (const count of [1, 200, 66_000, 140_000, 140_000, 3]) {
      const packed = encodeSnappy(encodeWriteRequest(Array.from({ length: count }, (_, i) => series(i, count))));
      const { plain, remembered } = both(memory, packed);
      // Compared as text: `toEqual` of hundreds of thousands of lists takes far longer.
      expect(textOf(remembered)).toBe(textOf(plain));
    }
  }, 180_000);

  it('leaves one that is too large for it to the decoder', () => {
    const memory = new WriteMemory();
    const long = {
      labels: new Map([
        ['__name__', 'long'],
        ['x', 'z'.repeat(17 * 1024 * 1024)],
      ]),
      samples: [],
    };
    for (const sent of [[series(1, 1)], [long, series(1, 2)], [series(1, 3)]]) {
      const { plain, remembered } = both(memory, encodeSnappy(encodeWriteRequest(sent)));
      expect(remembered).toEqual(plain);
    }
  });

  it('refuses what is damaged or too large with the same message', () => {
    const memory = new WriteMemory();
    const good = encodeSnappy(encodeWriteRequest([series(1, 1), series(2, 2)]));
    const bad = [good.subarray(0, good.length - 1), Uint8Array.of(200, 1, 0), Uint8Array.of()];
    for (const body of bad) {
      const message = outcome(() => decodeWriteRequest(decodeSnappy(body, 1000)));
      expect(typeof message).toBe('string');
      expect(outcome(() => decodeWriteRequest(memory.inflate(body, 1000), memory))).toBe(message);
    }
    expect(() => memory.inflate(good, 10)).toThrow('at most 10 are allowed');
  });
});

describe('the table of series', () => {
  it('tells series apart whose hashes are the same', () => {
    const table = new SeriesTable({ hash: () => 42 });
    const texts = Array.from({ length: 3000 }, (_, i) => `series ${i % 2 === 0 ? i : `${i} of the longer kind`}`);
    const refs = texts.slice(0, 300).map((text) => table.add(bytesOf(text), new Map([['__name__', text]])));
    for (const [i, ref] of refs.entries()) {
      const bytes = bytesOf(texts[i]!);
      expect(table.find(view(bytes), 0, bytes.length)).toBe(ref);
      expect(table.labels[ref]!.get('__name__')).toBe(texts[i]);
    }
    for (const text of texts.slice(300, 400)) expect(table.find(view(bytesOf(text)), 0, text.length)).toBe(-1);
  });

  it('finds every one of many, and none that is not there', () => {
    const table = new SeriesTable();
    const texts = Array.from({ length: 20_000 }, (_, i) => `{"host-${i}","${'z'.repeat(i % 40)}"}`);
    for (const text of texts) table.add(bytesOf(text), new Map());
    for (const [i, text] of texts.entries()) expect(table.find(view(bytesOf(text)), 0, text.length)).toBe(i);
    for (const text of texts) expect(table.find(view(bytesOf(`${text}?`)), 0, text.length + 1)).toBe(-1);
    expect(table.size).toBe(20_000);
  });

  it('hashes every byte', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (b, at, by) => {
          const changed = Uint8Array.from(b);
          changed[at % b.length]! ^= by;
          expect(hashLabelBytes(view(changed), 0, b.length)).not.toBe(hashLabelBytes(view(b), 0, b.length));
        },
      ),
    );
  });
});

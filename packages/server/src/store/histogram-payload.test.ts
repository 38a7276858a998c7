import type { HistogramBuckets, NativeHistogram } from '@nightshift/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHistogram, HistogramDecoder } from './histogram-payload.ts';

const decodeHistogram = (payload: Uint8Array) => new HistogramDecoder().decode(payload);

const buckets = (count: fc.Arbitrary<number>): fc.Arbitrary<HistogramBuckets> =>
  fc
    .uniqueArray(fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })), {
      maxLength: 30,
    })
    .chain((indexes) =>
      fc.array(count, { minLength: indexes.length, maxLength: indexes.length }).map((counts) => ({
        indexes: Int32Array.from(indexes).sort(),
        counts: Float64Array.from(counts),
      })),
    );

const histogramOf = (isInteger: boolean, count: fc.Arbitrary<number>): fc.Arbitrary<NativeHistogram> =>
  fc.record({
    ...(isInteger && { isInteger: fc.constant(true) }),
    schema: fc.oneof(fc.integer({ min: -4, max: 8 }), fc.constant(-53)),
    count,
    sum: fc.double(),
    zeroThreshold: fc.double({ min: 0, noNaN: true }),
    zeroCount: count,
    positive: buckets(count),
    negative: buckets(count),
    bounds: fc.array(fc.double({ noNaN: true }), { maxLength: 20 }).map((bounds) => Float64Array.from(bounds)),
    resetHint: fc.constantFrom('unknown' as const, 'reset' as const, 'gauge' as const),
  });

const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const histograms = fc.oneof(histogramOf(true, whole), histogramOf(false, fc.double({ noNaN: true })));

const EMPTY: NativeHistogram = {
  schema: 0,
  count: 0,
  sum: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  positive: { indexes: new Int32Array(), counts: new Float64Array() },
  negative: { indexes: new Int32Array(), counts: new Float64Array() },
  bounds: new Float64Array(),
  resetHint: 'unknown',
};

describe('the payload of a histogram', () => {
  it('gives back any histogram', () => {
    fc.assert(
      fc.property(histograms, (histogram) => {
        expect(decodeHistogram(encodeHistogram(histogram).slice())).toEqual(histogram);
      }),
      { examples: [[{ ...EMPTY, zeroCount: -0 }], [{ ...EMPTY, zeroThreshold: -0 }]] },
    );
  });

  it('gives them back one after the other, and shares the indexes of equal buckets', () => {
    fc.assert(
      fc.property(fc.array(histograms, { maxLength: 6 }), fc.array(fc.nat(5), { maxLength: 12 }), (some, order) => {
        const decoder = new HistogramDecoder();
        for (const one of order.map((place) => some[place % some.length]).filter((found) => found !== undefined)) {
          const first = decoder.decode(encodeHistogram(one).slice());
          const second = decoder.decode(encodeHistogram(one).slice());
          expect([first, second]).toEqual([one, one]);
          expect(second.positive.indexes).toBe(first.positive.indexes);
          expect(second.positive.counts === first.positive.counts).toBe(one.positive.counts.length === 0);
        }
      }),
    );
  });

  it('does not keep that there was no reset', () => {
    const [histogram] = fc.sample(histograms, 1);
    const decoded = decodeHistogram(encodeHistogram({ ...histogram!, resetHint: 'not_reset' }));
    expect(decoded.resetHint).toBe('unknown');
  });

  it('keeps counts that are not whole, whatever the kind says', () => {
    const histogram = { ...fc.sample(histogramOf(true, whole), 1)[0]!, count: 1.5 };
    expect(decodeHistogram(encodeHistogram(histogram)).count).toBe(1.5);
  });

  it('takes some sixty bytes for twenty buckets of a busy service', () => {
    const indexes = Int32Array.from({ length: 20 }, (_, i) => i - 30);
    const counts = Float64Array.from(indexes, (index) => 1000 + index);
    const empty = { indexes: new Int32Array(), counts: new Float64Array() };
    const total = counts.reduce((sum, count) => sum + count, 0);
    const numbers = { schema: 3, count: total, sum: 17.25, zeroThreshold: 2 ** -128, zeroCount: 0 };
    const histogram = { isInteger: true, ...numbers, positive: { indexes, counts }, negative: empty };
    expect(encodeHistogram({ ...histogram, bounds: new Float64Array(), resetHint: 'unknown' }).length).toBe(65);
  });

  it.each([
    ['no byte', []],
    ['a flag that is not known', [64, 0]],
    ['a sum that is cut off', [0, 0, 1, 2, 3]],
    ['more runs than bytes', [1, 0, ...new Array(8).fill(0), 5, 200, 1]],
    ['more buckets than bytes', [1, 0, ...new Array(8).fill(0), 5, 1, 0, 255, 255, 255, 127]],
    ['a varint without end', [1, 0, ...new Array(8).fill(0), ...new Array(20).fill(255)]],
    ['bytes behind it', [1, 0, ...new Array(8).fill(0), 0, 0, 7]],
  ])('is refused with %s', (_, bytes) => {
    expect(() => decodeHistogram(Uint8Array.from(bytes))).toThrow(/damaged/);
  });

  it('is a histogram or an error after any damage', () => {
    fc.assert(
      fc.property(histograms, fc.nat(), fc.nat(255), (histogram, at, byte) => {
        const bytes = encodeHistogram(histogram).slice();
        bytes[at % bytes.length] = byte;
        try {
          decodeHistogram(bytes);
        } catch (error) {
          expect((error as Error).message).toMatch(/damaged/);
        }
      }),
    );
  });
});

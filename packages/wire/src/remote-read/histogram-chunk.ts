/**
 * Prometheus' chunk of float histograms (tsdb/docs/format/chunks.md and tsdb/chunkenc/float_histogram.go), big-endian, bit
 * after bit, of one sample:
 *
 *     1 u16 | what is known of a reset, 8 bits | threshold | schema | positive spans | negative spans | [bounds]
 *     time | count 64 bits | zero count 64 bits | sum 64 bits | counts, 64 bits each, first the positive ones
 *
 * threshold: 8 bits, 0 for 0, or 255 and 64 bits. Spans: their number, then of each length and offset. Bounds: their number,
 * then of each a 0 bit and 64 bits. All other numbers are varbits, shorter for smaller ones. Within a chunk of more samples
 * there is no reset by definition, which is not known here.
 */
import { spansOf } from '../histogram/encode.ts';
import { CUSTOM_SCHEMA, type NativeHistogram } from '../histogram/histogram.ts';
import { BitWriter } from './bit-writer.ts';

const TWO_32 = 2 ** 32;

const RESET_HEADERS = { unknown: 0, not_reset: 0, reset: 0b1000_0000, gauge: 0b1100_0000 } as const;

const words = new DataView(new ArrayBuffer(8));

function double(bits: BitWriter, value: number): void {
  words.setFloat64(0, value);
  bits.write64(words.getUint32(4), words.getUint32(0), 64);
}

/** Bits of a number that is not 0, the fewest that do; in front of the nth size stand n + 1 ones and a 0. */
const SIZES = [3, 6, 9, 12, 18, 25, 56] as const;

function prefixed(bits: BitWriter, place: number, size: number, value: number): void {
  bits.write(2 ** (place + 2) - 2, place + 2);
  bits.write64(value >>> 0, Math.floor(value / TWO_32) | 0, size);
}

/** Whole numbers below 2^55. */
function signedVarbit(bits: BitWriter, value: number): void {
  if (value === 0) {
    bits.write(0, 1);
    return;
  }
  // One more above than two's complement has, one less below.
  const place = SIZES.findIndex((size) => value > -(2 ** (size - 1)) && value <= 2 ** (size - 1));
  prefixed(bits, place, SIZES[place]!, value);
}

function unsignedVarbit(bits: BitWriter, value: number): void {
  if (value === 0) {
    bits.write(0, 1);
    return;
  }
  const place = SIZES.findIndex((size) => value < 2 ** size);
  prefixed(bits, place, SIZES[place]!, value);
}

function spans(bits: BitWriter, indexes: Int32Array): void {
  const all = spansOf(indexes);
  unsignedVarbit(bits, all.length);
  for (const { offset, length } of all) {
    unsignedVarbit(bits, length);
    signedVarbit(bits, offset);
  }
}

/** One histogram as a chunk; `time` in whole Unix milliseconds. */
export function histogramChunk(time: number, histogram: NativeHistogram): Uint8Array {
  const { schema, count, sum, zeroThreshold, zeroCount, positive, negative, bounds, resetHint } = histogram;
  const buckets = positive.indexes.length + negative.indexes.length;
  // A count takes 8 bytes, a span of one bucket at most 18.
  const bits = new BitWriter(128 + buckets * 26 + bounds.length * 9);
  bits.reset();
  bits.write(1, 16);
  bits.write(RESET_HEADERS[resetHint], 8);
  bits.write(zeroThreshold === 0 ? 0 : 255, 8);
  if (zeroThreshold !== 0) double(bits, zeroThreshold);
  signedVarbit(bits, schema);
  spans(bits, positive.indexes);
  spans(bits, negative.indexes);
  if (schema === CUSTOM_SCHEMA) {
    unsignedVarbit(bits, bounds.length);
    for (const bound of bounds) {
      bits.write(0, 1);
      double(bits, bound);
    }
  }
  signedVarbit(bits, time);
  for (const figure of [count, zeroCount, sum]) double(bits, figure);
  for (const { counts } of [positive, negative]) for (const one of counts) double(bits, one);
  return bits.take();
}

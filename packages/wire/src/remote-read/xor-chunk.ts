/**
 * Prometheus' XOR chunk (tsdb/docs/format/chunks.md and tsdb/chunkenc/xor.go of Prometheus, after Facebook's Gorilla,
 * VLDB 2015, section 4.1), big-endian, bit after bit:
 *
 *     count u16 | t0 zigzag LEB128 | v0 64 bits | t1 - t0 LEB128 | v1 | then for each further sample: dod | v
 *
 * dod, the difference of two time deltas: `0` for 0; `10` and 14 bits; `110` and 17; `1110` and 20; `1111` and 64.
 * v, the XOR with the value before: `0` for 0; `10` and the bits of the window of the sample before, where they fit;
 * `11`, 5 bits of leading zeros, 6 bits of length (0 for 64), and the bits of a new window.
 */
import { BitWriter } from './bit-writer.ts';

/** Samples of one chunk at most, as Prometheus cuts them. */
export const CHUNK_SAMPLES = 120;

const TWO_32 = 2 ** 32;
// At worst 68 bits of a time and 77 of a value for each sample, and what the first two take beyond that.
const WORST_BYTES = Math.ceil((CHUNK_SAMPLES * (68 + 77)) / 8) + 32;
const NO_WINDOW = 64;

/** Encodes chunks one after the other; the bits of every value, NaNs too, come out as they are. */
export class XorChunkEncoder {
  private readonly bits = new BitWriter(WORST_BYTES);
  private leading = NO_WINDOW;
  private trailing = 0;

  /**
   * The samples from `from` up to, not including, `to` (at most `CHUNK_SAMPLES` of them, at least one) as one chunk.
   * Times are whole milliseconds, ascending, and less than 2^53 apart.
   */
  encode(timestamps: Float64Array, values: Float64Array, from: number, to: number): Uint8Array {
    const { bits } = this;
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    bits.reset();
    this.leading = NO_WINDOW;
    bits.write(to - from, 16);
    let time = timestamps[from]!;
    let lo = words[2 * from]!;
    let hi = words[2 * from + 1]!;
    this.zigzag(time);
    bits.write64(lo, hi, 64);
    let delta = 0;
    for (let i = from + 1; i < to; i++) {
      const next = timestamps[i]! - time;
      if (i === from + 1) bits.uvarint(next >>> 0, Math.floor(next / TWO_32));
      else this.deltaOfDelta(next - delta);
      delta = next;
      time = timestamps[i]!;
      const nextLo = words[2 * i]!;
      const nextHi = words[2 * i + 1]!;
      this.xor(lo ^ nextLo, hi ^ nextHi);
      lo = nextLo;
      hi = nextHi;
    }
    return bits.take();
  }

  private zigzag(value: number): void {
    const lo = value >>> 0;
    const hi = Math.floor(value / TWO_32) | 0;
    const sign = hi >> 31;
    this.bits.uvarint((lo << 1) ^ sign, ((hi << 1) | (lo >>> 31)) ^ sign);
  }

  private deltaOfDelta(dod: number): void {
    const { bits } = this;
    if (dod === 0) bits.write(0, 1);
    else if (fits(dod, 14)) {
      bits.write(0b10, 2);
      bits.write(dod, 14);
    } else if (fits(dod, 17)) {
      bits.write(0b110, 3);
      bits.write(dod, 17);
    } else if (fits(dod, 20)) {
      bits.write(0b1110, 4);
      bits.write(dod, 20);
    } else {
      bits.write(0b1111, 4);
      bits.write64(dod >>> 0, Math.floor(dod / TWO_32) | 0, 64);
    }
  }

  /** `lo` and `hi`: the words of the XOR of two values. */
  private xor(lo: number, hi: number): void {
    const { bits } = this;
    if (lo === 0 && hi === 0) {
      bits.write(0, 1);
      return;
    }
    // Five bits hold at most 31.
    const leading = Math.min(31, hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(lo));
    const trailing = lo !== 0 ? trailingZeros(lo) : 32 + trailingZeros(hi);
    if (leading >= this.leading && trailing >= this.trailing && this.leading !== NO_WINDOW) {
      bits.write(0b10, 2);
    } else {
      this.leading = leading;
      this.trailing = trailing;
      bits.write(0b11, 2);
      bits.write(leading, 5);
      bits.write((64 - leading - trailing) & 63, 6);
    }
    const shift = this.trailing;
    const size = 64 - this.leading - shift;
    if (shift >= 32) bits.write(hi >>> (shift - 32), size);
    else if (shift === 0) bits.write64(lo, hi, size);
    else bits.write64((lo >>> shift) | (hi << (32 - shift)), hi >>> shift, size);
  }
}

/** Prometheus' range of `size` bits: one more above than two's complement has, one less below. */
function fits(value: number, size: number): boolean {
  const bound = 2 ** (size - 1);
  return value > -bound && value <= bound;
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Writes bits, the highest first, into one buffer that is used again after `reset`. The caller knows that they fit. */
export class BitWriter {
  private readonly bytes: Uint8Array;
  private pos = 0;
  /** Bits left in the byte at `pos`. */
  private free = 8;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity + 1);
  }

  reset(): void {
    this.pos = 0;
    this.free = 8;
    this.bytes[0] = 0;
  }

  /** The lower `count` bits (0 to 32) of `value`. */
  write(value: number, count: number): void {
    const { bytes } = this;
    let { pos, free } = this;
    let left = count;
    while (left >= free) {
      left -= free;
      bytes[pos]! |= (value >>> left) & ((1 << free) - 1);
      bytes[++pos] = 0;
      free = 8;
    }
    if (left > 0) {
      free -= left;
      bytes[pos]! |= (value & ((1 << left) - 1)) << free;
    }
    this.pos = pos;
    this.free = free;
  }

  /** The lower `count` bits (0 to 64) of the 64-bit number that the two words make. */
  write64(lo: number, hi: number, count: number): void {
    if (count > 32) {
      this.write(hi, count - 32);
      this.write(lo, 32);
    } else this.write(lo, count);
  }

  /** An unsigned 64-bit number as LEB128, as Go's binary.PutUvarint has it. */
  uvarint(lo: number, hi: number): void {
    let low = lo >>> 0;
    let high = hi >>> 0;
    while (high > 0 || low > 0x7f) {
      this.write((low & 0x7f) | 0x80, 8);
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.write(low, 8);
  }

  /** A copy of what was written, its last byte filled up with zeros. */
  take(): Uint8Array {
    return this.bytes.slice(0, this.free === 8 ? this.pos : this.pos + 1);
  }
}

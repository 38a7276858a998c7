/** Bytes that grow by doubling. */
export class ByteWriter {
  #bytes: Uint8Array;
  #size = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(capacity, 256));
  }

  get size(): number {
    return this.#size;
  }

  /** All memory, of which the first `size` bytes are written; another after a write. */
  get all(): Uint8Array {
    return this.#bytes;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#size++] = value;
  }

  varint(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  copy(from: Uint8Array, start = 0, end = from.length): void {
    const size = end - start;
    this.#reserve(size);
    this.#bytes.set(start === 0 && end === from.length ? from : from.subarray(start, end), this.#size);
    this.#size += size;
  }

  /** Goes back to an earlier size. */
  cut(size: number): void {
    this.#size = size;
  }

  /** A view of what was written; the next write may overwrite it. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  #reserve(size: number): void {
    const needed = this.#size + size;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}

/** ClickHouse's RowBinary (https://clickhouse.com/docs/interfaces/formats/RowBinary): little-endian, strings and lists behind a LEB128 length. */

const FIRST_BYTES = 64 * 1024;

export class RowBinaryWriter {
  private bytes = Buffer.allocUnsafe(FIRST_BYTES);
  private length = 0;

  uint8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.length = this.bytes.writeUInt32LE(value, this.length);
  }

  int64(value: bigint): void {
    this.reserve(8);
    this.length = this.bytes.writeBigInt64LE(value, this.length);
  }

  uint64(value: bigint): void {
    this.reserve(8);
    this.length = this.bytes.writeBigUInt64LE(value, this.length);
  }

  /** Eight bytes as they are; a NaN keeps its bits, which it would not as a number. */
  word64(low: number, high: number): void {
    this.reserve(8);
    this.length = this.bytes.writeUInt32LE(low, this.length);
    this.length = this.bytes.writeUInt32LE(high, this.length);
  }

  float64(value: number): void {
    this.reserve(8);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  string(value: string): void {
    const size = Buffer.byteLength(value);
    this.varint(size);
    this.reserve(size);
    this.length += this.bytes.write(value, this.length);
  }

  /** As a string of ClickHouse, which need not be UTF-8. */
  binary(value: Uint8Array): void {
    this.varint(value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  map(entries: ReadonlyMap<string, string>): void {
    this.varint(entries.size);
    for (const [key, value] of entries) {
      this.string(key);
      this.string(value);
    }
  }

  private varint(value: number): void {
    this.reserve(5);
    let rest = value;
    for (; rest > 127; rest >>>= 7) this.bytes[this.length++] = (rest & 127) | 128;
    this.bytes[this.length++] = rest;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  /** What was written, a view. */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

export class RowBinaryReader {
  private offset = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.offset >= this.bytes.length;
  }

  uint32(): number {
    const value = this.bytes.readUInt32LE(this.offset);
    this.offset += 4;
    return value;
  }

  uint64(): bigint {
    const value = this.bytes.readBigUInt64LE(this.offset);
    this.offset += 8;
    return value;
  }

  int64(): bigint {
    const value = this.bytes.readBigInt64LE(this.offset);
    this.offset += 8;
    return value;
  }

  /** What `binary` wrote: a view. */
  binary(): Uint8Array {
    const size = this.varint();
    const value = this.bytes.subarray(this.offset, this.offset + size);
    if (value.length < size) throw new RangeError('the rows end early');
    this.offset += size;
    return value;
  }

  float64(): number {
    const value = this.bytes.readDoubleLE(this.offset);
    this.offset += 8;
    return value;
  }

  string(): string {
    const size = this.varint();
    const value = this.bytes.toString('utf8', this.offset, this.offset + size);
    this.offset += size;
    return value;
  }

  map(): Map<string, string> {
    const entries = new Map<string, string>();
    for (let left = this.varint(); left > 0; left--) {
      const key = this.string();
      entries.set(key, this.string());
    }
    return entries;
  }

  private varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes.readUInt8(this.offset++);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }
}

const encoder = new TextEncoder();

/** Writes protobuf into a growing buffer; nested messages are written in place and their length filled in by `close`. */
export class ProtoWriter {
  private buf: Uint8Array<ArrayBuffer>;
  private view: DataView;
  private pos = 0;

  /** @param capacity bytes to begin with; it grows by doubling */
  constructor(capacity = 1024) {
    this.buf = new Uint8Array(capacity);
    this.view = new DataView(this.buf.buffer);
  }

  /** Bytes written so far. */
  get size(): number {
    return this.pos;
  }

  /** What was written; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.buf.subarray(0, this.pos);
  }

  tag(field: number, wireType: number): void {
    this.uint32((field << 3) | wireType);
  }

  uint32(value: number): void {
    this.reserve(5);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.buf[this.pos++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buf[this.pos++] = rest;
  }

  /** A whole number as int64 varint; a negative one takes ten bytes. */
  int64(value: number): void {
    this.reserve(10);
    let lo = value >>> 0;
    let hi = Math.floor(value / 0x100000000) >>> 0;
    while (hi > 0 || lo > 0x7f) {
      this.buf[this.pos++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    this.buf[this.pos++] = lo;
  }

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.pos, value, true);
    this.pos += 8;
  }

  fixed64(lo: number, hi: number): void {
    this.reserve(8);
    this.view.setUint32(this.pos, lo, true);
    this.view.setUint32(this.pos + 4, hi, true);
    this.pos += 8;
  }

  string(field: number, text: string): void {
    if (text === '') return;
    this.tag(field, 2);
    if (this.shortAscii(text)) return;
    const bytes = encoder.encode(text);
    this.uint32(bytes.length);
    this.reserve(bytes.length);
    this.buf.set(bytes, this.pos);
    this.pos += bytes.length;
  }

  /** Length and bytes of what most texts are, names of labels and their values, for which an encoder costs more than a loop. */
  private shortAscii(text: string): boolean {
    const { length } = text;
    if (length > 0x7f) return false;
    this.reserve(1 + length);
    const { buf, pos } = this;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      buf[pos + 1 + i] = code;
    }
    buf[pos] = length;
    this.pos = pos + 1 + length;
    return true;
  }

  /** Bytes as they are; for a field, its tag and length come before. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buf.set(bytes, this.pos);
    this.pos += bytes.length;
  }

  /** Bytes that are kept as a string of characters below 256; `isAscii` says that all are below 128, which is faster. */
  binary(text: string, isAscii: boolean): void {
    this.reserve(text.length);
    const { buf } = this;
    let { pos } = this;
    if (isAscii) encoder.encodeInto(text, buf.subarray(pos, pos + text.length));
    else for (let i = 0; i < text.length; i++) buf[pos++] = text.charCodeAt(i);
    this.pos += text.length;
  }

  /** Starts a nested message; pass the result to `close`. */
  open(field: number): number {
    this.tag(field, 2);
    return this.pos;
  }

  close(start: number): void {
    const size = this.pos - start;
    let prefix = 1;
    for (let rest = size >>> 7; rest > 0; rest >>>= 7) prefix++;
    this.reserve(prefix);
    this.buf.copyWithin(start + prefix, start, this.pos);
    this.pos = start;
    this.uint32(size);
    this.pos = start + prefix + size;
  }

  private reserve(size: number): void {
    const needed = this.pos + size;
    if (needed <= this.buf.length) return;
    const larger = new Uint8Array(Math.max(needed, this.buf.length * 2));
    larger.set(this.buf.subarray(0, this.pos));
    this.buf = larger;
    this.view = new DataView(larger.buffer);
  }
}

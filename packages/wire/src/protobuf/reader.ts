import { WireError } from '../batch.ts';
import { decodeText } from './text.ts';

/** Protobuf wire types (https://protobuf.dev/programming-guides/encoding/); 3 and 4, groups, are refused. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

// Each level of a nested AnyValue takes three messages, so this admits 80 levels of a log body and keeps the stack small.
const MAX_DEPTH = 256;

/**
 * Reads protobuf by index arithmetic over one body. `pos` is the next byte, `end` the end of the message being read:
 * enter a message with `enter()`, read fields while `pos < end`, and give its result back to `leave()`.
 * Every method throws WireError with the byte offset where the body is damaged; none reads past `end`.
 */
export class ProtoReader {
  readonly buf: Uint8Array;
  readonly view: DataView;
  pos = 0;
  end: number;
  /** Low and high word of the last `varint64` or `fixed64`. */
  lo = 0;
  hi = 0;
  private depth = 0;

  constructor(body: Uint8Array) {
    this.buf = body;
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.end = body.length;
  }

  /** The next field's tag: `tag >>> 3` is its number, `tag & 7` its wire type. */
  tag(): number {
    const at = this.pos;
    const first = this.buf[at]!;
    if (first < 0x80 && first >= 8) {
      this.pos = at + 1;
      return first;
    }
    this.varint64();
    if (this.hi !== 0) throw this.error('a field number over 29 bits', at);
    if (this.lo >>> 3 === 0) throw this.error('field number 0', at);
    return this.lo >>> 0;
  }

  /** Fails unless the field has the wire type that its definition asks for. */
  expect(tag: number, wireType: number): void {
    if ((tag & 7) !== wireType) {
      throw this.error(`field ${tag >>> 3} has wire type ${tag & 7}, expected ${wireType}`, this.pos - 1);
    }
  }

  /** Reads a varint of up to ten bytes into `lo` and `hi`. */
  varint64(): void {
    const { buf, end } = this;
    const start = this.pos;
    let pos = start;
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= end) throw this.error('a varint is cut off', start);
      const byte = buf[pos++]!;
      const bits = byte & 0x7f;
      if (shift < 28) lo |= bits << shift;
      else if (shift === 28) {
        lo |= bits << 28;
        hi = bits >>> 4;
      } else if (shift < 63) hi |= bits << (shift - 32);
      else hi |= (bits & 1) << 31;
      if (byte < 0x80) {
        this.pos = pos;
        this.lo = lo >>> 0;
        this.hi = hi >>> 0;
        return;
      }
    }
    throw this.error('a varint is longer than ten bytes', start);
  }

  /** A varint as unsigned number; beyond 2^53 it is the nearest double. */
  uint64(): number {
    this.varint64();
    return this.hi * 0x100000000 + this.lo;
  }

  /** A varint as signed (two's complement) number; beyond ±2^53 it is the nearest double. */
  int64(): number {
    this.varint64();
    return (this.hi | 0) * 0x100000000 + this.lo;
  }

  /** A zigzag varint of 32 bits. */
  sint32(): number {
    this.varint64();
    return (this.lo >>> 1) ^ -(this.lo & 1);
  }

  fixed64(): void {
    const pos = this.skipBytes(8);
    this.lo = this.view.getUint32(pos, true);
    this.hi = this.view.getUint32(pos + 4, true);
  }

  double(): number {
    return this.view.getFloat64(this.skipBytes(8), true);
  }

  fixed32(): number {
    return this.view.getUint32(this.skipBytes(4), true);
  }

  /** The length of a length-delimited field, checked against the bytes left. */
  length(): number {
    const at = this.pos;
    const first = this.buf[at]!;
    let size = first;
    if (at < this.end && first < 0x80) this.pos = at + 1;
    else size = this.uint64();
    if (size > this.end - this.pos) {
      throw this.error(`a length of ${size} with ${this.end - this.pos} bytes left`, at);
    }
    return size;
  }

  /** A string field; UTF-8 is checked. The string owns its memory. */
  string(): string {
    const size = this.length();
    const start = this.pos;
    this.pos = start + size;
    const text = decodeText(this.buf, start, this.pos);
    if (text === undefined) throw this.error('a string that is not UTF-8', start);
    return text;
  }

  /** A view of a bytes field; copy it before the body goes. */
  bytes(): Uint8Array {
    const start = this.skipBytes(this.length());
    return this.buf.subarray(start, this.pos);
  }

  /** Narrows the reader to the nested message that follows; pass the result to `leave`. */
  enter(): number {
    const outer = this.end;
    const size = this.length();
    if (++this.depth > MAX_DEPTH) throw this.error(`messages nested deeper than ${MAX_DEPTH}`, this.pos);
    this.end = this.pos + size;
    return outer;
  }

  leave(outer: number): void {
    this.depth--;
    this.end = outer;
  }

  /** Skips a field of no interest, whose tag has been read. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === VARINT) this.varint64();
    else if (wireType === FIXED64) this.skipBytes(8);
    else if (wireType === LENGTH) this.skipBytes(this.length());
    else if (wireType === FIXED32) this.skipBytes(4);
    else if (wireType < 5) throw this.error(`field ${tag >>> 3} is a group, which is not accepted`, this.pos - 1);
    else throw this.error(`field ${tag >>> 3} has the unknown wire type ${wireType}`, this.pos - 1);
  }

  error(offence: string, at: number): WireError {
    return new WireError(`protobuf: ${offence}, at byte ${at}`);
  }

  private skipBytes(size: number): number {
    const start = this.pos;
    if (size > this.end - start) {
      throw this.error(`a field of ${size} bytes with ${this.end - start} bytes left`, start);
    }
    this.pos = start + size;
    return start;
  }
}

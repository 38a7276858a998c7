import SnappyJS from 'snappyjs';
import { WireError } from './batch.ts';

/** A body whose declared or decoded size is over the caller's limit; `declared` and `limit` are bytes. */
export class TooLargeError extends WireError {
  readonly declared: number;
  readonly limit: number;

  constructor(declared: number, limit: number) {
    super(`snappy: the body declares ${declared} bytes uncompressed, at most ${limit} are allowed`);
    this.declared = declared;
    this.limit = limit;
  }
}

// The densest element is a three-byte copy that yields 64 bytes; no honest body expands further.
const MAX_EXPANSION = 64 / 3;

/**
 * Decodes one block in Snappy's raw (not framed) format, as Prometheus remote write sends it.
 * Format: https://github.com/google/snappy/blob/main/format_description.txt. The declared length is checked against
 * what the body could possibly yield, and against `maxBytes`, before anything is allocated.
 * With `scratch` the result is valid until the next body is decoded into it.
 * @throws WireError for a damaged body, with the byte offset; TooLargeError when it would be over `maxBytes`.
 */
export function decodeSnappy(body: Uint8Array, maxBytes: number, scratch?: SnappyScratch): Uint8Array {
  const { length, preamble } = blockOf(body, maxBytes);
  const out = scratch ? scratch.take(length + SLACK) : new Uint8Array(length + SLACK);
  const written = inflate(body, preamble, out, length);
  if (written !== length) throw new WireError(`snappy: the body declares ${length} bytes and holds ${written}`);
  return out.subarray(0, length);
}

/**
 * The bytes that a block declares, behind a preamble of so many bytes.
 * @throws WireError for what it cannot possibly hold; TooLargeError for more than `maxBytes`
 */
export function blockOf(body: Uint8Array, maxBytes: number): { length: number; preamble: number } {
  const length = declaredLength(body);
  if (length > body.length * MAX_EXPANSION) {
    throw new WireError(`snappy: ${body.length} bytes cannot hold the ${length} bytes that the body declares`);
  }
  if (length > maxBytes) throw new TooLargeError(length, maxBytes);
  return { length, preamble: preambleSize(body) };
}

/** Memory for one decoded body after another: what was decoded into it before is overwritten. */
export class SnappyScratch {
  private memory = new Uint8Array(0);
  private readonly mostBytes: number;

  /** @param mostBytes that are kept; a larger body gets memory of its own */
  constructor(mostBytes = 4 * 1024 * 1024) {
    this.mostBytes = mostBytes;
  }

  take(bytes: number): Uint8Array {
    if (bytes <= this.memory.length) return this.memory;
    const larger = new Uint8Array(bytes > this.mostBytes ? bytes : Math.min(this.mostBytes, bytes * 2));
    if (larger.length <= this.mostBytes) this.memory = larger;
    return larger;
  }
}

/** Bytes behind what is decoded, which whole words may run over. */
const SLACK = 4;

/** Encodes `bytes` as one Snappy block. */
export function encodeSnappy(bytes: Uint8Array): Uint8Array {
  // snappyjs tells Buffer and Uint8Array apart by class, and answers a Buffer for a Buffer.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return SnappyJS.compress(plain);
}

function preambleSize(body: Uint8Array): number {
  let pos = 0;
  while (body[pos]! & 0x80) pos++;
  return pos + 1;
}

function declaredLength(body: Uint8Array): number {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = body[i];
    if (byte === undefined) throw new WireError('snappy: the body ends inside its length, at byte 0');
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      if (value > 0xffffffff) break;
      return value;
    }
  }
  throw new WireError('snappy: the declared length does not fit 32 bits, at byte 0');
}

/** Runs the elements from `start` on into `out`, which has `SLACK` bytes behind its `length`; returns how many bytes were written. */
function inflate(body: Uint8Array, start: number, out: Uint8Array, length: number): number {
  const from = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const into = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const end = body.length;
  let pos = start;
  let to = 0;
  while (pos < end) {
    const at = pos;
    const tag = body[pos++]!;
    const kind = tag & 3;
    if (kind === 0) {
      let size = (tag >>> 2) + 1;
      if (size > 60) {
        const extra = size - 60;
        if (pos + extra > end) throw truncated(at);
        size = littleEndian(body, pos, extra) + 1;
        pos += extra;
      }
      if (size > end - pos) throw truncated(at);
      if (size > length - to) throw overrun(at, length);
      if (size > 64 || pos + size + 3 > end) copyBytes(body, pos, out, to, size);
      else copyWords(from, pos, into, to, size);
      pos += size;
      to += size;
      continue;
    }
    let size = (tag >>> 2) + 1;
    let offset = 0;
    if (kind === 2) {
      if (pos + 2 > end) throw truncated(at);
      offset = body[pos]! | (body[pos + 1]! << 8);
      pos += 2;
    } else if (kind === 1) {
      if (pos + 1 > end) throw truncated(at);
      size = ((tag >>> 2) & 7) + 4;
      offset = ((tag >>> 5) << 8) | body[pos++]!;
    } else {
      if (pos + 4 > end) throw truncated(at);
      offset = littleEndian(body, pos, 4);
      pos += 4;
    }
    if (offset === 0 || offset > to) {
      throw new WireError(`snappy: copy from ${offset} bytes back with ${to} bytes written, at byte ${at}`);
    }
    if (size > length - to) throw overrun(at, length);
    // A copy that overlaps itself repeats what it has just written; by words it does so from four bytes back on.
    if (offset >= 4) copyWords(into, to - offset, into, to, size);
    else for (let i = to, last = to + size; i < last; i++) out[i] = out[i - offset]!;
    to += size;
  }
  return to;
}

function littleEndian(body: Uint8Array, pos: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + body[pos + i]!;
  return value;
}

/** Copies forward, four bytes at a time, and so up to three bytes more than `size` on either side. */
function copyWords(from: DataView, pos: number, into: DataView, to: number, size: number): void {
  for (let i = 0; i < size; i += 4) into.setInt32(to + i, from.getInt32(pos + i, true), true);
}

function copyBytes(body: Uint8Array, pos: number, out: Uint8Array, to: number, size: number): void {
  if (size > 32) out.set(body.subarray(pos, pos + size), to);
  else for (let i = 0; i < size; i++) out[to + i] = body[pos + i]!;
}

function truncated(at: number): WireError {
  return new WireError(`snappy: the element at byte ${at} is cut off by the end of the body`);
}

function overrun(at: number, length: number): WireError {
  return new WireError(`snappy: the element at byte ${at} writes beyond the declared ${length} bytes`);
}

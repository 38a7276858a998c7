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
 * @throws WireError for a damaged body, with the byte offset; TooLargeError when it would be over `maxBytes`.
 */
export function decodeSnappy(body: Uint8Array, maxBytes: number): Uint8Array {
  const length = declaredLength(body);
  if (length > body.length * MAX_EXPANSION) {
    throw new WireError(`snappy: ${body.length} bytes cannot hold the ${length} bytes that the body declares`);
  }
  if (length > maxBytes) throw new TooLargeError(length, maxBytes);
  const out = new Uint8Array(length);
  const written = inflate(body, preambleSize(body), out);
  if (written !== length) throw new WireError(`snappy: the body declares ${length} bytes and holds ${written}`);
  return out;
}

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

/** Runs the elements from `pos` on into `out`; returns how many bytes were written. */
function inflate(body: Uint8Array, start: number, out: Uint8Array): number {
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
      if (size > out.length - to) throw overrun(at, out.length);
      copyLiteral(body, pos, out, to, size);
      pos += size;
      to += size;
      continue;
    }
    const offsetBytes = kind === 3 ? 4 : kind;
    if (pos + offsetBytes > end) throw truncated(at);
    const size = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const offset = kind === 1 ? ((tag >>> 5) << 8) | body[pos]! : littleEndian(body, pos, offsetBytes);
    pos += offsetBytes;
    if (offset === 0 || offset > to) {
      throw new WireError(`snappy: copy from ${offset} bytes back with ${to} bytes written, at byte ${at}`);
    }
    if (size > out.length - to) throw overrun(at, out.length);
    copyBack(out, to, offset, size);
    to += size;
  }
  return to;
}

function littleEndian(body: Uint8Array, pos: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + body[pos + i]!;
  return value;
}

function copyLiteral(body: Uint8Array, pos: number, out: Uint8Array, to: number, size: number): void {
  if (size > 32) out.set(body.subarray(pos, pos + size), to);
  else for (let i = 0; i < size; i++) out[to + i] = body[pos + i]!;
}

function copyBack(out: Uint8Array, to: number, offset: number, size: number): void {
  const from = to - offset;
  // An overlapping copy repeats what it has just written, which copyWithin does not do.
  for (let i = 0; i < size; i++) out[to + i] = out[from + i]!;
}

function truncated(at: number): WireError {
  return new WireError(`snappy: the element at byte ${at} is cut off by the end of the body`);
}

function overrun(at: number, length: number): WireError {
  return new WireError(`snappy: the element at byte ${at} writes beyond the declared ${length} bytes`);
}

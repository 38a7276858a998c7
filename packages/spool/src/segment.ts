/**
 * The layout of a segment file, little-endian throughout:
 *
 *     header (8 bytes)   magic "NSSP" | version u8 (1) | 3 zero bytes
 *     record, repeated   length u32 | crc u32 | payload (length bytes)
 *
 * crc is CRC-32 (IEEE 802.3, as in zlib) over the four length bytes and the payload, so that a run of zeros, which
 * is what a power cut leaves in a file that was grown but not written, is never a valid record.
 */
import { crc32 } from 'node:zlib';

export const HEADER_BYTES = 8;
export const RECORD_OVERHEAD = 8;
const MAGIC = 0x5053534e;
export const SEGMENT_VERSION = 1;

/** Thrown when a spool directory cannot be opened as it is; the message names the file and what to do. */
export class SpoolError extends Error {
  override readonly name = 'SpoolError';
}

export function segmentHeader(): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt8(SEGMENT_VERSION, 4);
  return header;
}

/** The name sorts in order of the number. */
export function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.seg`;
}

/** Undefined for a file that is not a segment. */
export function segmentNumber(name: string): number | undefined {
  const found = /^(\d{12})\.seg$/.exec(name);
  return found ? Number(found[1]) : undefined;
}

/** Length and checksum that stand before the payload on disk; the payload may be in parts. */
export function recordHead(parts: readonly Uint8Array[]): Buffer {
  const head = Buffer.allocUnsafe(RECORD_OVERHEAD);
  head.writeUInt32LE(sizeOf(parts), 0);
  let crc = crc32(head.subarray(0, 4));
  for (const part of parts) crc = crc32(part, crc);
  head.writeUInt32LE(crc, 4);
  return head;
}

/** Bytes of all parts together. */
export function sizeOf(parts: readonly Uint8Array[]): number {
  let size = 0;
  for (const part of parts) size += part.length;
  return size;
}

export type Header = 'good' | 'torn' | 'foreign' | { readonly version: number };

/** What the first bytes of a segment say. `torn`: shorter than a header or all zeros, as a crash while creating it leaves it. */
export function readHeader(bytes: Buffer): Header {
  if (bytes.length < HEADER_BYTES || bytes.subarray(0, HEADER_BYTES).every((byte) => byte === 0)) return 'torn';
  if (bytes.readUInt32LE(0) !== MAGIC) return 'foreign';
  const version = bytes.readUInt8(4);
  return version === SEGMENT_VERSION ? 'good' : { version };
}

/** Payload of the record at `offset`, a view; `partial` when it runs past the end, `bad` when its checksum is wrong. */
export function readRecord(bytes: Buffer, offset: number): Buffer | 'partial' | 'bad' {
  if (offset + RECORD_OVERHEAD > bytes.length) return 'partial';
  const length = bytes.readUInt32LE(offset);
  const start = offset + RECORD_OVERHEAD;
  if (start + length > bytes.length) return 'partial';
  const payload = bytes.subarray(start, start + length);
  const crc = crc32(payload, crc32(bytes.subarray(offset, offset + 4)));
  return crc === bytes.readUInt32LE(offset + 4) ? payload : 'bad';
}

export interface Scan {
  /** End of the last good record before any damage. */
  readonly end: number;
  /** Good records up to `end`, and how many of them end at or before `from`. */
  readonly records: number;
  readonly recordsBefore: number;
  /** `torn`: no readable record follows the damage. `damaged`: one does, so bytes that were once good have changed. */
  readonly state: 'whole' | 'torn' | 'damaged';
}

/** Walks the records of a whole segment whose header is good. */
export function scanSegment(bytes: Buffer, from: number): Scan {
  let offset = HEADER_BYTES;
  let records = 0;
  let recordsBefore = 0;
  while (offset < bytes.length) {
    const record = readRecord(bytes, offset);
    if (typeof record === 'string') break;
    offset += RECORD_OVERHEAD + record.length;
    records++;
    if (offset <= from) recordsBefore++;
  }
  if (offset === bytes.length) return { end: offset, records, recordsBefore, state: 'whole' };
  return { end: offset, records, recordsBefore, state: recordFollows(bytes, offset + 1) ? 'damaged' : 'torn' };
}

/** How far the search for a good record after damage goes on checking sums, in bytes, so that it ends soon on any input. */
const SEARCH_BUDGET = 1 << 28;

function recordFollows(bytes: Buffer, from: number): boolean {
  let budget = SEARCH_BUDGET;
  for (let offset = from; offset + RECORD_OVERHEAD < bytes.length && budget > 0; offset++) {
    const length = bytes.readUInt32LE(offset);
    if (length === 0 || offset + RECORD_OVERHEAD + length > bytes.length) continue;
    budget -= length;
    if (typeof readRecord(bytes, offset) !== 'string') return true;
  }
  return false;
}

/**
 * A journal record as it stands in the spool (which adds length and checksum), little-endian:
 *
 *     version u8 (1) | kind u8 | format u8 | zero u8 | receivedAt f64 (Unix milliseconds) | body
 *
 * The numbers of kinds and formats are the places in the lists below: they are only ever appended to.
 */
import type { BodyFormat, BodyKind, JournalRecord } from '../collect/record.ts';

const VERSION = 1;
const HEAD_BYTES = 12;
const KINDS: readonly BodyKind[] = [
  ...(['remote-write', 'otlp-metrics', 'otlp-logs', 'otlp-traces', 'json-logs'] as const),
  'series-deletion',
];
const FORMATS: readonly BodyFormat[] = ['protobuf', 'json', 'snappy-protobuf', 'ndjson', 'snappy-write-v2'];

/** Thrown for bytes that are no journal record; the message names the field and its value. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}

/** Head and body. */
export function journalParts(record: JournalRecord): readonly Uint8Array[] {
  return [headOf(record), record.body];
}

export const encodeJournalRecord = (record: JournalRecord): Uint8Array => Buffer.concat(journalParts(record));

function headOf(record: JournalRecord): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES);
  bytes.writeUInt8(VERSION, 0);
  bytes.writeUInt8(KINDS.indexOf(record.kind), 1);
  bytes.writeUInt8(FORMATS.indexOf(record.format), 2);
  bytes.writeUInt8(0, 3);
  bytes.writeDoubleLE(record.receivedAt, 4);
  return bytes;
}

/** The body is a view into `bytes`. Throws JournalError. */
export function decodeJournalRecord(bytes: Uint8Array): JournalRecord {
  if (bytes.length < HEAD_BYTES) throw new JournalError(`record of ${bytes.length} bytes; a head has ${HEAD_BYTES}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== VERSION) throw new JournalError(`record version ${view.getUint8(0)}; known: ${VERSION}`);
  const kind = KINDS[view.getUint8(1)];
  if (kind === undefined) throw new JournalError(`record kind ${view.getUint8(1)}; known: 0–${KINDS.length - 1}`);
  const format = FORMATS[view.getUint8(2)];
  if (format === undefined) throw new JournalError(`record format ${view.getUint8(2)}; known: 0–${FORMATS.length - 1}`);
  const receivedAt = view.getFloat64(4, true);
  if (!Number.isFinite(receivedAt)) throw new JournalError(`receivedAt ${receivedAt} is no time`);
  return { kind, format, receivedAt, body: bytes.subarray(HEAD_BYTES) };
}

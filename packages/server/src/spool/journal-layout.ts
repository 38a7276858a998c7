/**
 * A journal record as it stands in the spool (which adds length and checksum), little-endian:
 *
 *     version u8 (1) | kind u8 | format u8 | zero u8 | receivedAt f64 (Unix milliseconds) | body
 *     version u8 (2) | kind u8 | format u8 | zero u8 | receivedAt f64 | cuts u32 | cuts × (series u32, oldest f64) | body
 *
 * The second is of a record of which a part was refused: of the series at that place of what the body decodes to, samples
 * before `oldest` (Unix milliseconds; Infinity: all of them) do not count. So a later start, by whatever limits, reads what
 * was acknowledged.
 *
 * The numbers of kinds and formats are the places in the lists below: they are only ever appended to.
 */
import type { Cuts } from '../collect/cut-batch.ts';
import type { BodyFormat, BodyKind, JournalRecord } from '../collect/record.ts';

const WHOLE = 1;
const CUT = 2;
const HEAD_BYTES = 12;
const CUT_BYTES = 12;
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

function headOf({ kind, format, receivedAt, cuts }: JournalRecord): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + (cuts ? 4 + cuts.size * CUT_BYTES : 0));
  bytes.writeUInt8(cuts ? CUT : WHOLE, 0);
  bytes.writeUInt8(KINDS.indexOf(kind), 1);
  bytes.writeUInt8(FORMATS.indexOf(format), 2);
  bytes.writeUInt8(0, 3);
  bytes.writeDoubleLE(receivedAt, 4);
  if (!cuts) return bytes;
  let at = bytes.writeUInt32LE(cuts.size, HEAD_BYTES);
  for (const [series, oldest] of cuts) at = bytes.writeDoubleLE(oldest, bytes.writeUInt32LE(series, at));
  return bytes;
}

/** The body is a view into `bytes`. Throws JournalError. */
export function decodeJournalRecord(bytes: Uint8Array): JournalRecord {
  if (bytes.length < HEAD_BYTES) throw new JournalError(`record of ${bytes.length} bytes; a head has ${HEAD_BYTES}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(0);
  if (version !== WHOLE && version !== CUT) throw new JournalError(`record version ${version}; known: ${WHOLE}–${CUT}`);
  const kind = KINDS[view.getUint8(1)];
  if (kind === undefined) throw new JournalError(`record kind ${view.getUint8(1)}; known: 0–${KINDS.length - 1}`);
  const format = FORMATS[view.getUint8(2)];
  if (format === undefined) throw new JournalError(`record format ${view.getUint8(2)}; known: 0–${FORMATS.length - 1}`);
  const receivedAt = view.getFloat64(4, true);
  if (!Number.isFinite(receivedAt)) throw new JournalError(`receivedAt ${receivedAt} is no time`);
  if (version === WHOLE) return { kind, format, receivedAt, body: bytes.subarray(HEAD_BYTES) };
  const cuts = cutsOf(view);
  const body = bytes.subarray(HEAD_BYTES + 4 + cuts.size * CUT_BYTES);
  return { kind, format, receivedAt, body, cuts };
}

function cutsOf(view: DataView): Cuts {
  const first = HEAD_BYTES + 4;
  const count = view.byteLength < first ? Number.POSITIVE_INFINITY : view.getUint32(HEAD_BYTES, true);
  if (first + count * CUT_BYTES > view.byteLength) {
    throw new JournalError(`record of ${view.byteLength} bytes; its cuts are not all there`);
  }
  const cuts = new Map<number, number>();
  for (let at = first; at < first + count * CUT_BYTES; at += CUT_BYTES) {
    const oldest = view.getFloat64(at + 4, true);
    if (Number.isNaN(oldest)) throw new JournalError('a cut at NaN is at no time');
    cuts.set(view.getUint32(at, true), oldest);
  }
  if (cuts.size !== count) throw new JournalError(`${count} cuts of ${cuts.size} series; each has one`);
  return cuts;
}

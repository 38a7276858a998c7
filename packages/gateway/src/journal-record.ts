import { crc32 } from 'node:zlib';
import type { GatewayEvent } from './protocol.ts';

/**
 * A segment is text, so that a person can read it with any pager:
 *
 *     nightshift-events 1\n
 *     LLLLLLLL CCCCCCCC {json}\n        one line per event, ascending seq
 *
 * L is the length of the JSON in bytes and C its CRC-32 (zlib), both as eight lower-case hexadecimal digits. A line that
 * does not match its length or checksum ends the readable part of its segment: what follows was never acknowledged.
 */
export const SEGMENT_HEADER = Buffer.from('nightshift-events 1\n', 'latin1');

const PREFIX_BYTES = 18;
const LINE_FEED = 0x0a;

export function encodeRecord(event: GatewayEvent): Buffer {
  const json = Buffer.from(JSON.stringify(event), 'utf8');
  const prefix = `${hex(json.length)} ${hex(crc32(json))} `;
  return Buffer.concat([Buffer.from(prefix, 'latin1'), json, Buffer.of(LINE_FEED)]);
}

export interface DecodedSegment {
  readonly events: readonly GatewayEvent[];
  /** Bytes up to the end of the last good record; less than the file's size where its tail is damaged. */
  readonly goodBytes: number;
}

/** Reads records up to the first damaged one. A segment with a foreign header has none, and goodBytes 0. */
export function decodeSegment(bytes: Buffer): DecodedSegment {
  const events: GatewayEvent[] = [];
  if (!bytes.subarray(0, SEGMENT_HEADER.length).equals(SEGMENT_HEADER)) return { events, goodBytes: 0 };
  let at = SEGMENT_HEADER.length;
  for (;;) {
    const end = recordEnd(bytes, at);
    if (end === null) return { events, goodBytes: at };
    try {
      events.push(JSON.parse(bytes.toString('utf8', at + PREFIX_BYTES, end - 1)) as GatewayEvent);
    } catch {
      return { events, goodBytes: at };
    }
    at = end;
  }
}

/** Offset after the record that starts at `at`, or null where no whole and undamaged one starts there. */
function recordEnd(bytes: Buffer, at: number): number | null {
  if (at + PREFIX_BYTES > bytes.length) return null;
  const prefix = /^([0-9a-f]{8}) ([0-9a-f]{8}) $/.exec(bytes.toString('latin1', at, at + PREFIX_BYTES));
  if (!prefix) return null;
  const end = at + PREFIX_BYTES + Number.parseInt(prefix[1]!, 16) + 1;
  if (end > bytes.length || bytes[end - 1] !== LINE_FEED) return null;
  const sum = crc32(bytes.subarray(at + PREFIX_BYTES, end - 1));
  return sum === Number.parseInt(prefix[2]!, 16) ? end : null;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/**
 * A record of a destination's spool, little-endian:
 *
 *     version u8 (1) | flags u8 | 2 zero bytes | key u32 | samples u32 | at f64 | Snappy block of a prometheus.WriteRequest
 *
 * `key` is the same for all scrapes of a target, so that what is sent by key keeps the order of each series; `at` is the
 * time of the scrape in Unix milliseconds. The one flag, 1, says that histograms with custom buckets are among the samples.
 */
export interface SpoolRecord {
  readonly key: number;
  readonly samples: number;
  readonly at: number;
  readonly hasCustomBuckets: boolean;
  readonly block: Uint8Array;
}

const VERSION = 1;
const CUSTOM_BUCKETS = 1;
const HEAD_BYTES = 20;

export function encodeRecord({ key, samples, at, hasCustomBuckets, block }: SpoolRecord): Uint8Array {
  const bytes = Buffer.alloc(HEAD_BYTES + block.length);
  bytes.writeUInt8(VERSION, 0);
  bytes.writeUInt8(hasCustomBuckets ? CUSTOM_BUCKETS : 0, 1);
  bytes.writeUInt32LE(key >>> 0, 4);
  bytes.writeUInt32LE(samples, 8);
  bytes.writeDoubleLE(at, 12);
  bytes.set(block, HEAD_BYTES);
  return bytes;
}

/** The block is a view. Undefined for a record that this version cannot read. */
export function decodeRecord(record: Uint8Array): SpoolRecord | undefined {
  if (record.length <= HEAD_BYTES || record[0] !== VERSION) return undefined;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  return {
    key: view.getUint32(4, true),
    samples: view.getUint32(8, true),
    at: view.getFloat64(12, true),
    hasCustomBuckets: (view.getUint8(1) & CUSTOM_BUCKETS) !== 0,
    block: record.subarray(HEAD_BYTES),
  };
}

import { decodeSnappy, decodeWriteRequest, encodeSnappy, type Labels } from '@nightshift/wire';

/** What has to be known of a series from one scrape to the next. */
export interface RestingSeries {
  /** As EncodedLabels has them. */
  readonly bytes: string;
  /** The exemplar that it showed last without a time of its own. */
  readonly shown: string;
}

/**
 * Series of a target as one Snappy block, which takes a small part of their memory as objects. In it, for each: length of
 * the labels u32, of the exemplar u32 (little-endian), and both, the exemplar as UTF-16.
 */
export function packSeries(series: readonly RestingSeries[]): Uint8Array {
  const size = series.reduce((sum, { bytes, shown }) => sum + 8 + bytes.length + shown.length * 2, 0);
  const plain = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { bytes, shown } of series) {
    plain.writeUInt32LE(bytes.length, at);
    plain.writeUInt32LE(shown.length * 2, at + 4);
    at += 8;
    at += plain.write(bytes, at, 'latin1');
    at += plain.write(shown, at, 'utf16le');
  }
  return encodeSnappy(plain).slice();
}

/** The exemplars by the bytes of their series, in the order in which they were packed. */
export function unpackSeries(packed: Uint8Array): Map<string, string> {
  const { buffer, byteOffset, byteLength } = decodeSnappy(packed, Number.MAX_SAFE_INTEGER);
  const plain = Buffer.from(buffer, byteOffset, byteLength);
  const found = new Map<string, string>();
  for (let at = 0; at < plain.length; ) {
    const labelsEnd = at + 8 + plain.readUInt32LE(at);
    const end = labelsEnd + plain.readUInt32LE(at + 4);
    found.set(plain.toString('latin1', at + 8, labelsEnd), plain.toString('utf16le', labelsEnd, end));
    at = end;
  }
  return found;
}

/** The labels that EncodedLabels made the bytes of: those of a request that has this series only. */
export function labelsOf(bytes: string): Labels {
  const head = [0x0a];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>>= 7) head.push((rest & 0x7f) | 0x80);
  head.push(rest);
  const request = Buffer.concat([Buffer.from(head), Buffer.from(bytes, 'latin1')]);
  return decodeWriteRequest(request).series[0] as Labels;
}

import { decodeSnappy, encodeSnappy } from '@nightshift/wire';

/** What has to be known of a series from one scrape to the next. */
export interface RestingSeries {
  /** As it stood in the answer. */
  readonly text: string;
  /** As EncodedLabels has them; '' for a series that relabelling drops. */
  readonly bytes: string;
  /** The exemplar that it showed last without a time of its own. */
  readonly shown: string;
  /** Whether its end is to be marked. */
  readonly isTracked: boolean;
}

const WORDS = 3;

/** Set in the word of the exemplar's length. */
const TRACKED = 0x80000000;

/**
 * Series of a target as one Snappy block, which takes a small part of their memory as objects. In it, in the byte order of
 * the machine: how many there are (u32), 1 if the texts are UTF-16 and 0 if they are Latin-1 (u32), for each series the
 * length of its text, of its bytes and of its exemplar, in characters (u32 each, the highest bit of the last: tracked),
 * then all texts, all bytes (Latin-1), and all exemplars (UTF-16).
 */
export function packSeries(series: readonly RestingSeries[]): Uint8Array {
  const head = new Uint32Array(2 + series.length * WORDS);
  let texts = '';
  let bytes = '';
  let shown = '';
  head[0] = series.length;
  series.forEach((one, i) => {
    const at = 2 + i * WORDS;
    head[at] = one.text.length;
    head[at + 1] = one.bytes.length;
    head[at + 2] = (one.shown.length | (one.isTracked ? TRACKED : 0)) >>> 0;
    texts += one.text;
    bytes += one.bytes;
    shown += one.shown;
  });
  const isLatin = /^[\0-\xff]*$/.test(texts);
  head[1] = isLatin ? 0 : 1;
  const plain = Buffer.concat([
    new Uint8Array(head.buffer),
    Buffer.from(texts, isLatin ? 'latin1' : 'utf16le'),
    Buffer.from(bytes, 'latin1'),
    Buffer.from(shown, 'utf16le'),
  ]);
  return encodeSnappy(plain).slice();
}

/** In the order in which they were packed. The strings share their memory, so they are for one scrape only. */
export function unpackSeries(packed: Uint8Array): RestingSeries[] {
  const { buffer, byteOffset, byteLength } = decodeSnappy(packed, Number.MAX_SAFE_INTEGER);
  const plain = Buffer.from(buffer, byteOffset, byteLength);
  const [count = 0, wide = 0] = new Uint32Array(buffer, byteOffset, 2);
  const head = new Uint32Array(buffer, byteOffset + 8, count * WORDS);
  let textLength = 0;
  let bytesLength = 0;
  for (let at = 0; at < head.length; at += WORDS) {
    textLength += head[at]!;
    bytesLength += head[at + 1]!;
  }
  const textsAt = 8 + head.byteLength;
  const bytesAt = textsAt + textLength * (wide === 1 ? 2 : 1);
  const texts = plain.toString(wide === 1 ? 'utf16le' : 'latin1', textsAt, bytesAt);
  const bytes = plain.toString('latin1', bytesAt, bytesAt + bytesLength);
  const shown = plain.toString('utf16le', bytesAt + bytesLength);
  const found: RestingSeries[] = [];
  let text = 0;
  let byte = 0;
  let exemplar = 0;
  for (let at = 0; at < head.length; at += WORDS) {
    const last = head[at + 2]!;
    const exemplarEnd = exemplar + (last & ~TRACKED);
    found.push({
      text: texts.slice(text, text + head[at]!),
      bytes: bytes.slice(byte, byte + head[at + 1]!),
      shown: shown.slice(exemplar, exemplarEnd),
      isTracked: last >= TRACKED,
    });
    text += head[at]!;
    byte += head[at + 1]!;
    exemplar = exemplarEnd;
  }
  return found;
}

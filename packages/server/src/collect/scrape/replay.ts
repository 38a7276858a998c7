import { isAscii } from 'node:buffer';
import { decodeSnappy, encodeSnappy, SnappyScratch } from '@nightshift/wire';
import { ExposedValue } from './exposed-value.ts';
import type { Exposition } from './fetch.ts';
import type { RestingSeries } from './packed-series.ts';

/** What one scrape made of an answer in which each series stood once and without a time. */
export interface Recorded {
  readonly answer: Exposition;
  /** The texts of its series, in their order. */
  readonly texts: readonly string[];
  /** Which of them relabelling keeps. */
  readonly kept: readonly boolean[];
  /** The prometheus.WriteRequest of those: a series each, with one sample of `at`. */
  readonly request: Uint8Array;
  readonly at: number;
}

/** In the length of a text: relabelling drops the series. */
const DROPPED = 0x80000000;

const HEAD_WORDS = 3;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const HASH = 0x23;

/** Of a sample's message behind its tag and length: the tag of the value, the value, and the tag of the time. */
const VALUE_TO_TIME = 9;

const scratch = new SnappyScratch();
const value = new ExposedValue();

/**
 * An answer and the request that was made of it. An answer that differs from it in nothing but its values, as most do, needs
 * no parsing: the request is the same but for its values and its times, which are written into a copy of it.
 *
 * It is kept as a Snappy block of, in the byte order of the machine: how many series there are, how long the answer is
 * without its values, and the request (u32 each); for each series the length of what stands in the answer between the value
 * before and its own (u32, the highest bit: dropped), and that of what stands behind the last; the answer without its
 * values; the request.
 */
export class Replay {
  readonly #block: Uint8Array;
  readonly #contentType: string;
  readonly #timeBytes: number;
  /** Series of the answer, and of those the ones that relabelling keeps. */
  readonly scraped: number;
  readonly afterRelabelling: number;

  private constructor(plain: Uint8Array, { answer, texts, kept, at }: Recorded) {
    this.#block = encodeSnappy(plain).slice();
    this.#contentType = answer.contentType;
    this.#timeBytes = varint(at).length;
    this.scraped = texts.length;
    this.afterRelabelling = kept.filter(Boolean).length;
  }

  /** Undefined for an answer that has anything but series with a value each. */
  static of(recorded: Recorded): Replay | undefined {
    const { answer, texts, kept, request } = recorded;
    const { body } = answer;
    if (!isAscii(body)) return undefined;
    const lengths = new Uint32Array(texts.length + 1);
    const skeleton = new Uint8Array(body.length);
    let size = 0;
    let pos = 0;
    for (const [i, text] of texts.entries()) {
      const start = pos;
      pos = afterSeries(body, pos, text);
      if (pos < 0) return undefined;
      skeleton.set(body.subarray(start, pos), size);
      size += pos - start;
      lengths[i] = ((pos - start) | (kept[i] ? 0 : DROPPED)) >>> 0;
      pos = value.read(body, pos);
      if (pos < 0 || (pos < body.length && body[pos] !== NEWLINE)) return undefined;
    }
    skeleton.set(body.subarray(pos), size);
    lengths[texts.length] = body.length - pos;
    size += body.length - pos;
    const head = Uint32Array.of(texts.length, size, request.length);
    const parts = [new Uint8Array(head.buffer), new Uint8Array(lengths.buffer), skeleton.subarray(0, size), request];
    return new Replay(Buffer.concat(parts), recorded);
  }

  /**
   * The request that is made of an answer, with `more` behind it. Undefined for an answer that differs in more than its
   * values, which has to be parsed.
   */
  run({ body, contentType }: Exposition, at: number, more: Uint8Array): Uint8Array | undefined {
    const time = varint(at);
    if (contentType !== this.#contentType || time.length !== this.#timeBytes) return undefined;
    const { lengths, skeleton, request } = this.#open();
    const out = new Uint8Array(request.length + more.length);
    out.set(request);
    out.set(more, request.length);
    const view = new DataView(out.buffer);
    let from = 0;
    let pos = 0;
    let to = 0;
    for (let i = 0; i <= this.scraped; i++) {
      const length = lengths[i]!;
      const end = from + (length & ~DROPPED);
      for (; from < end; from++, pos++) if (skeleton[from] !== body[pos]) return undefined;
      if (i === this.scraped) break;
      pos = value.read(body, pos);
      if (pos < 0) return undefined;
      if (length >= DROPPED) continue;
      to = endOfMessage(out, to);
      view.setFloat64(to - time.length - VALUE_TO_TIME, value.value, true);
      for (let j = 0, t = to - time.length; j < time.length; j++) out[t + j] = time[j]!;
    }
    return pos === body.length ? out : undefined;
  }

  /** What is known of the series, for an answer that has to be parsed. */
  series(): RestingSeries[] {
    const { lengths, skeleton, request } = this.#open();
    const texts = Buffer.from(skeleton).toString('latin1');
    const bytes = Buffer.from(request).toString('latin1');
    const found: RestingSeries[] = [];
    let at = 0;
    let message = 0;
    for (let i = 0; i < lengths.length - 1; i++) {
      at += lengths[i]! & ~DROPPED;
      const text = texts.slice(texts.lastIndexOf('\n', at - 1) + 1, at).trim();
      const isTracked = lengths[i]! < DROPPED;
      let labels = '';
      if (isTracked) {
        const start = contentOfMessage(request, message);
        message = endOfMessage(request, message);
        // Behind the labels: tag and length of the sample, tag and value, tag and time.
        labels = bytes.slice(start, message - this.#timeBytes - VALUE_TO_TIME - 3);
      }
      found.push({ text, bytes: labels, shown: '', isTracked });
    }
    return found;
  }

  /** Views that are valid until the next one is opened. */
  #open(): { lengths: Uint32Array; skeleton: Uint8Array; request: Uint8Array } {
    const plain = decodeSnappy(this.#block, Number.MAX_SAFE_INTEGER, scratch);
    const [count = 0, size = 0] = new Uint32Array(plain.buffer, 0, HEAD_WORDS);
    const lengths = new Uint32Array(plain.buffer, HEAD_WORDS * 4, count + 1);
    const start = HEAD_WORDS * 4 + lengths.byteLength;
    return { lengths, skeleton: plain.subarray(start, start + size), request: plain.subarray(start + size) };
  }
}

/** Where the value of the next series begins; -1 where another series is next, or none. */
function afterSeries(body: Uint8Array, from: number, text: string): number {
  let pos = from;
  for (; pos < body.length; pos++) {
    const code = body[pos]!;
    if (code === HASH) {
      pos = body.indexOf(NEWLINE, pos);
      if (pos < 0) return -1;
    } else if (code !== NEWLINE) break;
  }
  for (let i = 0; i < text.length; i++) if (body[pos + i] !== text.charCodeAt(i)) return -1;
  pos += text.length;
  if (body[pos] !== SPACE && body[pos] !== TAB) return -1;
  while (body[pos] === SPACE || body[pos] === TAB) pos++;
  return pos;
}

/** A message has a tag of one byte and its length as a varint in front. */
function contentOfMessage(bytes: Uint8Array, start: number): number {
  let pos = start + 1;
  while (bytes[pos]! >= 0x80) pos++;
  return pos + 1;
}

function endOfMessage(bytes: Uint8Array, start: number): number {
  let size = 0;
  let pos = start + 1;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[pos++]!;
    size |= (byte & 0x7f) << shift;
    if (byte < 0x80) return pos + size;
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}

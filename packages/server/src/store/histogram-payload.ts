/**
 * A native histogram as bytes, for the head and the table `histograms`, little-endian:
 *
 *     flags u8 | schema i8 | sum f64 | count | [threshold f64 | zero count] | positive | [negative] | [bounds]
 *     buckets: runs varint | for each run: gap zigzag varint | length varint | then the counts of all
 *     bounds:  number varint | f64 each
 *
 * flags: 1 the counts are whole (varint instead of f64), 2 and 4 the reset hint (0 unknown, 2 reset, 4 gauge), 8 it has a
 * zero bucket, 16 negative buckets, 32 bounds; 64 and 128 are 0. A gap is the index of the first bucket of a run less the one
 * behind the run before, which is 0 in front of the first. Counts are as they are, not differences: neighbours in time then
 * have most bytes alike, which is what the table's compression lives on.
 */
import { type HistogramBuckets, type NativeHistogram, NO_BOUNDS, NO_BUCKETS } from '@nightshift/wire';

const INTEGER = 1;
const RESET = 2;
const GAUGE = 4;
const ZERO = 8;
const NEGATIVE = 16;
const BOUNDS = 32;
const UNKNOWN_FLAGS = 192;

/** A varint of a number up to 2^53. */
const VARINT_BYTES = 8;

class PayloadWriter {
  bytes = new Uint8Array(1024);
  view = new DataView(this.bytes.buffer);
  at = 0;

  begin(most: number): void {
    this.at = 0;
    if (this.bytes.length >= most) return;
    this.bytes = new Uint8Array(2 * most);
    this.view = new DataView(this.bytes.buffer);
  }

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  double(value: number): void {
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  varint(value: number): void {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.bytes[this.at++] = (rest % 128) | 128;
    this.bytes[this.at++] = rest;
  }

  count(value: number, isInteger: boolean): void {
    if (isInteger) this.varint(value);
    else this.double(value);
  }

  buckets({ indexes, counts }: HistogramBuckets, isInteger: boolean): void {
    this.varint(runsOf(indexes));
    let next = 0;
    for (let from = 0; from < indexes.length; ) {
      const to = endOfRun(indexes, from);
      const gap = indexes[from]! - next;
      this.varint(gap < 0 ? -2 * gap - 1 : 2 * gap);
      this.varint(to - from);
      next = indexes[to - 1]! + 1;
      from = to;
    }
    for (const count of counts) this.count(count, isInteger);
  }
}

function endOfRun(indexes: Int32Array, from: number): number {
  let to = from + 1;
  while (to < indexes.length && indexes[to] === indexes[to - 1]! + 1) to++;
  return to;
}

function runsOf(indexes: Int32Array): number {
  let runs = 0;
  for (let from = 0; from < indexes.length; from = endOfRun(indexes, from)) runs++;
  return runs;
}

const allWhole = ({ counts }: HistogramBuckets): boolean => counts.every(isWhole);
const isWhole = (count: number): boolean => Number.isSafeInteger(count) && count >= 0 && !Object.is(count, -0);

const writer = new PayloadWriter();

/**
 * The payload of a histogram: a view, good until the next one is encoded. That there was no reset before it is not kept: it is
 * worth something only as long as nothing between the two was lost, and is found out again when it is wanted.
 */
export function encodeHistogram(histogram: NativeHistogram): Uint8Array {
  const { schema, count, sum, zeroThreshold, zeroCount, positive, negative, bounds, resetHint } = histogram;
  const isInteger =
    histogram.isInteger === true && isWhole(count) && isWhole(zeroCount) && allWhole(positive) && allWhole(negative);
  const hasZero = zeroThreshold !== 0 || zeroCount !== 0;
  const buckets = positive.indexes.length + negative.indexes.length;
  writer.begin(64 + buckets * (2 * VARINT_BYTES + 8) + bounds.length * 8);
  writer.byte(
    (isInteger ? INTEGER : 0) |
      (resetHint === 'reset' ? RESET : resetHint === 'gauge' ? GAUGE : 0) |
      (hasZero ? ZERO : 0) |
      (negative.indexes.length > 0 ? NEGATIVE : 0) |
      (bounds.length > 0 ? BOUNDS : 0),
  );
  writer.byte(schema & 255);
  writer.double(sum);
  writer.count(count, isInteger);
  if (hasZero) {
    writer.double(zeroThreshold);
    writer.count(zeroCount, isInteger);
  }
  writer.buckets(positive, isInteger);
  if (negative.indexes.length > 0) writer.buckets(negative, isInteger);
  if (bounds.length > 0) {
    writer.varint(bounds.length);
    for (const bound of bounds) writer.double(bound);
  }
  return writer.bytes.subarray(0, writer.at);
}

class PayloadReader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    if (this.left < 1) throw new RangeError('it ends early');
    return this.bytes[this.at++]!;
  }

  double(): number {
    if (this.left < 8) throw new RangeError('it ends early');
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  varint(): number {
    let value = 0;
    for (let power = 1; ; power *= 128) {
      const byte = this.byte();
      value += (byte & 127) * power;
      if (byte < 128) return value;
    }
  }

  count(isInteger: boolean): number {
    return isInteger ? this.varint() : this.double();
  }

  buckets(isInteger: boolean): HistogramBuckets {
    const runs = this.varint();
    if (runs === 0) return NO_BUCKETS;
    const start = this.at;
    let buckets = 0;
    for (let run = 0; run < runs; run++) {
      this.varint();
      buckets += this.varint();
    }
    // Each takes a byte at least.
    if (buckets > this.left) throw new RangeError('it has more buckets than bytes');
    this.at = start;
    const indexes = new Int32Array(buckets);
    let next = 0;
    for (let run = 0, i = 0; run < runs; run++) {
      const raw = this.varint();
      next += raw % 2 === 1 ? -(raw + 1) / 2 : raw / 2;
      for (let left = this.varint(); left > 0; left--) indexes[i++] = next++;
    }
    const counts = new Float64Array(buckets);
    for (let i = 0; i < buckets; i++) counts[i] = this.count(isInteger);
    return { indexes, counts };
  }

  bounds(): Float64Array {
    const length = this.varint();
    if (length * 8 > this.left) throw new RangeError('it ends early');
    const bounds = new Float64Array(length);
    for (let i = 0; i < length; i++) bounds[i] = this.double();
    return bounds;
  }
}

/** The histogram of a payload, which owns its memory. @throws Error where the bytes are none. */
export function decodeHistogram(payload: Uint8Array): NativeHistogram {
  const reader = new PayloadReader(payload);
  try {
    return readHistogram(reader);
  } catch (error) {
    throw new Error(`a stored histogram is damaged: ${error instanceof Error ? error.message : error}`);
  }
}

function readHistogram(reader: PayloadReader): NativeHistogram {
  const flags = reader.byte();
  if ((flags & UNKNOWN_FLAGS) !== 0) throw new RangeError(`its flags are ${flags}`);
  const isInteger = (flags & INTEGER) !== 0;
  const schema = (reader.byte() << 24) >> 24;
  const sum = reader.double();
  const count = reader.count(isInteger);
  const zeroThreshold = flags & ZERO ? reader.double() : 0;
  const zeroCount = flags & ZERO ? reader.count(isInteger) : 0;
  const positive = reader.buckets(isInteger);
  const negative = flags & NEGATIVE ? reader.buckets(isInteger) : NO_BUCKETS;
  const bounds = flags & BOUNDS ? reader.bounds() : NO_BOUNDS;
  if (reader.left > 0) throw new RangeError(`${reader.left} bytes are left`);
  const resetHint = flags & RESET ? 'reset' : flags & GAUGE ? 'gauge' : 'unknown';
  return {
    ...(isInteger && { isInteger }),
    ...{ schema, count, sum, zeroThreshold, zeroCount, positive, negative, bounds, resetHint },
  };
}

/** What a histogram takes in memory, about. */
export const bytesOfHistogram = ({ positive, negative, bounds }: NativeHistogram): number =>
  600 + 12 * (positive.indexes.length + negative.indexes.length) + 8 * bounds.length;

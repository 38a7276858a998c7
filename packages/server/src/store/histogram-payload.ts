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
  const hasZero = !Object.is(zeroThreshold, 0) || !Object.is(zeroCount, 0);
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

/** Counts of several histograms in one piece of memory: an array of its own for each costs more than to decode it. */
const COUNTS = 4096;

/**
 * Decodes histograms one after the other. Those of a series mostly have the same buckets as the one before: then they share
 * the array of indexes, which also tells the evaluator that they are the same.
 */
export class HistogramDecoder {
  private bytes: Uint8Array = new Uint8Array();
  private view: DataView = new DataView(this.bytes.buffer);
  private at = 0;
  private readonly lastPositive = new LastIndexes();
  private readonly lastNegative = new LastIndexes();
  private space = new Float64Array();
  private used = 0;

  /** The histogram of a payload, which is not needed afterwards. @throws Error where the bytes are none */
  decode(payload: Uint8Array): NativeHistogram {
    if (payload.buffer !== this.view.buffer) this.view = new DataView(payload.buffer);
    this.bytes = payload;
    this.at = 0;
    try {
      return this.histogram();
    } catch (error) {
      throw new Error(`a stored histogram is damaged: ${error instanceof Error ? error.message : error}`);
    }
  }

  private histogram(): NativeHistogram {
    const flags = this.byte();
    if ((flags & UNKNOWN_FLAGS) !== 0) throw new RangeError(`its flags are ${flags}`);
    const isInteger = (flags & INTEGER) !== 0;
    const schema = (this.byte() << 24) >> 24;
    const sum = this.double();
    const count = this.count(isInteger);
    const zeroThreshold = flags & ZERO ? this.double() : 0;
    const zeroCount = flags & ZERO ? this.count(isInteger) : 0;
    const positive = this.buckets(isInteger, this.lastPositive);
    const negative = flags & NEGATIVE ? this.buckets(isInteger, this.lastNegative) : NO_BUCKETS;
    const bounds = flags & BOUNDS ? this.bounds() : NO_BOUNDS;
    if (this.at < this.bytes.length) throw new RangeError(`${this.bytes.length - this.at} bytes are left`);
    const resetHint = flags & RESET ? 'reset' : flags & GAUGE ? 'gauge' : 'unknown';
    if (!isInteger) return { schema, count, sum, zeroThreshold, zeroCount, positive, negative, bounds, resetHint };
    return { isInteger, schema, count, sum, zeroThreshold, zeroCount, positive, negative, bounds, resetHint };
  }

  private byte(): number {
    if (this.at >= this.bytes.length) throw new RangeError('it ends early');
    return this.bytes[this.at++]!;
  }

  private double(): number {
    if (this.at + 8 > this.bytes.length) throw new RangeError('it ends early');
    this.at += 8;
    return this.view.getFloat64(this.bytes.byteOffset + this.at - 8, true);
  }

  private varint(): number {
    let byte = this.byte();
    if (byte < 128) return byte;
    let value = byte & 127;
    for (let power = 128; ; power *= 128) {
      byte = this.byte();
      value += (byte & 127) * power;
      if (byte < 128) return value;
    }
  }

  private count(isInteger: boolean): number {
    return isInteger ? this.varint() : this.double();
  }

  private buckets(isInteger: boolean, last: LastIndexes): HistogramBuckets {
    const start = this.at;
    const runs = this.varint();
    if (runs === 0) return NO_BUCKETS;
    const { bytes } = this;
    if (last.stands(bytes, start)) this.at = start + last.size;
    else {
      const end = this.passRuns(runs);
      last.keep(bytes.slice(start, end), this.indexes(start));
    }
    const { indexes } = last;
    const counts = this.room(indexes.length);
    for (let i = 0; i < counts.length; i++) counts[i] = this.count(isInteger);
    return { indexes, counts };
  }

  /** Goes behind the runs, and says where that is. @throws RangeError where they are more than can be */
  private passRuns(runs: number): number {
    let buckets = 0;
    for (let run = 0; run < runs; run++) {
      this.varint();
      buckets += this.varint();
    }
    // Each count takes a byte at least.
    if (buckets > this.bytes.length - this.at) throw new RangeError('it has more buckets than bytes');
    return this.at;
  }

  /** Of the runs that begin at `start` and end here. */
  private indexes(start: number): Int32Array<ArrayBuffer> {
    const found: number[] = [];
    this.at = start;
    let next = 0;
    for (let run = this.varint(); run > 0; run--) {
      const raw = this.varint();
      next += raw % 2 === 1 ? -(raw + 1) / 2 : raw / 2;
      for (let left = this.varint(); left > 0; left--) found.push(next++);
    }
    return Int32Array.from(found);
  }

  private room(length: number): Float64Array {
    if (this.used + length > this.space.length) {
      this.space = new Float64Array(Math.max(length, COUNTS));
      this.used = 0;
    }
    this.used += length;
    return this.space.subarray(this.used - length, this.used);
  }

  private bounds(): Float64Array {
    const length = this.varint();
    if (length * 8 > this.bytes.length - this.at) throw new RangeError('it ends early');
    const bounds = new Float64Array(length);
    for (let i = 0; i < length; i++) bounds[i] = this.double();
    return bounds;
  }
}

/** The runs that were read last, and the indexes that they stand for. */
class LastIndexes {
  indexes = new Int32Array();
  private runs = new Uint8Array();

  get size(): number {
    return this.runs.length;
  }

  keep(runs: Uint8Array<ArrayBuffer>, indexes: Int32Array<ArrayBuffer>): void {
    this.runs = runs;
    this.indexes = indexes;
  }

  /** Whether the same runs stand there, with counts behind them. */
  stands(bytes: Uint8Array, at: number): boolean {
    const { runs } = this;
    if (runs.length === 0 || at + runs.length + this.indexes.length > bytes.length) return false;
    for (let i = 0; i < runs.length; i++) if (bytes[at + i] !== runs[i]) return false;
    return true;
  }
}

/** What a histogram takes in memory, about. */
export const bytesOfHistogram = ({ positive, negative, bounds }: NativeHistogram): number =>
  600 + 12 * (positive.indexes.length + negative.indexes.length) + 8 * bounds.length;

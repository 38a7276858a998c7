/**
 * The samples of one series in one hour as bytes, `data` of a row of `packed_samples`: chunks one behind the other, in
 * order of time. A chunk, all numbers little-endian:
 *
 *     bytes 0–1    count, up to 256
 *     byte 2       bytes of each time offset: 0, 1, 2 or 4 (bits 0–3), kind of the values (bits 4–7)
 *     byte 3       decimals, 0 to 3
 *     bytes 4–7    base of the times, milliseconds of the hour, signed
 *     bytes 8–11   interval in milliseconds
 *     bytes 12–19  base of the values, a double
 *     bytes 20–27  step of the values, a double
 *     then         the offsets of the times, then what belongs to each value
 *
 * Time i is `base + i * interval + offset[i]`. Values by kind:
 *
 *     0         all have the bits of the base
 *     1, 2, 3   (base + offset[i]) / 10 ** decimals, offsets in 1, 2 or 4 bytes
 *     4–7       (base + sum over 1 <= k <= i of (step + offset[k])) / 10 ** decimals, offsets in 0, 1, 2 or 4 bytes
 *     8         doubles as they came: the first byte of all of them, then the second of all, up to the eighth
 *
 * Kinds 1 to 7 are used where they give back the very bits. The head packs by the same idea (../head-chunk.ts); this
 * layout is on disks, that one may change with every version.
 */
import type { Columns } from '../head-chunk.ts';
import { wordsOf } from '../sample-columns.ts';

/** Samples of a chunk at most. */
export const CHUNK = 256;
const HEADER = 28;
/** Chunks of doubles are not cut any smaller: what is gained would go into headers. */
const LEAST_CUT = 32;

const SAME = 0;
const OFFSETS = 1;
const STEPS = 4;
const DOUBLES = 8;

const POWERS = [1, 10, 100, 1000] as const;
/** Beyond this not every whole number is a double. */
const LARGEST = 2 ** 52;

/** Bytes by kind of offsets: none, 1, 2, 4. */
const WIDTHS = [0, 1, 2, 4] as const;
const TOO_LARGE = 4;
/** Kind of offsets by the largest of them. */
const kindFor = (most: number): number =>
  most === 0 ? 0 : most < 256 ? 1 : most < 65_536 ? 2 : most < 2 ** 32 ? 3 : TOO_LARGE;

function valueBytes(kind: number, count: number): number {
  if (kind === DOUBLES) return 8 * count;
  return WIDTHS[(kind < STEPS ? kind : kind - STEPS) as 0 | 1 | 2 | 3] * count;
}

/** How some samples of a series are to be written. */
interface Plan {
  readonly from: number;
  readonly to: number;
  readonly kind: number;
  readonly decimals: number;
}

/** A pack, where it lies: bytes from <= i < to. Empty for a series without a sample. */
export interface Pack {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

export class Packer {
  private bytes = new Uint8Array(64 * 1024);
  private view = new DataView(this.bytes.buffer);
  private length = 0;
  private readonly scaled = new Float64Array(CHUNK);
  private times: Float64Array = this.scaled;
  private values: Float64Array = this.scaled;
  private words: Uint32Array = new Uint32Array();

  /** `times` are Unix milliseconds, whole and ascending, all in the hour that begins at `hourStart`. A view that the next call overwrites. */
  pack(times: Float64Array, values: Float64Array, hourStart: number): Uint8Array {
    this.times = times;
    this.values = values;
    this.words = wordsOf(values);
    this.length = 0;
    for (let from = 0; from < times.length; from += CHUNK) {
      for (const plan of this.plan(from, Math.min(times.length, from + CHUNK))) this.write(plan, hourStart);
    }
    return this.bytes.subarray(0, this.length);
  }

  /** Where a part of the samples are whole numbers and others are not, they are cut. */
  private plan(from: number, to: number): Plan[] {
    const { kind, decimals } = this.planValues(from, to);
    if (kind !== DOUBLES || to - from < 2 * LEAST_CUT) return [{ from, to, kind, decimals }];
    const middle = (from + to) >>> 1;
    const halves = [...this.plan(from, middle), ...this.plan(middle, to)];
    return halves.every((half) => half.kind === DOUBLES) ? [{ from, to, kind, decimals }] : halves;
  }

  private planValues(from: number, to: number): { kind: number; decimals: number } {
    const words = this.words;
    let i = from + 1;
    while (i < to && words[2 * i] === words[2 * from] && words[2 * i + 1] === words[2 * from + 1]) i++;
    if (i === to) return { kind: SAME, decimals: 0 };
    for (let decimals = 0; decimals < POWERS.length; decimals++) {
      if (!this.scale(from, to, POWERS[decimals]!)) continue;
      const offsets = spread(this.scaled, 0, to - from);
      const steps = stepSpread(this.scaled, to - from);
      const narrow = kindFor(Math.min(steps, offsets));
      if (narrow === TOO_LARGE) break;
      return { kind: steps < offsets ? narrow + STEPS : narrow, decimals };
    }
    return { kind: DOUBLES, decimals: 0 };
  }

  /** The values as whole numbers of `1 / power`; false if they are not that. */
  private scale(from: number, to: number, power: number): boolean {
    const scaled = this.scaled;
    const values = this.values;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      const whole = Math.round(value * power);
      if (whole / power !== value || !(whole < LARGEST && whole > -LARGEST)) return false;
      if (whole === 0 && Object.is(value, -0)) return false;
      scaled[i - from] = whole;
    }
    return true;
  }

  private write({ from, to, kind, decimals }: Plan, hourStart: number): void {
    const times = this.times;
    const count = to - from;
    const interval = count > 1 ? Math.floor((times[to - 1]! - times[from]!) / (count - 1)) : 0;
    let least = 0;
    let most = 0;
    for (let i = 1; i < count; i++) {
      const offset = times[from + i]! - times[from]! - i * interval;
      if (offset < least) least = offset;
      if (offset > most) most = offset;
    }
    const timeWidth = WIDTHS[kindFor(most - least) as 0 | 1 | 2 | 3];
    this.reserve(HEADER + timeWidth * count + valueBytes(kind, count));
    const { view } = this;
    const at = this.length;
    view.setUint16(at, count, true);
    view.setUint8(at + 2, timeWidth | (kind << 4));
    view.setUint8(at + 3, decimals);
    view.setInt32(at + 4, times[from]! - hourStart + least, true);
    view.setUint32(at + 8, interval, true);
    this.length += HEADER;
    for (let i = 0; i < count; i++) this.number(times[from + i]! - times[from]! - i * interval - least, timeWidth);
    this.writeValues(at, from, to, kind, decimals);
  }

  private writeValues(header: number, from: number, to: number, kind: number, decimals: number): void {
    const { view, words } = this;
    view.setFloat64(header + 12, 0, true);
    view.setFloat64(header + 20, 0, true);
    if (kind === SAME) {
      view.setUint32(header + 12, words[2 * from]!, true);
      view.setUint32(header + 16, words[2 * from + 1]!, true);
    } else if (kind === DOUBLES) this.writePlanes(from, to);
    else {
      this.scale(from, to, POWERS[decimals as 0 | 1 | 2 | 3]);
      if (kind < STEPS) this.writeOffsets(header, to - from, WIDTHS[kind as 1 | 2 | 3]);
      else this.writeSteps(header, to - from, WIDTHS[(kind - STEPS) as 0 | 1 | 2 | 3]);
    }
  }

  private writeOffsets(header: number, count: number, width: number): void {
    const base = this.scaled.subarray(0, count).reduce((least, value) => Math.min(least, value));
    this.view.setFloat64(header + 12, base, true);
    for (let i = 0; i < count; i++) this.number(this.scaled[i]! - base, width);
  }

  private writeSteps(header: number, count: number, width: number): void {
    const { scaled, view } = this;
    let step = Number.POSITIVE_INFINITY;
    for (let i = 1; i < count; i++) step = Math.min(step, scaled[i]! - scaled[i - 1]!);
    view.setFloat64(header + 12, scaled[0]!, true);
    view.setFloat64(header + 20, step, true);
    this.number(0, width);
    for (let i = 1; i < count; i++) this.number(scaled[i]! - scaled[i - 1]! - step, width);
  }

  private writePlanes(from: number, to: number): void {
    const { words, bytes } = this;
    for (let plane = 0; plane < 8; plane++) {
      const half = plane >>> 2;
      const shift = 8 * (plane & 3);
      for (let i = from; i < to; i++) bytes[this.length++] = words[2 * i + half]! >>> shift;
    }
  }

  private number(value: number, width: number): void {
    const { view } = this;
    if (width === 1) view.setUint8(this.length, value);
    else if (width === 2) view.setUint16(this.length, value, true);
    else if (width === 4) view.setUint32(this.length, value, true);
    this.length += width;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

/** The largest above the least. */
function spread(numbers: Float64Array, from: number, to: number): number {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) {
    const number = numbers[i]!;
    if (number < least) least = number;
    if (number > most) most = number;
  }
  return most - least;
}

/** The same of what each is above the one before it. */
function stepSpread(numbers: Float64Array, count: number): number {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 1; i < count; i++) {
    const step = numbers[i]! - numbers[i - 1]!;
    if (step < least) least = step;
    if (step > most) most = step;
  }
  return most - least;
}

const uint16 = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);
const uint32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

const scratch = new Float64Array(1);
const scratchWords = wordsOf(scratch);

function double(bytes: Uint8Array, at: number): number {
  scratchWords[0] = uint32(bytes, at);
  scratchWords[1] = uint32(bytes, at + 4);
  return scratch[0]!;
}

/** Bytes of the chunk that begins at `at`. */
function sizeOf(bytes: Uint8Array, at: number): number {
  const count = uint16(bytes, at);
  const kinds = bytes[at + 2]!;
  return HEADER + (kinds & 15) * count + valueBytes(kinds >>> 4, count);
}

/** Samples of the pack in bytes from <= i < to. */
export function countOf(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += sizeOf(bytes, at)) count += uint16(bytes, at);
  return count;
}

/** Unpacks the times of the bytes from <= i < to to this place and says how many they are. */
export function unpackTimes(
  bytes: Uint8Array,
  from: number,
  to: number,
  hourStart: number,
  into: Float64Array,
  offset: number,
): number {
  let samples = 0;
  for (let at = from; at < to; at += sizeOf(bytes, at)) {
    const count = uint16(bytes, at);
    readTimes(bytes, at, count, bytes[at + 2]! & 15, hourStart, into, offset + samples);
    samples += count;
  }
  return samples;
}

/** The same of the values. */
export function unpackValues(bytes: Uint8Array, from: number, to: number, into: Columns, offset: number): number {
  let samples = 0;
  for (let at = from; at < to; at += sizeOf(bytes, at)) {
    const count = uint16(bytes, at);
    readValues(bytes, at, at + HEADER + (bytes[at + 2]! & 15) * count, count, into, offset + samples);
    samples += count;
  }
  return samples;
}

/** Whether all values are numbers, as far as that can be told without unpacking them. */
export function hasNumbersOnly({ bytes, from, to }: Pack): boolean {
  for (let at = from; at < to; at += sizeOf(bytes, at)) {
    const kind = bytes[at + 2]! >>> 4;
    if (kind === DOUBLES) return false;
    // All bits of the exponent are set in NaN and in infinity.
    if (kind === SAME && (bytes[at + 19]! & 127) === 127 && bytes[at + 18]! >= 240) return false;
  }
  return true;
}

/** Whether two packs have the very same times, in milliseconds of the hour. False for some that do but are cut differently. */
export function haveSameTimes(a: Pack, b: Pack): boolean {
  let at = a.from;
  let other = b.from;
  while (at < a.to && other < b.to) {
    const width = a.bytes[at + 2]! & 15;
    if (width !== (b.bytes[other + 2]! & 15) || !areEqual(a.bytes, at, b.bytes, other, 2)) return false;
    const count = uint16(a.bytes, at);
    if (!areEqual(a.bytes, at + 4, b.bytes, other + 4, 8)) return false;
    if (!areEqual(a.bytes, at + HEADER, b.bytes, other + HEADER, width * count)) return false;
    at += sizeOf(a.bytes, at);
    other += sizeOf(b.bytes, other);
  }
  return at === a.to && other === b.to;
}

function areEqual(a: Uint8Array, at: number, b: Uint8Array, other: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[at + i] !== b[other + i]) return false;
  return true;
}

const timeOf = (bytes: Uint8Array, header: number, i: number): number => {
  const width = bytes[header + 2]! & 15;
  const at = header + HEADER + width * i;
  const regular = (uint32(bytes, header + 4) | 0) + i * uint32(bytes, header + 8);
  if (width === 0) return regular;
  return regular + (width === 1 ? bytes[at]! : width === 2 ? uint16(bytes, at) : uint32(bytes, at));
};

/** First and last time of a pack that is not empty, in milliseconds of the hour. */
export function extentOf({ bytes, from, to }: Pack): { readonly first: number; readonly last: number } {
  let at = from;
  for (let next = at; next < to; next += sizeOf(bytes, next)) at = next;
  return { first: timeOf(bytes, from, 0), last: timeOf(bytes, at, uint16(bytes, at) - 1) };
}

function readTimes(
  bytes: Uint8Array,
  header: number,
  count: number,
  width: number,
  hourStart: number,
  into: Float64Array,
  offset: number,
): void {
  const base = hourStart + (uint32(bytes, header + 4) | 0);
  const interval = uint32(bytes, header + 8);
  const at = header + HEADER;
  if (width === 0) for (let i = 0; i < count; i++) into[offset + i] = base + i * interval;
  else if (width === 1) for (let i = 0; i < count; i++) into[offset + i] = base + i * interval + bytes[at + i]!;
  else if (width === 2)
    for (let i = 0; i < count; i++) into[offset + i] = base + i * interval + uint16(bytes, at + 2 * i);
  else for (let i = 0; i < count; i++) into[offset + i] = base + i * interval + uint32(bytes, at + 4 * i);
}

function readValues(bytes: Uint8Array, header: number, at: number, count: number, into: Columns, offset: number): void {
  const kind = bytes[header + 2]! >>> 4;
  if (kind === SAME) repeatBits(bytes, header + 12, count, into.words, offset);
  else if (kind === DOUBLES) readPlanes(bytes, at, count, into.words, offset);
  else {
    const power = POWERS[(bytes[header + 3]! & 3) as 0 | 1 | 2 | 3];
    const base = double(bytes, header + 12);
    if (kind < STEPS) readOffsets(bytes, at, kind - OFFSETS, base, count, into.values, offset);
    else readSteps(bytes, at, kind - STEPS, base, double(bytes, header + 20), count, into.values, offset);
    if (power > 1) for (let i = offset; i < offset + count; i++) into.values[i] = into.values[i]! / power;
  }
}

function repeatBits(bytes: Uint8Array, at: number, count: number, into: Uint32Array, offset: number): void {
  const low = uint32(bytes, at);
  const high = uint32(bytes, at + 4);
  for (let i = 2 * offset; i < 2 * (offset + count); i += 2) {
    into[i] = low;
    into[i + 1] = high;
  }
}

function readPlanes(bytes: Uint8Array, at: number, count: number, into: Uint32Array, offset: number): void {
  for (let half = 0; half < 2; half++) {
    const first = at + 4 * half * count;
    for (let i = 0; i < count; i++) {
      const b = first + i;
      into[2 * (offset + i) + half] =
        bytes[b]! | (bytes[b + count]! << 8) | (bytes[b + 2 * count]! << 16) | (bytes[b + 3 * count]! << 24);
    }
  }
}

/** `kind` 0, 1, 2: offsets of 1, 2, 4 bytes. */
function readOffsets(
  bytes: Uint8Array,
  at: number,
  kind: number,
  base: number,
  count: number,
  into: Float64Array,
  offset: number,
): void {
  if (kind === 0) for (let i = 0; i < count; i++) into[offset + i] = base + bytes[at + i]!;
  else if (kind === 1) for (let i = 0; i < count; i++) into[offset + i] = base + uint16(bytes, at + 2 * i);
  else for (let i = 0; i < count; i++) into[offset + i] = base + uint32(bytes, at + 4 * i);
}

/** `kind` 0, 1, 2, 3: offsets of 0, 1, 2, 4 bytes. Step and offset are added first: their sum is a difference of two values, which is exact. */
function readSteps(
  bytes: Uint8Array,
  at: number,
  kind: number,
  base: number,
  step: number,
  count: number,
  into: Float64Array,
  offset: number,
): void {
  let value = base;
  into[offset] = value;
  if (kind === 0) for (let i = 1; i < count; i++) into[offset + i] = value += step;
  else if (kind === 1) for (let i = 1; i < count; i++) into[offset + i] = value += step + bytes[at + i]!;
  else if (kind === 2) for (let i = 1; i < count; i++) into[offset + i] = value += step + uint16(bytes, at + 2 * i);
  else for (let i = 1; i < count; i++) into[offset + i] = value += step + uint32(bytes, at + 4 * i);
}

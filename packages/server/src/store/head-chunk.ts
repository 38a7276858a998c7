/**
 * Sealed samples of one series, packed so that they are read at the speed of a copy. A chunk begins at a multiple of 8
 * bytes in its page; all numbers are in the byte order of the machine:
 *
 *     word 0      number of the page of the chunk before it in time, 0 for none
 *     word 1      where it is there, in units of 8 bytes (bits 0–15), count (16–21), kind of times (22–24), kind of
 *                 values (25–27), decimals (28–29), given up (30), deltas (31)
 *     word 2      number of the series
 *     word 3      interval in milliseconds
 *     bytes 16–31 base of the times and base of the values, doubles
 *     then        times, padded to 8 bytes, and values, padded to 8 bytes
 *
 * Time i is `base + i * interval + offset[i]`, value i is `(base + offset[i]) / 10 ** decimals`, where that gives back the
 * very bits; else they are doubles as they came. With deltas, which keep counters small, the values begin with a double
 * `step`, and the whole number of value i is that of value i - 1 plus `step + offset[i]`.
 */
import { wordsOf } from './sample-columns.ts';

/** Samples of a chunk as it is first packed, and at most, when several are packed together; its count has six bits. */
export const CHUNK_SAMPLES = 16;
export const MERGED_SAMPLES = 3 * CHUNK_SAMPLES;
export const HEADER_BYTES = 32;
/** How offsets are kept: none (times: all as the interval says; values: all the same), in 1, 2 or 4 bytes, or doubles instead. */
const NONE = 0;
const BYTES_1 = 1;
const BYTES_2 = 2;
const BYTES_4 = 3;
const DOUBLES = 4;

const GIVEN_UP = 1 << 30;
const DELTAS = 1 << 31;
const COUNT = 63 << 16;
const TIME_KIND = 7 << 22;
const POWERS = [1, 10, 100, 1000] as const;
/** Beyond this not every whole number is a double. */
const LARGEST = 2 ** 52;

/** One buffer in all the widths that chunks use. */
export interface PageViews {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
}

/** Where a chunk is. `page` 0 is nowhere. */
export interface ChunkPlace {
  page: number;
  /** In units of 8 bytes. */
  at: number;
}

const kindOfOffsets = (most: number): number =>
  most === 0 ? NONE : most < 256 ? BYTES_1 : most < 65_536 ? BYTES_2 : most < 2 ** 32 ? BYTES_4 : DOUBLES;

/** Doubles that the offsets of one column take. */
function unitsOf(kind: number, count: number): number {
  if (kind === DOUBLES) return count;
  return kind === NONE ? 0 : (count * (1 << (kind - 1)) + 7) >>> 3;
}

/** Units of 8 bytes of the values. */
const valueUnitsOf = (info: number, count: number): number =>
  unitsOf(valueKindOf(info), count) + ((info & DELTAS) === 0 ? 0 : 1);

/** Packs up to `MERGED_SAMPLES` samples: `plan` looks at them and says how many units of 8 bytes they take, `write` writes them. */
export class ChunkWriter {
  private readonly timeOffsets = new Float64Array(MERGED_SAMPLES);
  private readonly valueOffsets = new Float64Array(MERGED_SAMPLES);
  private columns: Columns = newColumns(0);
  private from = 0;
  private count = 0;
  private timeKind = 0;
  private valueKind = 0;
  private decimals = 0;
  private interval = 0;
  private timeBase = 0;
  private valueBase = 0;
  private hasDeltas = false;
  private step = 0;

  plan(columns: Columns, from: number, to: number): number {
    this.columns = columns;
    this.from = from;
    this.count = to - from;
    this.planTimes();
    this.planValues();
    const valueUnits = unitsOf(this.valueKind, this.count) + (this.hasDeltas ? 1 : 0);
    return HEADER_BYTES / 8 + unitsOf(this.timeKind, this.count) + valueUnits;
  }

  private planTimes(): void {
    const { from, count, timeOffsets } = this;
    const { times } = this.columns;
    const first = times[from]!;
    const interval = count > 1 ? Math.floor((times[from + count - 1]! - first) / (count - 1)) : 0;
    this.timeKind = DOUBLES;
    this.interval = 0;
    this.timeBase = first;
    if (!(interval < 2 ** 32 && Math.abs(first) < LARGEST)) return;
    let least = 0;
    let most = 0;
    for (let i = 0; i < count; i++) {
      const time = times[from + i]!;
      if (Math.floor(time) !== time) return;
      const offset = time - first - i * interval;
      timeOffsets[i] = offset;
      if (offset < least) least = offset;
      if (offset > most) most = offset;
    }
    this.timeKind = kindOfOffsets(most - least);
    this.interval = interval;
    this.timeBase = first + least;
    if (least < 0) for (let i = 0; i < count; i++) timeOffsets[i] = timeOffsets[i]! - least;
  }

  private planValues(): void {
    const { from, count } = this;
    const { words } = this.columns;
    this.decimals = 0;
    this.valueBase = 0;
    this.hasDeltas = false;
    let i = 1;
    while (i < count && words[2 * (from + i)] === words[2 * from] && words[2 * (from + i) + 1] === words[2 * from + 1])
      i++;
    if (i >= count) {
      this.valueKind = NONE;
      return;
    }
    this.valueKind = DOUBLES;
    for (let decimals = 0; decimals < POWERS.length; decimals++) {
      const spread = this.scale(POWERS[decimals]!);
      if (spread === undefined) continue;
      const kind = kindOfOffsets(spread);
      if (kind !== DOUBLES) {
        this.valueKind = kind === NONE ? BYTES_1 : kind;
        this.decimals = decimals;
        this.planDeltas();
      }
      return;
    }
  }

  /** Keeps the offsets as deltas where that is shorter. */
  private planDeltas(): void {
    const { count, valueOffsets } = this;
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 1; i < count; i++) {
      const delta = valueOffsets[i]! - valueOffsets[i - 1]!;
      if (delta < least) least = delta;
      if (delta > most) most = delta;
    }
    const kind = kindOfOffsets(most - least);
    if (1 + unitsOf(kind, count) >= unitsOf(this.valueKind, count)) return;
    this.valueKind = kind;
    this.hasDeltas = true;
    this.step = least;
    this.valueBase += valueOffsets[0]!;
    for (let i = count - 1; i > 0; i--) valueOffsets[i] = valueOffsets[i]! - valueOffsets[i - 1]! - least;
    valueOffsets[0] = 0;
  }

  /** Largest of the values as whole numbers of `1 / power` above the least; undefined if they are not that. */
  private scale(power: number): number | undefined {
    const { from, count, valueOffsets } = this;
    const { values } = this.columns;
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const value = values[from + i]!;
      const scaled = Math.round(value * power);
      if (scaled / power !== value || !(scaled < LARGEST && scaled > -LARGEST)) return undefined;
      if (scaled === 0 && Object.is(value, -0)) return undefined;
      valueOffsets[i] = scaled;
      if (scaled < least) least = scaled;
      if (scaled > most) most = scaled;
    }
    if (most - least < 2 ** 32) for (let i = 0; i < count; i++) valueOffsets[i] = valueOffsets[i]! - least;
    this.valueBase = least;
    return most - least;
  }

  write(page: PageViews, at: number, series: number, before: Readonly<ChunkPlace>): void {
    const { words, doubles } = page;
    const { count, timeKind, valueKind } = this;
    words[2 * at] = before.page;
    const deltas = this.hasDeltas ? DELTAS : 0;
    words[2 * at + 1] =
      before.at | (count << 16) | (timeKind << 22) | (valueKind << 25) | (this.decimals << 28) | deltas;
    words[2 * at + 2] = series;
    words[2 * at + 3] = this.interval;
    doubles[at + 2] = this.timeBase;
    const timesAt = at + HEADER_BYTES / 8;
    writeOffsets(page, timesAt, timeKind, this.timeOffsets, count);
    if (timeKind === DOUBLES) copyDoubles(page, timesAt, this.columns.times, this.from, count);
    let valuesAt = timesAt + unitsOf(timeKind, count);
    if (valueKind === NONE && !this.hasDeltas) copyBits(page, at + 3, this.columns.words, this.from, 1);
    else doubles[at + 3] = this.valueBase;
    if (this.hasDeltas) doubles[valuesAt++] = this.step;
    writeOffsets(page, valuesAt, valueKind, this.valueOffsets, count);
    if (valueKind === DOUBLES) copyBits(page, valuesAt, this.columns.words, this.from, count);
  }
}

function writeOffsets(page: PageViews, at: number, kind: number, offsets: Float64Array, count: number): void {
  if (kind === NONE || kind === DOUBLES) return;
  const array = kind === BYTES_1 ? page.bytes : kind === BYTES_2 ? page.halves : page.words;
  const start = at * (8 >>> (kind - 1));
  for (let i = 0; i < count; i++) array[start + i] = offsets[i]!;
}

/** As words: a double that is read and written as a number may lose which NaN it is. */
function copyBits(page: PageViews, at: number, words: Uint32Array, start: number, count: number): void {
  for (let i = 0; i < 2 * count; i++) page.words[2 * at + i] = words[2 * start + i]!;
}

function copyDoubles(page: PageViews, at: number, times: Float64Array, start: number, count: number): void {
  for (let i = 0; i < count; i++) page.doubles[at + i] = times[start + i]!;
}

const infoOf = ({ words }: PageViews, at: number): number => words[2 * at + 1]!;
const timeKindOf = (info: number): number => (info >>> 22) & 7;
const valueKindOf = (info: number): number => (info >>> 25) & 7;

export const countOf = (page: PageViews, at: number): number => (infoOf(page, at) >>> 16) & 63;
export const seriesOf = ({ words }: PageViews, at: number): number => words[2 * at + 2]!;

/** Units of 8 bytes. */
export function sizeOf(page: PageViews, at: number): number {
  const info = infoOf(page, at);
  const count = (info >>> 16) & 63;
  return HEADER_BYTES / 8 + unitsOf(timeKindOf(info), count) + valueUnitsOf(info, count);
}

/** Moves `place` to the chunk before it in time. */
export function toChunkBefore({ words }: PageViews, place: ChunkPlace): void {
  const { at } = place;
  place.page = words[2 * at]!;
  place.at = words[2 * at + 1]! & 0xffff;
}

export function setChunkBefore({ words }: PageViews, at: number, before: Readonly<ChunkPlace>): void {
  words[2 * at] = before.page;
  words[2 * at + 1] = ((words[2 * at + 1]! & ~0xffff) | before.at) >>> 0;
}

export const isGivenUp = (page: PageViews, at: number): boolean => (infoOf(page, at) & GIVEN_UP) !== 0;

export function giveUp({ words }: PageViews, at: number): void {
  words[2 * at + 1] = (words[2 * at + 1]! | GIVEN_UP) >>> 0;
}

function timeOf(page: PageViews, at: number, i: number): number {
  const kind = timeKindOf(infoOf(page, at));
  const start = at + HEADER_BYTES / 8;
  if (kind === DOUBLES) return page.doubles[start + i]!;
  const regular = page.doubles[at + 2]! + i * page.words[2 * at + 3]!;
  if (kind === NONE) return regular;
  if (kind === BYTES_1) return regular + page.bytes[start * 8 + i]!;
  return regular + (kind === BYTES_2 ? page.halves[start * 4 + i]! : page.words[start * 2 + i]!);
}

export const firstTimeOf = (page: PageViews, at: number): number => timeOf(page, at, 0);
export const lastTimeOf = (page: PageViews, at: number): number => timeOf(page, at, countOf(page, at) - 1);

/** Columns that are filled from several places. `words` are the bits of `values`. */
export interface Columns {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly words: Uint32Array;
}

export function newColumns(length: number): Columns {
  const values = new Float64Array(length);
  return { times: new Float64Array(length), values, words: wordsOf(values) };
}

/** Unpacks a chunk to these places of the columns and says how many samples it has. */
export function readChunk(page: PageViews, at: number, into: Columns, timesAt: number, valuesAt: number): number {
  readTimes(page, at, into.times, timesAt);
  return readValues(page, at, into, valuesAt);
}

/** Whether two chunks have the same times, as far as that can be seen without unpacking them. */
export function haveSameTimes(a: PageViews, atA: number, b: PageViews, atB: number): boolean {
  const info = infoOf(a, atA);
  if (((info ^ infoOf(b, atB)) & (TIME_KIND | COUNT)) !== 0) return false;
  const kind = timeKindOf(info);
  const offsetsA = 2 * (atA + HEADER_BYTES / 8);
  const offsetsB = 2 * (atB + HEADER_BYTES / 8);
  const length = 2 * unitsOf(kind, (info >>> 16) & 63);
  for (let i = 0; i < length; i++) if (a.words[offsetsA + i] !== b.words[offsetsB + i]) return false;
  return (
    kind === DOUBLES || (a.doubles[atA + 2] === b.doubles[atB + 2] && a.words[2 * atA + 3] === b.words[2 * atB + 3])
  );
}

/** Unpacks the times of a chunk and says how many they are. */
export function readTimes(page: PageViews, at: number, into: Float64Array, offset: number): number {
  const { bytes, halves, words, doubles } = page;
  const info = infoOf(page, at);
  const count = (info >>> 16) & 63;
  const kind = timeKindOf(info);
  const start = at + HEADER_BYTES / 8;
  const base = doubles[at + 2]!;
  const interval = words[2 * at + 3]!;
  if (kind === NONE) for (let i = 0; i < count; i++) into[offset + i] = base + i * interval;
  else if (kind === BYTES_1)
    for (let i = 0; i < count; i++) into[offset + i] = base + i * interval + bytes[start * 8 + i]!;
  else if (kind === BYTES_2)
    for (let i = 0; i < count; i++) into[offset + i] = base + i * interval + halves[start * 4 + i]!;
  else if (kind === BYTES_4)
    for (let i = 0; i < count; i++) into[offset + i] = base + i * interval + words[start * 2 + i]!;
  else for (let i = 0; i < count; i++) into[offset + i] = doubles[start + i]!;
  return count;
}

/** Whether a value may be none that can be counted with: those that are packed to whole numbers are all finite. */
export function mayHaveNaN({ words }: PageViews, at: number): boolean {
  const kind = valueKindOf(words[2 * at + 1]!);
  if (kind === NONE && (words[2 * at + 1]! & DELTAS) !== 0) return false;
  if (kind === NONE) return isNotFinite(words[2 * at + 7]!);
  if (kind !== DOUBLES) return false;
  const info = words[2 * at + 1]!;
  const count = (info >>> 16) & 63;
  const start = at + HEADER_BYTES / 8 + unitsOf(timeKindOf(info), count);
  for (let i = 0; i < count; i++) if (isNotFinite(words[2 * (start + i) + 1]!)) return true;
  return false;
}

/** By the high word of a double. */
const isNotFinite = (high: number): boolean => (high & 0x7ff00000) === 0x7ff00000;

/** Unpacks the values of a chunk and says how many they are. */
export function readValues(page: PageViews, at: number, into: Columns, offset: number): number {
  const { bytes, halves, words, doubles } = page;
  const info = words[2 * at + 1]!;
  const count = (info >>> 16) & 63;
  const start = at + HEADER_BYTES / 8 + unitsOf(timeKindOf(info), count);
  const kind = valueKindOf(info);
  if ((info & DELTAS) !== 0) {
    readDeltas(page, at, into.values, offset);
    return count;
  }
  if (kind === NONE) {
    repeatBits(page, at + 3, count, into.words, offset);
    return count;
  }
  if (kind === DOUBLES) {
    for (let i = 0; i < 2 * count; i++) into.words[2 * offset + i] = words[2 * start + i]!;
    return count;
  }
  const { values } = into;
  const base = doubles[at + 3]!;
  const power = POWERS[((info >>> 28) & 3) as 0 | 1 | 2 | 3];
  if (power === 1) {
    if (kind === BYTES_1) for (let i = 0; i < count; i++) values[offset + i] = base + bytes[start * 8 + i]!;
    else if (kind === BYTES_2) for (let i = 0; i < count; i++) values[offset + i] = base + halves[start * 4 + i]!;
    else for (let i = 0; i < count; i++) values[offset + i] = base + words[start * 2 + i]!;
  } else if (kind === BYTES_1) {
    for (let i = 0; i < count; i++) values[offset + i] = (base + bytes[start * 8 + i]!) / power;
  } else if (kind === BYTES_2) {
    for (let i = 0; i < count; i++) values[offset + i] = (base + halves[start * 4 + i]!) / power;
  } else for (let i = 0; i < count; i++) values[offset + i] = (base + words[start * 2 + i]!) / power;
  return count;
}

function readDeltas(page: PageViews, at: number, into: Float64Array, offset: number): void {
  const { bytes, halves, words, doubles } = page;
  const info = words[2 * at + 1]!;
  const count = (info >>> 16) & 63;
  const stepAt = at + HEADER_BYTES / 8 + unitsOf(timeKindOf(info), count);
  const start = stepAt + 1;
  const step = doubles[stepAt]!;
  const kind = valueKindOf(info);
  const power = POWERS[((info >>> 28) & 3) as 0 | 1 | 2 | 3];
  let value = doubles[at + 3]!;
  into[offset] = value;
  if (kind === NONE) for (let i = 1; i < count; i++) into[offset + i] = value += step;
  else if (kind === BYTES_1) for (let i = 1; i < count; i++) into[offset + i] = value += step + bytes[start * 8 + i]!;
  else if (kind === BYTES_2) for (let i = 1; i < count; i++) into[offset + i] = value += step + halves[start * 4 + i]!;
  else for (let i = 1; i < count; i++) into[offset + i] = value += step + words[start * 2 + i]!;
  if (power > 1) for (let i = 0; i < count; i++) into[offset + i] = into[offset + i]! / power;
}

function repeatBits({ words }: PageViews, at: number, count: number, into: Uint32Array, offset: number): void {
  const low = words[2 * at]!;
  const high = words[2 * at + 1]!;
  for (let i = 2 * offset; i < 2 * (offset + count); i += 2) {
    into[i] = low;
    into[i + 1] = high;
  }
}

/** Samples of a chunk that is not packed at most: all that its count can say. */
export const PLAIN_SAMPLES = 63;

/** Units of 8 bytes of a chunk of so many samples that is not packed. */
export const plainUnits = (count: number): number => HEADER_BYTES / 8 + 2 * count;

/** Writes samples as they are, as a chunk of no series that follows none. `words` are the bits of the values. */
export function writePlain(
  page: PageViews,
  at: number,
  times: Float64Array,
  words: Uint32Array,
  from: number,
  count: number,
): void {
  for (let i = 2 * at; i < 2 * at + HEADER_BYTES / 4; i++) page.words[i] = 0;
  page.words[2 * at + 1] = (count << 16) | (DOUBLES << 22) | (DOUBLES << 25);
  const start = at + HEADER_BYTES / 8;
  for (let i = 0; i < count; i++) page.doubles[start + i] = times[from + i]!;
  const valuesAt = 2 * (start + count);
  for (let i = 0; i < 2 * count; i++) page.words[valuesAt + i] = words[2 * from + i]!;
}

export const viewsOf = (memory: ArrayBuffer): PageViews => ({
  bytes: new Uint8Array(memory),
  halves: new Uint16Array(memory),
  words: new Uint32Array(memory),
  doubles: new Float64Array(memory),
});

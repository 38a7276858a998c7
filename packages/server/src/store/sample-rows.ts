/**
 * Samples on their way into the table `samples`, as a block of ClickHouse's Native format
 * (https://clickhouse.com/docs/interfaces/formats/Native): `columns varint | rows varint`, then for each column its name
 * and type, each a string behind a varint length, and its values one after the other, little-endian. They are put into
 * the order of the table's key, (hour, id, time), so that ClickHouse finds them sorted; it sorts whatever is not.
 */
import { wordsOf } from './sample-columns.ts';

const HOUR_MS = 3_600_000;
/** Batches that reach over more hours are left to ClickHouse to sort. */
const MOST_HOURS = 64;
/** Numbers of series that fit beside the high word of an id into the 53 bits of a double. */
const MOST_SERIES = 2 ** 21;
const HIGH = 2 ** 32;

/** Some of the samples of a batch: those from `from` to `to`, which is not among them. */
export interface SampleRun {
  /** Of each sample, a place in `numbers`. */
  readonly seriesIndex: Uint32Array;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Of the series of the batch. */
  readonly numbers: Uint32Array;
  readonly from: number;
  readonly to: number;
}

/** A block of Native, in pieces. */
export type SampleBlock = readonly Uint8Array[];

/** By the number of each series both words of its id, the low one first. */
type IdWords = Uint32Array;

/** The pieces of the block, in their order; those with values stand in `memory`, if that is large enough, or in new memory. */
export function nativeSamples(runs: readonly SampleRun[], idWords: IdWords, memory?: ArrayBuffer): SampleBlock {
  const rows = rowsOf(runs);
  const columns = memoryFor(rows * 6, memory);
  fill(columns, rows, runs, idWords, rows === 0 ? undefined : placesOf(runs, idWords, rows));
  const column = (place: number) => new Uint8Array(columns.buffer, place * rows * 8, rows * 8);
  return [
    Buffer.concat([varints(3, rows), columnHead('id', 'UInt64')]),
    column(0),
    columnHead('time', "DateTime64(3, 'UTC')"),
    column(1),
    columnHead('value', 'Float64'),
    column(2),
  ];
}

/** Memory that the values of a block stand in. */
export const memoryOf = ([, column]: SampleBlock): ArrayBuffer => column!.buffer as ArrayBuffer;

export const rowsOf = (runs: readonly SampleRun[]): number => runs.reduce((sum, { from, to }) => sum + to - from, 0);

/** Blocks of one size are never quite equally large. */
const ROUNDED_TO = 1024 * 1024;

function memoryFor(words: number, memory: ArrayBuffer | undefined): Uint32Array<ArrayBuffer> {
  if (memory && memory.byteLength >= words * 4) return new Uint32Array(memory);
  return new Uint32Array(words > ROUNDED_TO ? words + ROUNDED_TO - (words % ROUNDED_TO) : words);
}

function columnHead(name: string, type: string): Buffer {
  // All shorter than 128 bytes, so that a varint is one byte.
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name), Buffer.of(type.length), Buffer.from(type)]);
}

function varints(...values: readonly number[]): Buffer {
  const bytes: number[] = [];
  for (const value of values) {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
    bytes.push(rest);
  }
  return Buffer.from(bytes);
}

/** The first place of each hour and series that is free, by `hour * series.length + rank`. */
interface Places {
  readonly next: Uint32Array;
  /** By series number. */
  readonly ranks: Int32Array;
  readonly series: number;
  readonly firstHour: number;
  /** Numbers of the series by their ranks. */
  readonly sorted: Float64Array;
}

/** A counting sort by hour and id; undefined where it does not pay. */
function placesOf(runs: readonly SampleRun[], idWords: IdWords, rows: number): Places | undefined {
  const { firstHour, hours } = hoursOf(runs);
  const ranks = new Int32Array(idWords.length / 2).fill(-1);
  const keys = new Float64Array(ranks.length);
  if (hours > MOST_HOURS || ranks.length > MOST_SERIES) return undefined;
  let series = 0;
  for (const { numbers } of runs) {
    for (const number of numbers) {
      if (ranks[number]! >= 0) continue;
      ranks[number] = 0;
      keys[series++] = idWords[2 * number + 1]! * MOST_SERIES + number;
    }
  }
  if (series * hours > 4 * rows + 1024) return undefined;
  const sorted = byId(keys.subarray(0, series), idWords);
  for (let rank = 0; rank < series; rank++) ranks[sorted[rank]!] = rank;
  const next = new Uint32Array(series * hours);
  for (const { seriesIndex, timestamps, numbers, from, to } of runs) {
    let hourStart = Number.NaN;
    let first = 0;
    for (let i = from; i < to; i++) {
      const time = timestamps[i]!;
      if (!(time >= hourStart && time < hourStart + HOUR_MS)) {
        const hour = Math.floor(time / HOUR_MS);
        hourStart = hour * HOUR_MS;
        first = (hour - firstHour) * series;
      }
      next[first + ranks[numbers[seriesIndex[i]!]!]!]!++;
    }
  }
  for (let place = 0, sum = 0; place < next.length; place++) {
    const count = next[place]!;
    next[place] = sum;
    sum += count;
  }
  return { next, ranks, series, firstHour, sorted };
}

/**
 * Series numbers in the order of their ids. `keys` are the high word of the id and the number in one double, which are sorted
 * without a comparison function; those with the same high word are then put in order by the low one.
 */
function byId(keys: Float64Array, idWords: IdWords): Float64Array {
  keys.sort();
  let first = 0;
  for (let i = 0; i < keys.length; i++) {
    const high = Math.floor(keys[i]! / MOST_SERIES);
    keys[i]! %= MOST_SERIES;
    const isLast = i + 1 === keys.length || Math.floor(keys[i + 1]! / MOST_SERIES) !== high;
    if (!isLast) continue;
    if (i > first) keys.subarray(first, i + 1).sort((a, b) => idWords[2 * a]! - idWords[2 * b]!);
    first = i + 1;
  }
  return keys;
}

function hoursOf(runs: readonly SampleRun[]): { firstHour: number; hours: number } {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { timestamps, from, to } of runs) {
    for (let i = from; i < to; i++) {
      const time = timestamps[i]!;
      if (time < first) first = time;
      if (time > last) last = time;
    }
  }
  const firstHour = Math.floor(first / HOUR_MS);
  return { firstHour, hours: Math.floor(last / HOUR_MS) - firstHour + 1 };
}

/** Writes the columns id, time and value one behind the other; without `places` in the order in which the samples came. */
function fill(
  columns: Uint32Array,
  rows: number,
  runs: readonly SampleRun[],
  idWords: IdWords,
  places: Places | undefined,
): void {
  if (places) fillIds(columns, rows, places, idWords);
  const times = rows * 2;
  const values = rows * 4;
  let row = 0;
  let hourStart = Number.NaN;
  let firstPlace = 0;
  let timeHigh = 0;
  let base = Number.NaN;
  for (const { seriesIndex, timestamps, values: doubles, numbers, from, to } of runs) {
    const words = wordsOf(doubles);
    for (let i = from; i < to; i++) {
      const number = numbers[seriesIndex[i]!]!;
      const time = timestamps[i]!;
      // Divisions are dear, and nearly all samples are of the hour of the one before.
      if (places) {
        if (!(time >= hourStart && time < hourStart + HOUR_MS)) {
          const hour = Math.floor(time / HOUR_MS);
          hourStart = hour * HOUR_MS;
          firstPlace = (hour - places.firstHour) * places.series;
        }
        row = places.next[firstPlace + places.ranks[number]!]!++;
      } else {
        columns[row * 2] = idWords[2 * number]!;
        columns[row * 2 + 1] = idWords[2 * number + 1]!;
      }
      if (!(time >= base && time < base + HIGH)) {
        timeHigh = Math.floor(time / HIGH);
        base = timeHigh * HIGH;
      }
      const at = row * 2;
      columns[times + at] = time - base;
      columns[times + at + 1] = timeHigh;
      columns[values + at] = words[2 * i]!;
      columns[values + at + 1] = words[2 * i + 1]!;
      row++;
    }
  }
}

/** The ids of all rows from the first to the last, which touches less memory than to write each with its sample. */
function fillIds(columns: Uint32Array, rows: number, { next, series, sorted }: Places, idWords: IdWords): void {
  for (let place = 0; place < next.length; place++) {
    const end = place + 1 < next.length ? next[place + 1]! : rows;
    const number = sorted[place % series]!;
    const low = idWords[2 * number]!;
    const high = idWords[2 * number + 1]!;
    for (let at = 2 * next[place]!; at < 2 * end; at += 2) {
      columns[at] = low;
      columns[at + 1] = high;
    }
  }
}

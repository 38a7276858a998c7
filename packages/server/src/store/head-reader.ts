/**
 * Series whose samples stay packed until a query comes to them. It holds the pages of its chunks, whose samples never
 * change, so that it goes on giving those of the moment at which it was filled; what is not packed it copies.
 */
import type { Labels, SeriesReader, SeriesSamples } from '@nightshift/promql';
import {
  type Columns,
  countOf,
  haveSameTimes,
  mayHaveNaN,
  newColumns,
  type PageViews,
  PLAIN_SAMPLES,
  plainUnits,
  readTimes,
  readValues,
  viewsOf,
  writePlain,
} from './head-chunk.ts';
import { concatColumns, noSamples, type SampleColumns } from './sample-columns.ts';

/** Chunks for which there is room at first. */
const PLACES = 1024;
/** Units of 8 bytes of a page of what is copied. */
const PAGE_UNITS = 8192;
/** Times that are put into one piece of memory. */
const TIMES = 8192;

let readers = 0;

export class HeadReader implements SeriesReader {
  /** No other reader has it. */
  readonly number = ++readers;
  readonly labels: Labels[] = [];
  readonly hasHistograms = false;
  readonly hasStartTimestamps = false;
  /** Of all chunks, those without the range among them. */
  samples = 0;
  /** Of what it holds, but for the pages of others. */
  bytes = 4 * PLACES;
  /** The first chunk of each series, which is its newest. */
  private readonly first: number[] = [];
  private readonly pages: PageViews[] = [];
  /** Of each chunk, the index of its page, and in the lower 16 bits where it is there. */
  private places = new Uint32Array(PLACES);
  private used = 0;
  private copies: PageViews | undefined;
  private copiesIndex = 0;
  private usedUnits = 0;

  /** Chunks whose times are those of `times`, before it was cut to the range. */
  private timesFrom = 0;
  private timesTo = 0;
  private times: Float64Array = noSamples.timestamps;
  private skipped = 0;
  private timesBuffer: Float64Array = noSamples.timestamps;
  private timesUsed = 0;

  private columns: Columns = newColumns(0);
  /** Those that belong to `times`. */
  private values: Float64Array = noSamples.values;

  /** Of samples with start <= time <= end, Unix milliseconds. */
  constructor(
    private readonly start: number,
    private readonly end: number,
  ) {}

  /** Begins the next series, whose chunks follow, the newest first. */
  series(labels: Labels): void {
    this.labels.push(labels);
    this.first.push(this.used);
  }

  /** Pages whose chunks do not change any more, as far as they are pointed to. Gives the index to point to it with. */
  page(page: PageViews): number {
    if (this.pages.length > 0xffff) throw new RangeError('too many pages for one reader');
    return this.pages.push(page) - 1;
  }

  chunk(page: number, at: number, samples: number): void {
    if (this.used === this.places.length) this.grow();
    this.places[this.used++] = (page << 16) | at;
    this.samples += samples;
  }

  private grow(): void {
    const larger = new Uint32Array(2 * this.places.length);
    larger.set(this.places);
    this.bytes += larger.byteLength - this.places.byteLength;
    this.places = larger;
  }

  /** Samples from <= i < to of columns that may change. */
  copy(times: Float64Array, words: Uint32Array, from: number, to: number): void {
    for (let end = to; end > from; end -= PLAIN_SAMPLES) {
      const count = Math.min(PLAIN_SAMPLES, end - from);
      const page = this.roomFor(plainUnits(count));
      writePlain(page, this.usedUnits, times, words, end - count, count);
      this.chunk(this.copiesIndex, this.usedUnits, count);
      this.usedUnits += plainUnits(count);
    }
  }

  private roomFor(units: number): PageViews {
    if (this.copies && this.usedUnits + units <= PAGE_UNITS) return this.copies;
    this.copies = viewsOf(new ArrayBuffer(PAGE_UNITS * 8));
    this.copiesIndex = this.page(this.copies);
    this.usedUnits = 0;
    this.bytes += PAGE_UNITS * 8;
    return this.copies;
  }

  read(place: number): SeriesSamples {
    const from = this.first[place]!;
    const to = this.first[place + 1] ?? this.used;
    if (!this.isLikeBefore(from, to)) this.findTimes(from, to);
    const { times: timestamps } = this;
    if (timestamps.length === 0) return noSamples;
    const withoutNaN = this.findValues(from, to);
    return { timestamps, values: this.values, withoutNaN };
  }

  private isLikeBefore(from: number, to: number): boolean {
    const { pages, places } = this;
    let other = this.timesFrom;
    if (to - from !== this.timesTo - other) return false;
    for (let i = from; i < to; i++, other++) {
      const [place, before] = [places[i]!, places[other]!];
      if (!haveSameTimes(pages[place >>> 16]!, place & 0xffff, pages[before >>> 16]!, before & 0xffff)) return false;
    }
    return true;
  }

  private findTimes(from: number, to: number): void {
    const { pages, places } = this;
    let most = 0;
    for (let i = from; i < to; i++) most += countOf(pages[places[i]! >>> 16]!, places[i]! & 0xffff);
    if (this.timesUsed + most > this.timesBuffer.length) {
      this.timesBuffer = new Float64Array(Math.max(TIMES, most));
      this.timesUsed = 0;
    }
    const { timesBuffer: buffer } = this;
    let last = this.timesUsed;
    for (let i = to - 1; i >= from; i--) {
      last += readTimes(pages[places[i]! >>> 16]!, places[i]! & 0xffff, buffer, last);
    }
    let first = this.timesUsed;
    while (first < last && buffer[first]! < this.start) first++;
    this.skipped = first - this.timesUsed;
    this.timesUsed = last;
    while (last > first && buffer[last - 1]! > this.end) last--;
    this.times = buffer.subarray(first, last);
    this.timesFrom = from;
    this.timesTo = to;
    if (this.columns.times.length < most) this.columns = newColumns(Math.max(2 * most, 512));
    const { values } = this.columns;
    this.values = values.subarray(this.skipped, this.skipped + this.times.length);
  }

  /** Says whether all are finite. */
  private findValues(from: number, to: number): boolean {
    const { pages, places, columns } = this;
    let areFinite = true;
    let count = 0;
    for (let i = to - 1; i >= from; i--) {
      const page = pages[places[i]! >>> 16]!;
      const at = places[i]! & 0xffff;
      count += readValues(page, at, columns, count);
      if (areFinite && mayHaveNaN(page, at)) areFinite = false;
    }
    return areFinite;
  }
}

/** Series of which older samples, by the place of the series, come before those of another reader. */
export class ContinuedReader implements SeriesReader {
  readonly labels: readonly Labels[];
  readonly hasHistograms = false;
  readonly hasStartTimestamps = false;

  constructor(
    private readonly older: (place: number) => SampleColumns | undefined,
    private readonly newer: SeriesReader,
  ) {
    this.labels = newer.labels;
  }

  read(place: number): SeriesSamples {
    const before = this.older(place);
    const after = this.newer.read(place);
    if (!before) return after;
    return after.timestamps.length === 0 ? before : concatColumns([before, after]);
  }
}

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

/** Layouts that are remembered. */
const LAYOUTS = 16;

/** How the samples of a series are spread over its chunks, from <= i < to, and the times that follow from that. */
interface Layout {
  readonly from: number;
  readonly to: number;
  /** Within the range. */
  readonly times: Float64Array;
  /** Samples before the range. */
  readonly skipped: number;
  /** What came behind it the last time. */
  next: Layout | undefined;
}

function areEqual(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

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

  /** The last few that were found, in any order: series that are scraped together are not all packed alike. */
  private readonly layouts: Layout[] = [];
  /** That of the series before. */
  private layout: Layout | undefined;
  private oldest = 0;
  private timesBuffer: Float64Array = noSamples.timestamps;
  private timesUsed = 0;

  private columns: Columns = newColumns(0);
  /** Of the columns, what the last one read has: so many samples behind those that were skipped. */
  private values: Float64Array = noSamples.values;
  private skipped = 0;

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
    const { times, skipped } = this.layoutOf(from, to);
    if (times.length === 0) return noSamples;
    const withoutNaN = this.findValues(from, to);
    if (this.values.length !== times.length || this.skipped !== skipped) {
      this.skipped = skipped;
      this.values = this.columns.values.subarray(skipped, skipped + times.length);
    }
    return { timestamps: times, values: this.values, withoutNaN };
  }

  private layoutOf(from: number, to: number): Layout {
    const last = this.layout;
    if (last && this.isLike(last, from, to)) return last;
    const found = last?.next && this.isLike(last.next, from, to) ? last.next : this.lookUp(from, to);
    if (last) last.next = found;
    this.layout = found;
    return found;
  }

  private lookUp(from: number, to: number): Layout {
    const { layouts } = this;
    const known = layouts.find((layout) => this.isLike(layout, from, to));
    if (known) return known;
    const found = this.findTimes(from, to);
    layouts[this.oldest] = found;
    this.oldest = (this.oldest + 1) % LAYOUTS;
    return found;
  }

  private isLike(layout: Layout, from: number, to: number): boolean {
    const { pages, places } = this;
    let other = layout.from;
    if (to - from !== layout.to - other) return false;
    for (let i = from; i < to; i++, other++) {
      const [place, before] = [places[i]!, places[other]!];
      if (!haveSameTimes(pages[place >>> 16]!, place & 0xffff, pages[before >>> 16]!, before & 0xffff)) return false;
    }
    return true;
  }

  private findTimes(from: number, to: number): Layout {
    const { pages, places } = this;
    let most = 0;
    for (let i = from; i < to; i++) most += countOf(pages[places[i]! >>> 16]!, places[i]! & 0xffff);
    if (this.timesUsed + most > this.timesBuffer.length) {
      this.timesBuffer = new Float64Array(Math.max(TIMES, most));
      this.timesUsed = 0;
    }
    const { timesBuffer: buffer, timesUsed: begin } = this;
    let last = begin;
    for (let i = to - 1; i >= from; i--) {
      last += readTimes(pages[places[i]! >>> 16]!, places[i]! & 0xffff, buffer, last);
    }
    let first = begin;
    while (first < last && buffer[first]! < this.start) first++;
    const end = last;
    while (last > first && buffer[last - 1]! > this.end) last--;
    const found = buffer.subarray(first, last);
    // The very array where another layout has the same times.
    const known = this.layouts.find(({ times }) => areEqual(times, found))?.times;
    if (!known) this.timesUsed = end;
    if (this.columns.times.length < most) {
      this.columns = newColumns(Math.max(2 * most, 512));
      this.values = noSamples.values;
    }
    return { from, to, times: known ?? found, skipped: first - begin, next: undefined };
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

/**
 * The newest samples of every series, outside the JavaScript heap. It holds every sample it was given at or after
 * `coveredFrom` and none that matter before: a query is cut there, the engine answers the rest.
 *
 * Of each series the last samples are open, in a slot of a slab; full slots are packed into chunks (head-chunk.ts), and every
 * third one together with the two before it, which takes less; what comes behind newer samples waits apart (head-late.ts)
 * and is packed with the others when there is some of it.
 */
import {
  CHUNK_SAMPLES,
  type ChunkPlace,
  type Columns,
  countOf,
  firstTimeOf,
  lastTimeOf,
  MERGED_SAMPLES,
  newColumns,
  readChunk,
  readTimes,
  sizeOf,
  toChunkBefore,
} from './head-chunk.ts';
import { LateSamples, mergeLate } from './head-late.ts';
import { OpenSlots } from './head-open.ts';
import { ChunkPages, type Page } from './head-pages.ts';
import type { HeadReader } from './head-reader.ts';
import { HeadSeries } from './head-series.ts';
import { HistogramHead } from './histogram-head.ts';
import { ReadBuffer } from './read-buffer.ts';
import { lowerBound, noSamples, type SampleColumns, wordsOf } from './sample-columns.ts';

const PAGE_BYTES = 256 * 1024;
const LEAST_PAGE_BYTES = 2048;
/** Late samples of a series that are packed together. */
const LATE_SAMPLES = 128;
/** What is freed at once when the cap is reached, as a share of it, so that this is rare. */
const FREED = 1 / 8;

/** A power of two: at least 64 pages under the cap, so that little is given up at once. */
const pageBytesFor = (capBytes: number): number =>
  Math.max(LEAST_PAGE_BYTES, Math.min(PAGE_BYTES, 2 ** Math.floor(Math.log2(Math.max(1, capBytes / 64)))));

/** First index whose time is after `time`. */
function upperBound(times: Float64Array, count: number, time: number): number {
  const at = lowerBound(times, count, time);
  return at < count && times[at] === time ? at + 1 : at;
}

export class Head {
  /** Unix milliseconds. -Infinity: the head has everything there is. */
  coveredFrom: number;
  /** Floats alone. */
  samples = 0;
  readonly histograms: HistogramHead;
  private readonly pages: ChunkPages;
  private readonly open: OpenSlots;
  private readonly series = new HeadSeries();
  private readonly late = new Map<number, LateSamples>();
  private lateBytes = 0;
  private readonly place: ChunkPlace = { page: 0, at: 0 };
  private readonly one = newColumns(MERGED_SAMPLES);
  /** Chunks of one series, the newest first; used anew by each search. */
  private readonly path: { length: number; readonly pages: Page[]; readonly at: number[] } = {
    length: 0,
    pages: [],
    at: [],
  };

  constructor(
    private readonly capBytes: number,
    coveredFrom: number,
  ) {
    this.coveredFrom = coveredFrom;
    const pageBytes = pageBytesFor(capBytes);
    this.pages = new ChunkPages(pageBytes);
    this.open = new OpenSlots(pageBytes);
    this.histograms = new HistogramHead(pageBytes);
  }

  get bytes(): number {
    return this.pages.bytes + this.open.bytes + this.lateBytes + this.histograms.bytes;
  }

  /** Takes one sample; a second one at the same time replaces the first. Samples before `coveredFrom` are left to the engine. */
  insert(series: number, time: number, low: number, high: number): void {
    if (time < this.coveredFrom) return;
    const known = this.series;
    known.reach(series);
    if (time > known.newest[series]!) this.append(series, time, low, high);
    else this.insertBehind(series, time, low, high);
  }

  /** As `insert`, for a native histogram as its payload, of which it keeps a copy. */
  insertHistogram(series: number, time: number, payload: Uint8Array): void {
    if (time < this.coveredFrom) return;
    this.histograms.insert(series, time, payload);
    this.keepUnderCap();
  }

  private append(series: number, time: number, low: number, high: number): void {
    const known = this.series;
    if (known.count[series] === CHUNK_SAMPLES) this.seal(series);
    let slot = known.slot[series]!;
    if (slot < 0) {
      slot = this.open.take();
      known.slot[series] = slot;
    }
    const { times, words } = this.open.slabOf(slot);
    const count = known.count[series]!;
    const at = this.open.offsetOf(slot) + count;
    times[at] = time;
    words[2 * at] = low;
    words[2 * at + 1] = high;
    known.count[series] = count + 1;
    known.newest[series] = time;
    this.samples++;
    if (count === 0) this.keepUnderCap();
  }

  /** A time that is not after all others: into the open samples where it belongs there, else to the late ones. */
  private insertBehind(series: number, time: number, low: number, high: number): void {
    const count = this.series.count[series]!;
    if (count > 0) {
      const slot = this.series.slot[series]!;
      const { times, values, words } = this.open.slabOf(slot);
      const start = this.open.offsetOf(slot);
      if (time >= times[start]!) {
        let at = start;
        while (times[at]! < time) at++;
        if (times[at] !== time) {
          if (count === CHUNK_SAMPLES) {
            this.seal(series);
            this.insertLate(series, time, low, high);
            return;
          }
          times.copyWithin(at + 1, at, start + count);
          values.copyWithin(at + 1, at, start + count);
          this.series.count[series] = count + 1;
          this.samples++;
        }
        times[at] = time;
        words[2 * at] = low;
        words[2 * at + 1] = high;
        return;
      }
    }
    this.insertLate(series, time, low, high);
  }

  private insertLate(series: number, time: number, low: number, high: number): void {
    let late = this.late.get(series);
    const known = this.findSealed(series, time);
    if (known >= 0 && !late) {
      const { words } = this.one;
      if (words[2 * known] === low && words[2 * known + 1] === high) return;
    }
    if (!late) {
      late = new LateSamples();
      this.late.set(series, late);
      this.lateBytes += late.bytes;
    }
    this.lateBytes -= late.bytes;
    if (late.insert(time, low, high) && known < 0) this.samples++;
    this.lateBytes += late.bytes;
    if (late.count >= LATE_SAMPLES) this.rewrite(series, this.sealed(series));
    this.keepUnderCap();
  }

  /** Index in `one` of the packed sample at that time; negative if there is none. */
  private findSealed(series: number, time: number): number {
    const { place } = this;
    this.series.lastChunk(series, place);
    for (let page = this.pages.get(place.page); page; page = this.pages.get(place.page)) {
      if (firstTimeOf(page, place.at) <= time) {
        if (lastTimeOf(page, place.at) < time) return -1;
        const count = readChunk(page, place.at, this.one, 0, 0);
        const at = lowerBound(this.one.times, count, time);
        return at < count && this.one.times[at] === time ? at : -1;
      }
      toChunkBefore(page, place);
    }
    return -1;
  }

  /** Packs the open samples. */
  private seal(series: number): void {
    const known = this.series;
    const slot = known.slot[series]!;
    const count = known.count[series]!;
    if (count === 0) return;
    const start = this.open.offsetOf(slot);
    if (!this.merge(series)) {
      known.lastChunk(series, this.place);
      this.pages.plan(this.open.slabOf(slot), start, start + count);
      this.pages.write(series, this.place, true);
    }
    known.setLastChunk(series, this.place);
    known.count[series] = 0;
  }

  /** Packs the open samples together with the two passing chunks before them and leaves `place` there; false where there are none. */
  private merge(series: number): boolean {
    const { place, one, pages } = this;
    this.series.lastChunk(series, place);
    const { page: pageNumber, at } = place;
    const page = pages.get(pageNumber);
    if (!page?.isPassing) return false;
    toChunkBefore(page, place);
    const { page: beforeNumber, at: beforeAt } = place;
    const before = pages.get(beforeNumber);
    if (!before?.isPassing) return false;
    toChunkBefore(before, place);
    const units = sizeOf(page, at) + sizeOf(before, beforeAt);
    let count = readChunk(before, beforeAt, one, 0, 0);
    count += readChunk(page, at, one, count, count);
    count += this.readOpen(series, one, count, count);
    // One NaN among them, and all are kept as doubles: then they stay three.
    if (pages.plan(one, 0, count) <= 1.5 * units) pages.write(series, place);
    else this.pack(series, one, count, CHUNK_SAMPLES, place);
    pages.giveUp(before, beforeAt);
    pages.giveUp(page, at);
    return true;
  }

  /** Writes chunks of so many samples behind the one at `place`, which is moved to the last. */
  private pack(series: number, columns: Columns, count: number, each: number, place: ChunkPlace): void {
    for (let from = 0; from < count; from += each) {
      this.pages.plan(columns, from, Math.min(count, from + each));
      this.pages.write(series, place);
    }
  }

  /** Packed and late samples of a series in columns of their own. */
  private sealed(series: number): { columns: Columns; count: number } {
    const { path } = this;
    const columns = newColumns(this.find(series, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY));
    let count = 0;
    for (let i = path.length - 1; i >= 0; i--) count += readChunk(path.pages[i]!, path.at[i]!, columns, count, count);
    const late = this.late.get(series);
    return late ? mergeLate(columns, count, late) : { columns, count };
  }

  /** Puts these samples in the place of the packed and late ones. */
  private rewrite(series: number, { columns, count }: { columns: Columns; count: number }): void {
    const { path } = this;
    this.find(series, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    for (let i = 0; i < path.length; i++) this.pages.giveUp(path.pages[i]!, path.at[i]!);
    this.dropLate(series);
    const place = { page: 0, at: 0 };
    this.pack(series, columns, count, MERGED_SAMPLES, place);
    this.series.setLastChunk(series, place);
  }

  private dropLate(series: number): void {
    const late = this.late.get(series);
    if (!late) return;
    this.lateBytes -= late.bytes;
    this.late.delete(series);
  }

  /** The samples with start <= time <= end, ascending; in arrays of their own, or in those of the buffer. */
  read(series: number, start: number, end: number, buffer = new ReadBuffer(0)): SampleColumns {
    if (series >= this.series.size || this.series.newest[series]! < start) return noSamples;
    const late = this.late.get(series);
    if (late) return this.readWithLate(series, late, start, end);
    const path = this.path;
    const most = this.find(series, start, end) + this.series.count[series]!;
    if (most === 0) return noSamples;
    buffer.makeRoom(most);
    const { columns, usedTimes, usedValues } = buffer;
    let count = 0;
    for (let i = path.length - 1; i >= 0; i--) {
      count += readChunk(path.pages[i]!, path.at[i]!, columns, usedTimes + count, usedValues + count);
    }
    count += this.readOpen(series, columns, usedTimes + count, usedValues + count);
    let skipped = 0;
    while (skipped < count && columns.times[usedTimes + skipped]! < start) skipped++;
    while (count > skipped && columns.times[usedTimes + count - 1]! > end) count--;
    return skipped === count ? noSamples : buffer.take(skipped, count - skipped);
  }

  /** Adds the samples of the series that a reader has just begun: what is packed stays where it is. */
  collect(series: number, start: number, end: number, into: HeadReader): void {
    const known = this.series;
    if (series >= known.size || known.newest[series]! < start) return;
    const late = this.late.get(series);
    if (late) {
      const { timestamps, values } = this.readWithLate(series, late, start, end);
      into.copy(timestamps, wordsOf(values), 0, timestamps.length);
      return;
    }
    const count = known.count[series]!;
    let isWithin = false;
    if (count > 0) {
      const slot = known.slot[series]!;
      const { times, words } = this.open.slabOf(slot);
      const from = this.open.offsetOf(slot);
      isWithin = times[from]! <= end;
      if (isWithin) into.copy(times, words, from, from + count);
    }
    const { place } = this;
    known.lastChunk(series, place);
    for (let page = this.pages.get(place.page); page; page = this.pages.get(place.page)) {
      const { at } = place;
      if (lastTimeOf(page, at) < start) break;
      isWithin ||= firstTimeOf(page, at) <= end;
      if (isWithin) {
        if (page.reader !== into.number) {
          page.reader = into.number;
          page.index = into.page(page);
        }
        into.chunk(page.index, at, countOf(page, at));
      }
      toChunkBefore(page, place);
    }
  }

  private readWithLate(series: number, late: LateSamples, start: number, end: number): SampleColumns {
    const path = this.path;
    const packed = newColumns(this.find(series, start, end) + this.series.count[series]!);
    let count = 0;
    for (let i = path.length - 1; i >= 0; i--) count += readChunk(path.pages[i]!, path.at[i]!, packed, count, count);
    count += this.readOpen(series, packed, count, count);
    const { columns, count: all } = mergeLate(packed, count, late);
    const from = lowerBound(columns.times, all, start);
    const to = upperBound(columns.times, all, end);
    if (from >= to) return noSamples;
    return { timestamps: columns.times.subarray(from, to), values: columns.values.subarray(from, to) };
  }

  private readOpen(series: number, { times, words }: Columns, timesAt: number, valuesAt: number): number {
    const count = this.series.count[series]!;
    if (count === 0) return 0;
    const slot = this.series.slot[series]!;
    const slab = this.open.slabOf(slot);
    const from = this.open.offsetOf(slot);
    for (let i = 0; i < count; i++) times[timesAt + i] = slab.times[from + i]!;
    for (let i = 0; i < 2 * count; i++) words[2 * valuesAt + i] = slab.words[2 * from + i]!;
    return count;
  }

  /** Puts the chunks that may have samples with start <= time <= end into `path`, the newest first; says how many samples they have. */
  private find(series: number, start: number, end: number): number {
    const { place, path } = this;
    let samples = 0;
    path.length = 0;
    this.series.lastChunk(series, place);
    for (let page = this.pages.get(place.page); page; page = this.pages.get(place.page)) {
      const { at } = place;
      if (lastTimeOf(page, at) < start) break;
      if (path.length > 0 || firstTimeOf(page, at) <= end) {
        path.pages[path.length] = page;
        path.at[path.length++] = at;
        samples += countOf(page, at);
      }
      toChunkBefore(page, place);
    }
    return samples;
  }

  has(series: number, start: number, end: number): boolean {
    return this.hasFloat(series, start, end) || this.histograms.count(series, start, end) > 0;
  }

  private hasFloat(series: number, start: number, end: number): boolean {
    if (series >= this.series.size) return false;
    const newest = this.series.newest[series]!;
    if (newest < start || newest === Number.NEGATIVE_INFINITY) return false;
    if (newest <= end) return true;
    return this.late.has(series)
      ? this.read(series, start, end).timestamps.length > 0
      : this.hasInOrder(series, start, end);
  }

  /** Of a series without late samples: looks at times alone, and within a chunk only where its ends do not tell. */
  private hasInOrder(series: number, start: number, end: number): boolean {
    const { place, one } = this;
    const holds = (times: Float64Array, from: number, to: number): boolean => {
      const at = lowerBound(times, to, start, from);
      return at < to && times[at]! <= end;
    };
    const count = this.series.count[series]!;
    if (count > 0) {
      const slot = this.series.slot[series]!;
      const from = this.open.offsetOf(slot);
      if (holds(this.open.slabOf(slot).times, from, from + count)) return true;
    }
    this.series.lastChunk(series, place);
    for (let page = this.pages.get(place.page); page; page = this.pages.get(place.page)) {
      const { at } = place;
      const last = lastTimeOf(page, at);
      if (last < start) return false;
      const first = firstTimeOf(page, at);
      if (last <= end || (first >= start && first <= end)) return true;
      if (first < start) return holds(one.times, 0, readTimes(page, at, one.times, 0));
      toChunkBefore(page, place);
    }
    return false;
  }

  /** Chunks, and the Unix milliseconds of the oldest and newest sample; null while there is none. */
  extent(): { chunks: number; minTime: number | null; maxTime: number | null } {
    let chunks = 0;
    let oldest = Number.POSITIVE_INFINITY;
    let newest = Number.NEGATIVE_INFINITY;
    for (let series = 0; series < this.series.size; series++) {
      if (this.series.newest[series] === Number.NEGATIVE_INFINITY) continue;
      this.find(series, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
      const { path } = this;
      const late = this.late.get(series);
      const open = this.series.count[series]! > 0;
      chunks += path.length + (late ? 1 : 0) + (open ? 1 : 0);
      if (open) {
        const slot = this.series.slot[series]!;
        oldest = Math.min(oldest, this.open.slabOf(slot).times[this.open.offsetOf(slot)]!);
      }
      const first = path.length - 1;
      if (first >= 0) oldest = Math.min(oldest, firstTimeOf(path.pages[first]!, path.at[first]!));
      if (late) oldest = Math.min(oldest, late.columns.times[0]!);
      newest = Math.max(newest, this.series.newest[series]!);
    }
    const histograms = this.histograms.extent();
    if (histograms) {
      chunks++;
      oldest = Math.min(oldest, histograms.oldest);
      newest = Math.max(newest, histograms.newest);
    }
    return chunks === 0 ? { chunks, minTime: null, maxTime: null } : { chunks, minTime: oldest, maxTime: newest };
  }

  /** Deletes the samples with start <= time <= end. */
  delete(series: number, start: number, end: number): void {
    this.histograms.delete(series, start, end);
    if (!this.hasFloat(series, start, end)) return;
    this.seal(series);
    this.giveSlot(series);
    const { columns, count } = this.sealed(series);
    const from = lowerBound(columns.times, count, start);
    const to = upperBound(columns.times, count, end);
    columns.times.copyWithin(from, to, count);
    columns.values.copyWithin(from, to, count);
    const left = count - (to - from);
    this.samples -= to - from;
    this.rewrite(series, { columns, count: left });
    this.series.newest[series] = left > 0 ? columns.times[left - 1]! : Number.NEGATIVE_INFINITY;
  }

  private giveSlot(series: number): void {
    const slot = this.series.slot[series]!;
    if (slot < 0) return;
    this.open.give(slot);
    this.series.slot[series] = -1;
    this.series.count[series] = 0;
  }

  /** Forgets what lies before `time`, as far as it shares its memory with nothing newer. */
  evictBefore(time: number): void {
    if (time <= this.coveredFrom) return;
    this.coveredFrom = time;
    this.histograms.evictBefore(time);
    for (const page of [...this.pages.all()]) {
      if (page.newest >= time) continue;
      this.samples -= this.pages.samplesOf(page);
      this.pages.drop(page);
    }
    for (const [series, late] of this.late) {
      if (late.newest >= time) continue;
      this.samples -= late.count;
      this.dropLate(series);
    }
    const { slot, newest, count, size } = this.series;
    for (let series = 0; series < size; series++) {
      if (newest[series]! >= time) continue;
      if (slot[series]! >= 0) {
        this.samples -= count[series]!;
        this.giveSlot(series);
      }
      newest[series] = Number.NEGATIVE_INFINITY;
    }
  }

  private keepUnderCap(): void {
    if (this.bytes <= this.capBytes) return;
    if (this.pages.isWasteful) this.compact();
    if (this.bytes > this.capBytes) this.shrink();
  }

  private compact(): void {
    this.pages.compact((series, from, to) => {
      const { place } = this;
      this.series.lastChunk(series, place);
      if (place.page === from.page && place.at === from.at) {
        this.series.setLastChunk(series, to);
        return;
      }
      for (let page = this.pages.get(place.page); page; page = this.pages.get(place.page)) {
        const behind = { ...place };
        toChunkBefore(page, place);
        if (place.page !== from.page || place.at !== from.at) continue;
        this.pages.setBefore(behind, to);
        return;
      }
    });
  }

  /** Frees an eighth at a time, the oldest first. */
  private shrink(): void {
    const parts: { newest: number; bytes: number }[] = [];
    for (const { newest } of this.pages.all()) parts.push({ newest, bytes: this.pages.pageBytes });
    for (const part of this.histograms.parts()) parts.push(part);
    for (const late of this.late.values()) parts.push({ newest: late.newest, bytes: late.bytes });
    const { slot, newest, size } = this.series;
    for (let series = 0; series < size; series++) {
      if (slot[series]! >= 0) parts.push({ newest: newest[series]!, bytes: OpenSlots.slotBytes });
    }
    parts.sort((a, b) => a.newest - b.newest);
    const excess = this.bytes - this.capBytes * (1 - FREED);
    let freed = 0;
    let cut = this.coveredFrom;
    for (const part of parts) {
      if (freed >= excess) break;
      freed += part.bytes;
      cut = part.newest + 1;
    }
    this.evictBefore(cut);
  }
}

/**
 * The newest native histograms of every series, as payloads one behind the other in pages outside the JavaScript heap, with an
 * index by time for each series. What it may hold, and from when on, the head says.
 *
 * A record in a page, at a multiple of four bytes: size u32, little-endian | payload
 */
import { lowerBound } from './sample-columns.ts';

const SIZE_BYTES = 4;

interface Page {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  used: number;
  /** Bytes of records that no index names any more. */
  wasted: number;
  /** Unix milliseconds of the newest record. */
  newest: number;
}

/** The histograms of one series, ascending in time: record i is at byte `at[i]` of page `pages[i]`. */
class Entries {
  count = 0;
  times = new Float64Array(4);
  pages = new Uint32Array(4);
  at = new Uint32Array(4);

  get bytes(): number {
    return this.times.length * 16;
  }

  insert(place: number, time: number, page: number, at: number): void {
    if (this.count === this.times.length) this.resize(2 * this.count);
    for (const column of [this.times, this.pages, this.at]) column.copyWithin(place + 1, place, this.count);
    this.count++;
    this.times[place] = time;
    this.pages[place] = page;
    this.at[place] = at;
  }

  remove(from: number, to: number): void {
    for (const column of [this.times, this.pages, this.at]) column.copyWithin(from, to, this.count);
    this.count -= to - from;
    if (4 * this.count < this.times.length && this.times.length > 4) this.resize(Math.max(4, 2 * this.count));
  }

  private resize(length: number): void {
    const { times, pages, at, count } = this;
    this.times = new Float64Array(length);
    this.pages = new Uint32Array(length);
    this.at = new Uint32Array(length);
    this.times.set(times.subarray(0, count));
    this.pages.set(pages.subarray(0, count));
    this.at.set(at.subarray(0, count));
  }
}

export class HistogramHead {
  samples = 0;
  private pageBytes = 0;
  private indexBytes = 0;
  private readonly series = new Map<number, Entries>();
  private readonly pages = new Map<number, Page>();
  private current: Page | undefined;
  private last = 0;

  /** @param bytesOfPage or more, where one payload takes more */
  constructor(private readonly bytesOfPage: number) {}

  get bytes(): number {
    return this.pageBytes + this.indexBytes;
  }

  /** Takes a copy of the payload; a second one at the same time replaces the first. */
  insert(series: number, time: number, payload: Uint8Array): void {
    let entries = this.series.get(series);
    if (!entries) {
      entries = new Entries();
      this.series.set(series, entries);
      this.indexBytes += entries.bytes;
    }
    const place = lowerBound(entries.times, entries.count, time);
    if (place < entries.count && entries.times[place] === time) {
      this.replace(entries, place, payload);
      return;
    }
    const page = this.roomFor(payload.length);
    const at = write(page, payload);
    page.newest = Math.max(page.newest, time);
    this.indexBytes -= entries.bytes;
    entries.insert(place, time, page.number, at);
    this.indexBytes += entries.bytes;
    this.samples++;
  }

  /** In its place where it fits: what is sent again takes no room. */
  private replace(entries: Entries, place: number, payload: Uint8Array): void {
    const page = this.pages.get(entries.pages[place]!)!;
    const at = entries.at[place]!;
    const size = page.view.getUint32(at, true);
    if (payload.length <= size && roundedUp(payload.length) === roundedUp(size)) {
      page.view.setUint32(at, payload.length, true);
      page.bytes.set(payload, at + SIZE_BYTES);
      return;
    }
    this.waste(page, at);
    const fresh = this.roomFor(payload.length);
    entries.at[place] = write(fresh, payload);
    entries.pages[place] = fresh.number;
    fresh.newest = Math.max(fresh.newest, entries.times[place]!);
  }

  private roomFor(payload: number): Page {
    const size = SIZE_BYTES + roundedUp(payload);
    if (this.current && this.current.used + size <= this.current.bytes.length) return this.current;
    const bytes = new Uint8Array(Math.max(size, this.bytesOfPage));
    const view = new DataView(bytes.buffer);
    const page: Page = { number: ++this.last, bytes, view, used: 0, wasted: 0, newest: Number.NEGATIVE_INFINITY };
    this.current = page;
    this.pages.set(page.number, page);
    this.pageBytes += bytes.length;
    return page;
  }

  private waste(page: Page, at: number): void {
    page.wasted += SIZE_BYTES + roundedUp(page.view.getUint32(at, true));
    if (page.wasted === page.used) this.drop(page);
  }

  private drop(page: Page): void {
    if (!this.pages.delete(page.number)) return;
    this.pageBytes -= page.bytes.length;
    if (this.current === page) this.current = undefined;
  }

  /** The times and payloads with start <= time <= end, ascending. The payloads are views, good until something changes. */
  read(series: number, start: number, end: number): { timestamps: Float64Array; payloads: Uint8Array[] } | undefined {
    const entries = this.series.get(series);
    if (!entries) return undefined;
    const { from, to } = range(entries, start, end);
    if (from >= to) return undefined;
    const payloads: Uint8Array[] = [];
    for (let i = from; i < to; i++) {
      const { bytes, view } = this.pages.get(entries.pages[i]!)!;
      const at = entries.at[i]!;
      payloads.push(bytes.subarray(at + SIZE_BYTES, at + SIZE_BYTES + view.getUint32(at, true)));
    }
    return { timestamps: entries.times.slice(from, to), payloads };
  }

  /** How many there are with start <= time <= end. */
  count(series: number, start: number, end: number): number {
    const entries = this.series.get(series);
    if (!entries) return 0;
    const { from, to } = range(entries, start, end);
    return Math.max(0, to - from);
  }

  /** Deletes those with start <= time <= end. */
  delete(series: number, start: number, end: number): void {
    const entries = this.series.get(series);
    if (!entries) return;
    const { from, to } = range(entries, start, end);
    for (let i = from; i < to; i++) this.waste(this.pages.get(entries.pages[i]!)!, entries.at[i]!);
    this.remove(series, entries, from, to);
  }

  private remove(series: number, entries: Entries, from: number, to: number): void {
    if (from >= to) return;
    this.samples -= to - from;
    this.indexBytes -= entries.bytes;
    entries.remove(from, to);
    if (entries.count === 0) this.series.delete(series);
    else this.indexBytes += entries.bytes;
  }

  /** Forgets what lies before `time`, as far as it shares its page with nothing newer. */
  evictBefore(time: number): void {
    for (const page of [...this.pages.values()]) if (page.newest < time) this.drop(page);
    for (const [series, entries] of this.series) {
      this.remove(series, entries, 0, lowerBound(entries.times, entries.count, time));
    }
  }

  /** What would be freed by giving up everything up to a time. */
  *parts(): Generator<{ readonly newest: number; readonly bytes: number }> {
    for (const { newest, bytes } of this.pages.values()) yield { newest, bytes: bytes.length };
  }

  /** Unix milliseconds of the oldest and the newest; undefined while there is none. */
  extent(): { readonly oldest: number; readonly newest: number } | undefined {
    let oldest = Number.POSITIVE_INFINITY;
    let newest = Number.NEGATIVE_INFINITY;
    for (const { times, count } of this.series.values()) {
      oldest = Math.min(oldest, times[0]!);
      newest = Math.max(newest, times[count - 1]!);
    }
    return newest === Number.NEGATIVE_INFINITY ? undefined : { oldest, newest };
  }
}

const roundedUp = (size: number): number => (size + 3) & ~3;

function write(page: Page, payload: Uint8Array): number {
  const at = page.used;
  page.view.setUint32(at, payload.length, true);
  page.bytes.set(payload, at + SIZE_BYTES);
  page.used += SIZE_BYTES + roundedUp(payload.length);
  return at;
}

function range({ times, count }: Entries, start: number, end: number): { from: number; to: number } {
  const from = lowerBound(times, count, start);
  const to = lowerBound(times, count, end);
  return { from, to: to < count && times[to] === end ? to + 1 : to };
}

/** The sealed chunks of all series, one behind the other in pages; each knows the one before it in time of its series. */
import {
  type ChunkPlace,
  ChunkWriter,
  type Columns,
  countOf,
  giveUp,
  isGivenUp,
  lastTimeOf,
  type PageViews,
  seriesOf,
  setChunkBefore,
  sizeOf,
} from './head-chunk.ts';

export interface Page extends PageViews {
  /** From 1, never again. */
  readonly number: number;
  /** Its chunks are all written anew before long, and the page is free as a whole. */
  readonly isPassing: boolean;
  /** Units of 8 bytes that are written. */
  used: number;
  /** Of them, those of chunks that were given up. */
  wasted: number;
  /** Unix milliseconds of the newest sample. */
  newest: number;
  /** Number of the reader that was the last to take chunks from here, and which of its pages this is. */
  reader: number;
  index: number;
}

export class ChunkPages {
  bytes = 0;
  private readonly pages = new Map<number, Page>();
  private readonly writer = new ChunkWriter();
  private last = 0;
  private planned = 0;
  private plannedNewest = 0;
  /** Those that are being filled. */
  private current: Page | undefined;
  private currentPassing: Page | undefined;

  /** @param pageBytes a power of two up to 256 KiB */
  constructor(readonly pageBytes: number) {}

  /** Undefined for a page that was given up, and for page 0. */
  get(number: number): Page | undefined {
    return this.pages.get(number);
  }

  all(): Iterable<Page> {
    return this.pages.values();
  }

  /** Units of 8 bytes that the samples from <= i < to take as one chunk, which is the next one to be written. */
  plan(columns: Columns, from: number, to: number): number {
    this.planned = this.writer.plan(columns, from, to);
    this.plannedNewest = columns.times[to - 1]!;
    return this.planned;
  }

  /** Writes what was planned last behind the chunk at `place`, and moves `place` to it. */
  write(series: number, place: ChunkPlace, isPassing = false): void {
    const page = this.roomFor(this.planned, isPassing);
    const at = page.used;
    this.writer.write(page, at, series, place);
    page.used += this.planned;
    page.newest = Math.max(page.newest, this.plannedNewest);
    place.page = page.number;
    place.at = at;
  }

  private roomFor(units: number, isPassing: boolean): Page {
    const current = isPassing ? this.currentPassing : this.current;
    if (current && current.used + units <= this.pageBytes / 8) return current;
    const page = this.addPage(isPassing);
    if (isPassing) this.currentPassing = page;
    else this.current = page;
    return page;
  }

  private addPage(isPassing: boolean): Page {
    const memory = new ArrayBuffer(this.pageBytes);
    const page: Page = {
      number: ++this.last,
      bytes: new Uint8Array(memory),
      halves: new Uint16Array(memory),
      words: new Uint32Array(memory),
      doubles: new Float64Array(memory),
      isPassing,
      used: 0,
      wasted: 0,
      newest: Number.NEGATIVE_INFINITY,
      reader: 0,
      index: 0,
    };
    this.pages.set(this.last, page);
    this.bytes += this.pageBytes;
    return page;
  }

  /** The chunk belongs to no series any more; a page of which nothing is left goes. */
  giveUp(page: Page, at: number): void {
    giveUp(page, at);
    page.wasted += sizeOf(page, at);
    if (page.wasted === page.used) this.drop(page);
  }

  /** Samples of the chunks that belong to a series. */
  samplesOf(page: Page): number {
    let samples = 0;
    for (let at = 0; at < page.used; at += sizeOf(page, at)) if (!isGivenUp(page, at)) samples += countOf(page, at);
    return samples;
  }

  drop(page: Page): void {
    if (!this.pages.delete(page.number)) return;
    this.bytes -= this.pageBytes;
    this.close(page);
  }

  /** Nothing is added to it any more. */
  private close(page: Page): void {
    if (this.current === page) this.current = undefined;
    if (this.currentPassing === page) this.currentPassing = undefined;
  }

  /** Moves the chunks of pages that are half wasted together. `moved` is told of each. */
  compact(moved: (series: number, from: Readonly<ChunkPlace>, to: Readonly<ChunkPlace>) => void): void {
    const sparse = [...this.pages.values()].filter(({ wasted, used }) => 2 * wasted > used);
    for (const page of sparse) {
      this.close(page);
      for (let at = 0; at < page.used; at += sizeOf(page, at)) {
        if (isGivenUp(page, at)) continue;
        const units = sizeOf(page, at);
        const target = this.roomFor(units, page.isPassing);
        target.doubles.set(page.doubles.subarray(at, at + units), target.used);
        target.newest = Math.max(target.newest, lastTimeOf(page, at));
        const to = { page: target.number, at: target.used };
        target.used += units;
        moved(seriesOf(page, at), { page: page.number, at }, to);
      }
      this.drop(page);
    }
  }

  /** Whether a fair part of all pages is wasted. */
  get isWasteful(): boolean {
    let wasted = 0;
    for (const page of this.pages.values()) if (2 * page.wasted > page.used) wasted += page.wasted;
    return wasted * 8 * 8 > this.bytes;
  }

  setBefore(place: Readonly<ChunkPlace>, before: Readonly<ChunkPlace>): void {
    const page = this.pages.get(place.page);
    if (page) setChunkBefore(page, place.at, before);
  }
}

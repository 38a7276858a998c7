/** What the head knows of each series, by its number, in columns that grow with the numbers. */
import type { ChunkPlace } from './head-chunk.ts';

export class HeadSeries {
  size = 0;
  /** Unix milliseconds of the newest sample; -Infinity without one. */
  newest = new Float64Array(0);
  /** Where its open samples are, -1 while it has no slot. */
  slot = new Int32Array(0);
  /** Open samples. */
  count = new Uint8Array(0);
  /** The newest chunk; page 0 while there is none. */
  private page = new Uint32Array(0);
  private at = new Uint16Array(0);

  /** Makes room for the series. */
  reach(series: number): void {
    if (series < this.size) return;
    if (series >= this.newest.length) this.grow(Math.max(series + 1, 2 * this.newest.length, 64));
    this.size = series + 1;
  }

  private grow(length: number): void {
    const { newest, slot, count, page, at } = this;
    this.newest = new Float64Array(length).fill(Number.NEGATIVE_INFINITY);
    this.slot = new Int32Array(length).fill(-1);
    this.count = new Uint8Array(length);
    this.page = new Uint32Array(length);
    this.at = new Uint16Array(length);
    this.newest.set(newest);
    this.slot.set(slot);
    this.count.set(count);
    this.page.set(page);
    this.at.set(at);
  }

  lastChunk(series: number, into: ChunkPlace): void {
    into.page = this.page[series]!;
    into.at = this.at[series]!;
  }

  setLastChunk(series: number, place: Readonly<ChunkPlace>): void {
    this.page[series] = place.page;
    this.at[series] = place.at;
  }
}

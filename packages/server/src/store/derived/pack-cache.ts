/**
 * Packs of series and hours that were read, outside the JavaScript heap and capped in bytes, the first to come the first
 * to go: a dashboard over past days that is refreshed does not go to the engine again. That a series has nothing in an
 * hour is remembered as well. What belongs to a generation of an hour that is no longer the current one is not found.
 */
import type { Pack } from './pack.ts';

const PAGE_BYTES = 256 * 1024;
const FIRST_SLOTS = 1024;
const MOST_SLOTS = 2 ** 18;
/** Slots that are in use at most, as a share of all. */
const FULL = 0.6;
/** What is freed at once, as a share of the cap. */
const FREED = 1 / 8;
/** In place of an offset: the series has nothing in that hour. */
const NOTHING = 0xffffffff;
/** Words of a slot: number of the hour, number of the series + 1 (0: free), number of the page, offset in it, end. */
const WORDS = 5;

export const noPack: Pack = { bytes: new Uint8Array(), from: 0, to: 0 };

export class PackCache {
  private readonly pages = new Map<number, Uint8Array>();
  private oldestPage = 1;
  private lastPage = 0;
  private used = PAGE_BYTES;
  private slots = new Uint32Array(FIRST_SLOTS * WORDS);
  private taken = 0;
  /** Of each hour the generation that is remembered, under a number that no other generation gets. */
  private readonly hours = new Map<number, { readonly generation: number; readonly number: number }>();
  private lastHour = 0;

  constructor(private readonly capBytes: number) {}

  get bytes(): number {
    return this.pages.size * PAGE_BYTES + this.slots.byteLength;
  }

  /** Undefined if it is not known. `series` is a number of the index. */
  find(hour: number, generation: number, series: number): Pack | undefined {
    const known = this.hours.get(hour);
    if (known?.generation !== generation) return undefined;
    const { slots } = this;
    const at = this.slotOf(known.number, series);
    if (slots[at + 1] === 0) return undefined;
    if (slots[at + 3] === NOTHING) return slots[at + 2]! >= this.oldestPage ? noPack : undefined;
    const bytes = this.pages.get(slots[at + 2]!);
    return bytes && { bytes, from: slots[at + 3]!, to: slots[at + 4]! };
  }

  /** Copies the pack; an empty one says that there is nothing. */
  keep(hour: number, generation: number, series: number, pack: Uint8Array): void {
    if (pack.length > PAGE_BYTES) return;
    if (this.taken >= (this.slots.length / WORDS) * FULL) this.sweep();
    const at = this.slotOf(this.numberOf(hour, generation), series);
    const { slots } = this;
    if (slots[at + 1] === 0) this.taken++;
    const page = this.pageFor(pack.length);
    slots[at] = this.hours.get(hour)!.number;
    slots[at + 1] = series + 1;
    slots[at + 2] = this.lastPage;
    slots[at + 3] = pack.length === 0 ? NOTHING : this.used;
    slots[at + 4] = this.used + pack.length;
    page.set(pack, this.used);
    this.used += pack.length;
  }

  private numberOf(hour: number, generation: number): number {
    const known = this.hours.get(hour);
    if (known?.generation === generation) return known.number;
    this.hours.set(hour, { generation, number: ++this.lastHour });
    return this.lastHour;
  }

  /** Where the slot of that key is, or the free one where it would be. */
  private slotOf(hour: number, series: number): number {
    const { slots } = this;
    const mask = slots.length / WORDS - 1;
    let slot = (Math.imul(hour, 0x9e3779b1) ^ Math.imul(series + 1, 0x85ebca6b)) >>> 0;
    slot ^= slot >>> 15;
    for (slot &= mask; ; slot = (slot + 1) & mask) {
      const at = slot * WORDS;
      if (slots[at + 1] === 0 || (slots[at] === hour && slots[at + 1] === series + 1)) return at;
    }
  }

  private pageFor(length: number): Uint8Array {
    const current = this.pages.get(this.lastPage);
    if (current && this.used + length <= PAGE_BYTES) return current;
    if ((this.pages.size + 1) * PAGE_BYTES > this.capBytes) this.free(Math.ceil(this.pages.size * FREED));
    const page = new Uint8Array(PAGE_BYTES);
    this.pages.set(++this.lastPage, page);
    this.used = 0;
    return page;
  }

  private free(count: number): void {
    for (let i = 0; i < count; i++) this.pages.delete(this.oldestPage++);
  }

  /** Slots of what is gone are made free; there are more of them if that was little. */
  private sweep(): void {
    const live = [...this.liveSlots()];
    const most = Math.min(MOST_SLOTS, this.slots.length / WORDS);
    const wanted = live.length > (most * FULL) / 2 && most < MOST_SLOTS ? 2 * most : most;
    if (live.length > wanted * FULL * 0.9) {
      this.clear();
      return;
    }
    const before = this.slots;
    this.slots = new Uint32Array(wanted * WORDS);
    this.taken = live.length;
    for (const at of live) {
      const to = this.slotOf(before[at]!, before[at + 1]! - 1);
      this.slots.set(before.subarray(at, at + WORDS), to);
    }
  }

  private *liveSlots(): Generator<number> {
    const numbers = new Set([...this.hours.values()].map(({ number }) => number));
    for (let at = 0; at < this.slots.length; at += WORDS) {
      if (this.slots[at + 1] === 0 || this.slots[at + 2]! < this.oldestPage) continue;
      if (numbers.has(this.slots[at]!)) yield at;
    }
  }

  private clear(): void {
    this.free(this.pages.size);
    this.hours.clear();
    this.slots = new Uint32Array(FIRST_SLOTS * WORDS);
    this.taken = 0;
  }
}

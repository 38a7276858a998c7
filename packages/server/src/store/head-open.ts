/** The newest samples of each series, not yet packed: slots of equal size in slabs. */
import { CHUNK_SAMPLES } from './head-chunk.ts';
import { wordsOf } from './sample-columns.ts';

const SLOT_BYTES = CHUNK_SAMPLES * 16;

export interface Slab {
  /** Slot s has its samples from `(s % slots) * CHUNK_SAMPLES` on. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly words: Uint32Array;
}

export class OpenSlots {
  private slabs: Slab[] = [];
  private free: number[] = [];
  private taken = 0;
  private readonly slots: number;

  constructor(slabBytes: number) {
    this.slots = Math.max(1, Math.floor(slabBytes / SLOT_BYTES));
  }

  /** Of the slots that are taken. */
  get bytes(): number {
    return this.taken * SLOT_BYTES;
  }

  static readonly slotBytes = SLOT_BYTES;

  slabOf(slot: number): Slab {
    return this.slabs[Math.floor(slot / this.slots)]!;
  }

  /** Index of the slot's first sample in its slab. */
  offsetOf(slot: number): number {
    return (slot % this.slots) * CHUNK_SAMPLES;
  }

  take(): number {
    if (this.free.length === 0) this.grow();
    this.taken++;
    return this.free.pop()!;
  }

  private grow(): void {
    const values = new Float64Array(this.slots * CHUNK_SAMPLES);
    const first = this.slabs.length * this.slots;
    this.slabs.push({ times: new Float64Array(values.length), values, words: wordsOf(values) });
    for (let slot = first + this.slots - 1; slot >= first; slot--) this.free.push(slot);
  }

  give(slot: number): void {
    this.taken--;
    this.free.push(slot);
    if (this.taken > 0) return;
    this.slabs = [];
    this.free = [];
  }
}

import type { Labels } from '../batch.ts';
import { hashLabelBytes } from './label-hash.ts';

/** What a table may hold before a new one takes its place: label bytes, and series. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_SERIES = 1_000_000;

const FIRST_SERIES = 1024;

export interface SeriesTableOptions {
  /** Injectable, so that collisions can be tested. */
  readonly hash?: typeof hashLabelBytes;
  readonly mostBytes?: number;
  readonly mostSeries?: number;
}

let tables = 0;

/**
 * Series by the bytes of their labels as a write request has them, so that one that comes again costs no string and no
 * Map. Open addressing by a hash, after which the bytes are compared; and each series remembers the one that came after
 * it last, which in most requests is the next again, so that there is only the comparison. Series are numbered from 0.
 */
export class SeriesTable {
  /** Of two tables the later one has the higher number. */
  readonly born = ++tables;
  /** The labels of each series. Their user may put equal ones in their place, to have them once only. */
  readonly labels: Labels[] = [];
  private readonly hash: typeof hashLabelBytes;
  private readonly mostBytes: number;
  private readonly mostSeries: number;
  private arena = new Uint8Array(64 * 1024);
  private view = new DataView(this.arena.buffer);
  private used = 0;
  private starts = new Uint32Array(FIRST_SERIES);
  private lengths = new Uint32Array(FIRST_SERIES);
  private hashes = new Int32Array(FIRST_SERIES);
  private followers = new Int32Array(FIRST_SERIES).fill(-1);
  private slots = new Int32Array(FIRST_SERIES * 2).fill(-1);

  constructor({ hash = hashLabelBytes, mostBytes = MOST_BYTES, mostSeries = MOST_SERIES }: SeriesTableOptions = {}) {
    this.hash = hash;
    this.mostBytes = mostBytes;
    this.mostSeries = mostSeries;
  }

  get size(): number {
    return this.labels.length;
  }

  /** The series that came after `ref` the last time, -1 if there is none. */
  followerOf(ref: number): number {
    return ref < 0 ? -1 : this.followers[ref]!;
  }

  follow(ref: number, next: number): void {
    if (ref >= 0) this.followers[ref] = next;
  }

  /** Where the labels of `ref` end if exactly its bytes stand at `start` of a body, before `end`; else -1. */
  endAt(ref: number, body: DataView, start: number, end: number): number {
    const length = this.lengths[ref]!;
    const after = start + length;
    if (after > end) return -1;
    return equalBytes(this.view, this.starts[ref]!, body, start, length) ? after : -1;
  }

  /** The series whose bytes stand in [start, end) of a body, -1 for an unknown one. */
  find(body: DataView, start: number, end: number): number {
    const hash = this.hash(body, start, end);
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const ref = this.slots[slot]!;
      if (ref < 0) return -1;
      if (this.hashes[ref] !== hash || this.lengths[ref] !== end - start) continue;
      if (this.endAt(ref, body, start, end) === end) return ref;
    }
  }

  /** Takes a series with a copy of its bytes, unless it is known already; -1 when the table is full. */
  add(bytes: Uint8Array, labels: Labels): number {
    const body = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const known = this.find(body, 0, bytes.length);
    if (known >= 0) return known;
    if (this.used + bytes.length > this.mostBytes || this.size >= this.mostSeries) return -1;
    const ref = this.size;
    if (ref === this.starts.length) this.growSeries();
    if (this.used + bytes.length > this.arena.length) this.growArena(this.used + bytes.length);
    this.arena.set(bytes, this.used);
    this.starts[ref] = this.used;
    this.lengths[ref] = bytes.length;
    this.hashes[ref] = this.hash(body, 0, bytes.length);
    this.used += bytes.length;
    this.labels.push(labels);
    this.place(ref);
    return ref;
  }

  private place(ref: number): void {
    const mask = this.slots.length - 1;
    let slot = this.hashes[ref]! & mask;
    while (this.slots[slot]! >= 0) slot = (slot + 1) & mask;
    this.slots[slot] = ref;
  }

  private growSeries(): void {
    const size = this.starts.length * 2;
    const grown = <T extends Uint32Array | Int32Array>(fresh: T, old: T): T => {
      fresh.set(old);
      return fresh;
    };
    this.starts = grown(new Uint32Array(size), this.starts);
    this.lengths = grown(new Uint32Array(size), this.lengths);
    this.hashes = grown(new Int32Array(size), this.hashes);
    this.followers = grown(new Int32Array(size).fill(-1), this.followers);
    this.slots = new Int32Array(size * 2).fill(-1);
    for (let ref = 0; ref < this.size; ref++) this.place(ref);
  }

  private growArena(needed: number): void {
    const larger = new Uint8Array(Math.min(Math.max(needed, this.arena.length * 2), Math.max(needed, this.mostBytes)));
    larger.set(this.arena.subarray(0, this.used));
    this.arena = larger;
    this.view = new DataView(larger.buffer);
  }
}

/** Sixteen bytes at a time without a branch: what is compared here is nearly always equal. */
function equalBytes(a: DataView, atA: number, b: DataView, atB: number, length: number): boolean {
  let i = 0;
  for (const last = length - 16; i <= last; i += 16) {
    const first = (a.getInt32(atA + i, true) ^ b.getInt32(atB + i, true)) | 0;
    const second = (a.getInt32(atA + i + 4, true) ^ b.getInt32(atB + i + 4, true)) | 0;
    const third = (a.getInt32(atA + i + 8, true) ^ b.getInt32(atB + i + 8, true)) | 0;
    const fourth = (a.getInt32(atA + i + 12, true) ^ b.getInt32(atB + i + 12, true)) | 0;
    if ((first | second | third | fourth) !== 0) return false;
  }
  for (; i < length; i++) if (a.getUint8(atA + i) !== b.getUint8(atB + i)) return false;
  return true;
}

import type { Labels } from '../batch.ts';
import { hashLabelBytes } from './label-hash.ts';
import { WriteModule } from './write-module.ts';

/** What a table may hold before a new one takes its place: label bytes, and series. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_SERIES = 1_000_000;

const FIRST_SERIES = 1024;

/** Of a series in memory: address of the one that came after it, its number, the length of its label bytes; then the bytes. */
const NUMBER = 4;
const LENGTH = 8;
const LABELS = 16;

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
  /** Where the label bytes are. */
  readonly module: WriteModule;
  /** The labels of each series. Their user may put equal ones in their place, to have them once only. */
  readonly labels: Labels[] = [];
  private readonly hash: typeof hashLabelBytes;
  private readonly mostBytes: number;
  private readonly mostSeries: number;
  private used = 0;
  private addresses = new Uint32Array(FIRST_SERIES);
  private hashes = new Int32Array(FIRST_SERIES);
  private slots = new Int32Array(FIRST_SERIES * 2).fill(-1);

  /** @param module of which nothing else uses the memory for series; what a table before kept there is lost */
  constructor(
    { hash = hashLabelBytes, mostBytes = MOST_BYTES, mostSeries = MOST_SERIES }: SeriesTableOptions = {},
    module = new WriteModule(),
  ) {
    this.module = module;
    module.freeAll();
    this.hash = hash;
    this.mostBytes = mostBytes;
    this.mostSeries = mostSeries;
  }

  get size(): number {
    return this.labels.length;
  }

  addressOf(ref: number): number {
    return this.addresses[ref]!;
  }

  /** Both by their addresses; 0 is none. */
  follow(one: number, next: number): void {
    if (one > 0) this.module.view.setUint32(one, next, true);
  }

  /** The series whose bytes stand in [start, end) of a body, -1 for an unknown one. */
  find(body: DataView, start: number, end: number): number {
    const hash = this.hash(body, start, end);
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const ref = this.slots[slot]!;
      if (ref < 0) return -1;
      if (this.hashes[ref] === hash && this.hasLabels(ref, body, start, end - start)) return ref;
    }
  }

  private hasLabels(ref: number, body: DataView, start: number, length: number): boolean {
    const { view } = this.module;
    const address = this.addresses[ref]!;
    return view.getUint32(address + LENGTH, true) === length && equalBytes(view, address + LABELS, body, start, length);
  }

  /** Takes a series with a copy of its bytes, unless it is known already; -1 when the table is full. */
  add(bytes: Uint8Array, labels: Labels): number {
    const body = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const known = this.find(body, 0, bytes.length);
    if (known >= 0) return known;
    if (this.used + bytes.length > this.mostBytes || this.size >= this.mostSeries) return -1;
    const ref = this.size;
    if (ref === this.addresses.length) this.growSeries();
    this.addresses[ref] = this.keep(ref, bytes);
    this.hashes[ref] = this.hash(body, 0, bytes.length);
    this.used += bytes.length;
    this.labels.push(labels);
    this.place(ref);
    return ref;
  }

  private keep(ref: number, bytes: Uint8Array): number {
    const address = this.module.allocate(LABELS + bytes.length);
    const { view } = this.module;
    view.setUint32(address, 0, true);
    view.setUint32(address + NUMBER, ref, true);
    view.setUint32(address + LENGTH, bytes.length, true);
    this.module.bytes.set(bytes, address + LABELS);
    return address;
  }

  private place(ref: number): void {
    const mask = this.slots.length - 1;
    let slot = this.hashes[ref]! & mask;
    while (this.slots[slot]! >= 0) slot = (slot + 1) & mask;
    this.slots[slot] = ref;
  }

  private growSeries(): void {
    const size = this.addresses.length * 2;
    const grown = <T extends Uint32Array | Int32Array>(fresh: T, old: T): T => {
      fresh.set(old);
      return fresh;
    };
    this.addresses = grown(new Uint32Array(size), this.addresses);
    this.hashes = grown(new Int32Array(size), this.hashes);
    this.slots = new Int32Array(size * 2).fill(-1);
    for (let ref = 0; ref < this.size; ref++) this.place(ref);
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

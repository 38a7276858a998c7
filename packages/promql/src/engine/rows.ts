import type { SeriesSamples } from '../source.ts';
import type { RowMemory } from './rowMemory.ts';

/** Steps `begin <= step < end`, one pair after the other. */
export type Runs = readonly number[];

/** One series of floats at all steps, in columns that are used again for the next series. */
export interface Row {
  readonly values: Float64Array;
  /** Where the values are in the memory of the loops, in bytes; -1 where they are elsewhere. */
  readonly at: number;
  /** 1 at the steps that have a sample. */
  readonly present: Uint8Array;
  /** The steps that have a sample, where `present` was filled by them. */
  runs?: Runs | undefined;
}

/** Fills the row of one series, and says how many steps have a sample. */
export type RowFunction = (windows: FloatWindows, into: Row) => number;

/** Makes the steps of the runs those that have a sample. */
export function fillPresent(row: Row, runs: Runs): void {
  if (row.runs === runs) return;
  row.runs = runs;
  row.present.fill(0);
  for (let i = 0; i < runs.length; i += 2) row.present.fill(1, runs[i]!, runs[i + 1]!);
}

/** Makes it a row without samples. */
export function clearPresent(row: Row): void {
  row.runs = undefined;
  row.present.fill(0);
}

function sameTimes(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  const { length } = a;
  if (length !== b.length || a[0] !== b[0] || a[length - 1] !== b[length - 1]) return false;
  for (let i = 1; i < length - 1; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * The windows `(reference - range, reference]` of one series after the other, all steps at once. Series that are scraped
 * together have the same timestamps, and so the same windows: what follows from the times alone is worked out once for them.
 */
export class FloatWindows {
  readonly references: Float64Array;
  /** Milliseconds. */
  readonly range: number;
  /** The window of a step is the samples `from <= i < to`. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  timestamps: Float64Array = new Float64Array();
  values: Float64Array = new Float64Array();
  /** Where these are in the memory of the loops, in bytes; -1 where they are elsewhere. */
  readonly fromAt: number;
  readonly toAt: number;
  valuesAt = -1;
  /** Grows whenever the windows are others than those of the series before. */
  version = 0;
  /** Samples of the largest window. */
  largest = 0;
  private known:
    | { readonly version: number; readonly least: number; readonly runs: Runs; readonly size: number }
    | undefined;
  /** What `slidesFrom` found last. */
  private slides = { version: -1, begin: 0, end: 0, first: 0 };
  /** Called with how many series had the windows that are about to be replaced. */
  private readonly replaced: (windows: FloatWindows, series: number) => void;
  private series = 0;
  /** Where columns stand that go with it. */
  readonly memory: RowMemory | undefined;

  constructor(
    references: Float64Array,
    range: number,
    replaced: (windows: FloatWindows, series: number) => void,
    memory?: RowMemory,
  ) {
    this.references = references;
    this.range = range;
    this.replaced = replaced;
    this.memory = memory;
    const { length } = references;
    this.from = memory?.integers(length) ?? new Int32Array(length);
    this.to = memory?.integers(length) ?? new Int32Array(length);
    this.fromAt = memory?.addressOf(this.from) ?? -1;
    this.toAt = memory?.addressOf(this.to) ?? -1;
  }

  /** Samples of the last window. */
  get last(): number {
    const end = this.to.length - 1;
    return this.to[end]! - this.from[end]!;
  }

  /** Goes to the next series, without stale markers. */
  place({ timestamps, values }: Pick<SeriesSamples, 'timestamps' | 'values'>): void {
    const same = this.version > 0 && sameTimes(this.timestamps, timestamps);
    if (!same) this.finish();
    this.timestamps = timestamps;
    const { memory } = this;
    this.valuesAt = memory?.hold(values) ?? -1;
    this.values = memory && this.valuesAt >= 0 ? memory.held : values;
    this.series++;
    if (!same) this.find();
  }

  /** As `place`, for what does not count as a window. */
  look({ timestamps, values }: Pick<SeriesSamples, 'timestamps' | 'values'>): void {
    const same = this.version > 0 && sameTimes(this.timestamps, timestamps);
    this.timestamps = timestamps;
    this.values = values;
    if (!same) this.find();
  }

  /** Reports the last windows; to be called when there are no more series. */
  finish(): void {
    if (this.series > 0) this.replaced(this, this.series);
    this.series = 0;
  }

  /** The steps whose windows have so many samples, and how many they are. */
  stepsWith(least: number): { readonly runs: Runs; readonly size: number } {
    if (this.known?.version === this.version && this.known.least === least) return this.known;
    const { from, to, version } = this;
    const runs: number[] = [];
    let size = 0;
    for (let step = 0; step < from.length; step++) {
      if (to[step]! - from[step]! < least) continue;
      size++;
      if (runs.at(-1) === step) runs[runs.length - 1] = step + 1;
      else runs.push(step, step + 1);
    }
    this.known = { version, least, runs, size };
    return this.known;
  }

  /** The first of the steps begin <= step < end from which on each window begins and ends one sample after the one before. */
  slidesFrom(begin: number, end: number): number {
    const { version, from, to } = this;
    const known = this.slides;
    if (known.version === version && known.begin === begin && known.end === end) return known.first;
    let first = end - 1;
    while (first > begin && from[first] === from[first - 1]! + 1 && to[first] === to[first - 1]! + 1) first--;
    this.slides = { version, begin, end, first };
    return first;
  }

  /** Ends only move forward, so finding all windows is linear in the samples. */
  private find(): void {
    const { timestamps, references, range, from, to } = this;
    const count = timestamps.length;
    let first = 0;
    let end = 0;
    let largest = 0;
    for (let step = 0; step < references.length; step++) {
      const reference = references[step]!;
      const start = reference - range;
      while (end < count && timestamps[end]! <= reference) end++;
      while (first < end && timestamps[first]! <= start) first++;
      from[step] = first;
      to[step] = end;
      if (end - first > largest) largest = end - first;
    }
    this.largest = largest;
    this.version++;
  }
}

export function newRow(count: number, memory?: RowMemory): Row {
  const values = memory?.doubles(count) ?? new Float64Array(count);
  return { values, at: memory?.addressOf(values) ?? -1, present: new Uint8Array(count), runs: undefined };
}

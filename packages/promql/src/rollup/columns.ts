/**
 * What is kept of the samples of one series in each bucket `(end - width, end]` that has any, in order of time. A bucket may
 * come in several parts, one row each: where a counter falls a new part begins, so that a fall is only ever seen between the
 * last value of a part and the first of the next. Stale markers are no samples here, but for a part that has nothing else.
 */
export interface RollupColumns {
  /** Right end of the bucket, Unix milliseconds. */
  readonly ends: Float64Array;
  /** Of the first and last sample, Unix milliseconds; of a marker where there is no sample. */
  readonly firstTimes: Float64Array;
  readonly lastTimes: Float64Array;
  readonly firsts: Float64Array;
  readonly lasts: Float64Array;
  readonly counts: Uint32Array;
  /** How often a sample differs from the one before it in the same part. */
  readonly changes: Uint32Array;
  /** NaN only where there is no number; of 0 and -0 the first. */
  readonly mins: Float64Array;
  readonly maxs: Float64Array;
  /** Neumaier's sum, and what rounding took from it: the sum is both together. */
  readonly sums: Float64Array;
  readonly compensations: Float64Array;
  readonly flags: Uint8Array;
}

export type RollupColumn = Exclude<keyof RollupColumns, 'ends'>;

/** The last sample of the bucket up to here is a stale marker. */
export const ENDED = 1;
/** Values fall within the part, because they do so too often for a part each. */
export const FALLS = 2;
/** A value is so large that sums may overflow, which depends on the order of the additions. */
export const LARGE = 4;

const newColumns = (rows: number) => ({
  ends: new Float64Array(rows),
  firstTimes: new Float64Array(rows),
  lastTimes: new Float64Array(rows),
  firsts: new Float64Array(rows),
  lasts: new Float64Array(rows),
  counts: new Uint32Array(rows),
  changes: new Uint32Array(rows),
  mins: new Float64Array(rows),
  maxs: new Float64Array(rows),
  sums: new Float64Array(rows),
  compensations: new Float64Array(rows),
  flags: new Uint8Array(rows),
});

/** Columns that grow; the rows of many series may follow one another in them. */
export class RollupRows {
  columns = newColumns(64);
  length = 0;

  /** Makes room for one more row and returns its place. */
  push(): number {
    if (this.length === this.columns.ends.length) this.grow();
    return this.length++;
  }

  clear(): void {
    this.length = 0;
  }

  /** The rows `from <= i < to`, as views that are valid until more rows are pushed. */
  slice(from: number, to: number): RollupColumns {
    const { columns: all } = this;
    return {
      ends: all.ends.subarray(from, to),
      firstTimes: all.firstTimes.subarray(from, to),
      lastTimes: all.lastTimes.subarray(from, to),
      firsts: all.firsts.subarray(from, to),
      lasts: all.lasts.subarray(from, to),
      counts: all.counts.subarray(from, to),
      changes: all.changes.subarray(from, to),
      mins: all.mins.subarray(from, to),
      maxs: all.maxs.subarray(from, to),
      sums: all.sums.subarray(from, to),
      compensations: all.compensations.subarray(from, to),
      flags: all.flags.subarray(from, to),
    };
  }

  private grow(): void {
    const larger = newColumns(2 * this.length);
    larger.ends.set(this.columns.ends);
    larger.firstTimes.set(this.columns.firstTimes);
    larger.lastTimes.set(this.columns.lastTimes);
    larger.firsts.set(this.columns.firsts);
    larger.lasts.set(this.columns.lasts);
    larger.counts.set(this.columns.counts);
    larger.changes.set(this.columns.changes);
    larger.mins.set(this.columns.mins);
    larger.maxs.set(this.columns.maxs);
    larger.sums.set(this.columns.sums);
    larger.compensations.set(this.columns.compensations);
    larger.flags.set(this.columns.flags);
    this.columns = larger;
  }
}

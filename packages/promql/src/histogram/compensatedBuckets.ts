import { coarserIndexes, distinct, populated, sameIndexes, unionOf } from './buckets.ts';
import { type Buckets, NO_BUCKETS } from './histogram.ts';
import { Terms } from './terms.ts';

/** For buckets that are taken as they are. */
export const NOTHING_LOST = new Float64Array();

/** Buckets with their own array of sums; the array of indexes may be that of a histogram and is never written to. */
export class CompensatedBuckets {
  indexes: Int32Array;
  terms: Terms;

  constructor(indexes: Int32Array, terms: Terms) {
    this.indexes = indexes;
    this.terms = terms;
  }

  static of({ indexes, counts }: Buckets): CompensatedBuckets {
    return new CompensatedBuckets(indexes, new Terms(counts.slice()));
  }

  copy(): CompensatedBuckets {
    return new CompensatedBuckets(this.indexes, this.terms.copy());
  }

  /** Adds `counts[i] / divisor` (and `lost[i]`) to bucket `indexes[i]` from i = `from` on. */
  add(indexes: Int32Array, counts: Float64Array, lost: Float64Array, from: number, divisor: number): void {
    if (from === 0 && lost.length === 0 && sameIndexes(this.indexes, indexes)) {
      this.terms.addEach(counts, divisor);
      return;
    }
    if (from >= indexes.length) return;
    this.makeRoom(from === 0 ? indexes : indexes.subarray(from));
    for (let i = from, at = 0; i < indexes.length; i++) {
      while (this.indexes[at] !== indexes[i]) at++;
      this.terms.add(at, counts[i]! / divisor);
      if (lost.length > 0) this.terms.addLost(at, lost[i]!);
    }
  }

  private makeRoom(indexes: Int32Array): void {
    const union = unionOf(this.indexes, indexes);
    if (union === this.indexes) return;
    const terms = new Terms(new Float64Array(union.length));
    for (let i = 0, at = 0; i < this.indexes.length; i++, at++) {
      while (union[at] !== this.indexes[i]) at++;
      terms.sums[at] = this.terms.sums[i]!;
      terms.lost[at] = this.terms.lost[i]!;
    }
    this.indexes = union;
    this.terms = terms;
  }

  /** Merges neighbours that have the same target; `targets` are ascending. */
  merge(targets: Int32Array): void {
    const indexes = distinct(targets);
    if (indexes !== targets) {
      const terms = new Terms(new Float64Array(indexes.length));
      for (let i = 0, to = 0; i < targets.length; i++) {
        if (indexes[to] !== targets[i]) to++;
        terms.add(to, this.terms.sums[i]!);
        terms.addLost(to, this.terms.lost[i]!);
      }
      this.terms = terms;
    }
    this.indexes = indexes;
  }

  coarsen(shift: number): void {
    this.merge(coarserIndexes(this.indexes, shift));
  }

  removeFirst(count: number): void {
    if (count === 0) return;
    this.indexes = this.indexes.subarray(count);
    this.terms = new Terms(this.terms.sums.slice(count), this.terms.lost.slice(count));
  }

  totals(): Buckets {
    return this.indexes.length === 0 ? NO_BUCKETS : populated(this.indexes, this.terms.totals());
  }
}

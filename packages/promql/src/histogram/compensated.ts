import { bucketsUpTo } from './bounds.ts';
import {
  coarserIndexes,
  commonBounds,
  customTargets,
  distinct,
  divideBuckets,
  populated,
  sameBounds,
  sameIndexes,
  unionOf,
} from './buckets.ts';
import { checkCompatible, combinedHint } from './compatibility.ts';
import { type Buckets, CUSTOM_SCHEMA, type FloatHistogram, NO_BUCKETS, type ResetHint } from './histogram.ts';
import { type WidenedZero, widenedZero } from './zeroBucket.ts';

const NO_TERMS = new Float64Array();

/** Figures with what floating point lost of each (Neumaier's variant of Kahan's sum). */
class Terms {
  readonly sums: Float64Array;
  readonly lost: Float64Array;

  constructor(sums: Float64Array, lost = new Float64Array(sums.length)) {
    this.sums = sums;
    this.lost = lost;
  }

  add(at: number, value: number): void {
    const sum = this.sums[at]!;
    const next = sum + value;
    if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) this.lost[at] = 0;
    else if (Math.abs(sum) >= Math.abs(value)) this.lost[at]! += sum - next + value;
    else this.lost[at]! += value - next + sum;
    this.sums[at] = next;
  }

  /** Adds `values[i] / divisor` to term i of all. */
  addEach(values: Float64Array, divisor: number): void {
    const { sums, lost } = this;
    for (let i = 0; i < sums.length; i++) {
      const value = values[i]! / divisor;
      const sum = sums[i]!;
      const next = sum + value;
      if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) lost[i] = 0;
      else lost[i]! += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sums[i] = next;
    }
  }

  /** The term is one of the carried ones, so a 0 changes nothing. */
  addLost(at: number, value: number): void {
    if (value !== 0) this.add(at, value);
  }

  multiply(factor: number): void {
    for (let i = 0; i < this.sums.length; i++) {
      this.sums[i]! *= factor;
      this.lost[i]! *= factor;
    }
  }

  divide(divisor: number): void {
    for (let i = 0; i < this.sums.length; i++) {
      this.sums[i]! /= divisor;
      this.lost[i]! /= divisor;
    }
  }

  overflows(): boolean {
    return this.sums.includes(Number.POSITIVE_INFINITY) || this.sums.includes(Number.NEGATIVE_INFINITY);
  }

  copy(): Terms {
    return new Terms(this.sums.slice(), this.lost.slice());
  }

  totals(): Float64Array {
    const totals = new Float64Array(this.sums.length);
    for (let i = 0; i < totals.length; i++) totals[i] = this.sums[i]! + this.lost[i]!;
    return totals;
  }
}

/** Buckets with their own array of sums; the array of indexes may be that of a histogram and is never written to. */
class CompensatedBuckets {
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

const COUNT = 0;
const SUM = 1;
const ZERO_COUNT = 2;

/** A histogram that others are added to in place, each figure with what it lost (float_histogram.go, KahanAdd). */
export class CompensatedHistogram {
  private schema: number;
  private zeroThreshold: number;
  private bounds: Float64Array;
  private resetHint: ResetHint;
  private readonly template: FloatHistogram;
  private readonly figures: Terms;
  private readonly positive: CompensatedBuckets;
  private readonly negative: CompensatedBuckets;

  constructor(
    start: FloatHistogram,
    figures = new Terms(Float64Array.of(start.count, start.sum, start.zeroCount)),
    positive = CompensatedBuckets.of(start.positive),
    negative = CompensatedBuckets.of(start.negative),
  ) {
    this.template = start;
    this.schema = start.schema;
    this.zeroThreshold = start.zeroThreshold;
    this.bounds = start.bounds;
    this.resetHint = start.resetHint;
    this.figures = figures;
    this.positive = positive;
    this.negative = negative;
  }

  copy(): CompensatedHistogram {
    const { schema, zeroThreshold, bounds, resetHint } = this;
    const start = { ...this.template, schema, zeroThreshold, bounds, resetHint };
    return new CompensatedHistogram(start, this.figures.copy(), this.positive.copy(), this.negative.copy());
  }

  /**
   * Adds `other / divisor`. True if custom bounds had to be reconciled.
   * @throws IncompatibleSchemasError, and nothing is added
   */
  add(other: FloatHistogram, divisor = 1): boolean {
    checkCompatible(this.template, other);
    this.resetHint = combinedHint(this.resetHint, other.resetHint);
    const custom = this.schema === CUSTOM_SCHEMA;
    if (!custom) this.addZero(other, divisor);
    this.figures.add(COUNT, other.count / divisor);
    this.figures.add(SUM, other.sum / divisor);
    if (custom) return this.addCustom(other, divisor);
    const shift = Math.max(0, this.schema - other.schema);
    if (shift > 0) {
      this.positive.coarsen(shift);
      this.negative.coarsen(shift);
      this.schema = other.schema;
    }
    this.addSide(this.positive, other.positive, other.schema, divisor);
    this.addSide(this.negative, other.negative, other.schema, divisor);
    return false;
  }

  private addSide(to: CompensatedBuckets, buckets: Buckets, schema: number, divisor: number): void {
    let { indexes, counts } = buckets;
    let lost: Float64Array = NO_TERMS;
    let share = divisor;
    if (schema > this.schema && indexes.length > 0) {
      const shares = divideBuckets(buckets, divisor);
      const coarse = new CompensatedBuckets(shares.indexes, new Terms(shares.counts));
      coarse.coarsen(schema - this.schema);
      ({ indexes } = coarse);
      counts = coarse.terms.sums;
      lost = coarse.terms.lost;
      share = 1;
    }
    to.add(indexes, counts, lost, bucketsUpTo({ indexes, counts }, this.schema, this.zeroThreshold), share);
  }

  private addCustom(other: FloatHistogram, divisor: number): boolean {
    const { indexes, counts } = other.positive;
    if (sameBounds(this.bounds, other.bounds)) {
      this.positive.add(indexes, counts, NO_TERMS, 0, divisor);
      return false;
    }
    const bounds = commonBounds(this.bounds, other.bounds);
    this.positive.merge(customTargets(this.positive.indexes, this.bounds, bounds));
    const theirs = customTargets(indexes, other.bounds, bounds);
    for (let i = 0; i < theirs.length; i++) {
      this.positive.add(theirs.subarray(i, i + 1), counts.subarray(i, i + 1), NO_TERMS, 0, divisor);
    }
    this.bounds = bounds;
    return true;
  }

  /** Adds the zero bucket, after it and the own one have grown until both end at one value. */
  private addZero(other: FloatHistogram, divisor: number): void {
    const { schema, positive, negative } = other;
    let wide: WidenedZero = { threshold: other.zeroThreshold, positives: 0, negatives: 0 };
    while (wide.threshold !== this.zeroThreshold) {
      if (this.zeroThreshold < wide.threshold) this.widenZero(wide.threshold);
      else wide = widenedZero(schema, positive.indexes, negative.indexes, other.zeroThreshold, this.zeroThreshold);
    }
    const zero = new Terms(Float64Array.of(other.zeroCount / divisor));
    for (let i = 0; i < wide.positives; i++) zero.add(0, positive.counts[i]! / divisor);
    for (let i = 0; i < wide.negatives; i++) zero.add(0, negative.counts[i]! / divisor);
    this.figures.add(ZERO_COUNT, zero.sums[0]!);
    this.figures.addLost(ZERO_COUNT, zero.lost[0]!);
  }

  private widenZero(threshold: number): void {
    const { positive, negative } = this;
    const wide = widenedZero(this.schema, positive.indexes, negative.indexes, this.zeroThreshold, threshold);
    this.takeIntoZero(positive, wide.positives);
    this.takeIntoZero(negative, wide.negatives);
    this.zeroThreshold = wide.threshold;
  }

  private takeIntoZero(side: CompensatedBuckets, count: number): void {
    for (let i = 0; i < count; i++) {
      this.figures.add(ZERO_COUNT, side.terms.sums[i]!);
      this.figures.addLost(ZERO_COUNT, side.terms.lost[i]!);
    }
    side.removeFirst(count);
  }

  multiply(factor: number): void {
    for (const terms of [this.figures, this.positive.terms, this.negative.terms]) terms.multiply(factor);
  }

  divide(divisor: number): void {
    for (const terms of [this.figures, this.positive.terms, this.negative.terms]) terms.divide(divisor);
  }

  /** Something is infinite that should be counted. */
  overflows(): boolean {
    return (
      this.figures.overflows() ||
      this.positive.terms.overflows() ||
      this.negative.terms.overflows() ||
      this.bounds[0] === Number.NEGATIVE_INFINITY
    );
  }

  total(): FloatHistogram {
    const { schema, zeroThreshold, bounds, resetHint } = this;
    const [count, sum, zeroCount] = this.figures.totals() as unknown as [number, number, number];
    return {
      schema,
      count,
      sum,
      zeroThreshold,
      zeroCount,
      positive: this.positive.totals(),
      negative: this.negative.totals(),
      bounds,
      resetHint,
    };
  }
}

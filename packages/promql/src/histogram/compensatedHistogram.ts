import { bucketsUpTo } from './bounds.ts';
import { commonBounds, customTargets, divideBuckets, sameBounds } from './buckets.ts';
import { checkCompatible, combinedHint } from './compatibility.ts';
import { CompensatedBuckets, NOTHING_LOST } from './compensatedBuckets.ts';
import { type Buckets, CUSTOM_SCHEMA, type FloatHistogram, type ResetHint } from './histogram.ts';
import { Terms } from './terms.ts';
import { type WidenedZero, widenedZero } from './zeroBucket.ts';

/** Places in the figures that do not belong to a bucket outside of zero. */
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
    if (buckets.indexes.length === 0) return;
    if (schema <= this.schema) {
      const inZero = bucketsUpTo(buckets, this.schema, this.zeroThreshold);
      to.add(buckets.indexes, buckets.counts, NOTHING_LOST, inZero, divisor);
      return;
    }
    const { indexes, counts } = divideBuckets(buckets, divisor);
    const coarse = new CompensatedBuckets(indexes, new Terms(counts));
    coarse.coarsen(schema - this.schema);
    const { sums, lost } = coarse.terms;
    const inZero = bucketsUpTo({ indexes: coarse.indexes, counts: sums }, this.schema, this.zeroThreshold);
    to.add(coarse.indexes, sums, lost, inZero, 1);
  }

  private addCustom(other: FloatHistogram, divisor: number): boolean {
    const { indexes, counts } = other.positive;
    if (sameBounds(this.bounds, other.bounds)) {
      this.positive.add(indexes, counts, NOTHING_LOST, 0, divisor);
      return false;
    }
    const bounds = commonBounds(this.bounds, other.bounds);
    this.positive.merge(customTargets(this.positive.indexes, this.bounds, bounds));
    const theirs = customTargets(indexes, other.bounds, bounds);
    for (let i = 0; i < theirs.length; i++) {
      this.positive.add(theirs.subarray(i, i + 1), counts.subarray(i, i + 1), NOTHING_LOST, 0, divisor);
    }
    this.bounds = bounds;
    return true;
  }

  /** Adds the zero bucket, after it and the own one have grown until both end at one value. */
  private addZero(other: FloatHistogram, divisor: number): void {
    if (other.zeroThreshold === this.zeroThreshold) {
      this.figures.add(ZERO_COUNT, other.zeroCount / divisor);
      return;
    }
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
    const figures = this.figures.totals();
    return {
      schema,
      count: figures[COUNT]!,
      sum: figures[SUM]!,
      zeroThreshold,
      zeroCount: figures[ZERO_COUNT]!,
      positive: this.positive.totals(),
      negative: this.negative.totals(),
      bounds,
      resetHint,
    };
  }
}

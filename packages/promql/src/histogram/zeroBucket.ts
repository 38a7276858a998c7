import { exponentialBound } from './bounds.ts';
import { withoutFirst } from './buckets.ts';
import type { FloatHistogram } from './histogram.ts';

export interface WidenedZero {
  /** At least what was asked; more where that lay inside a bucket. */
  readonly threshold: number;
  /** How many buckets of each side, from zero outward, are now part of the zero bucket. */
  readonly positives: number;
  readonly negatives: number;
}

/** What a zero bucket of at least `threshold` (not below the histogram's own) takes in: it only ends between buckets. */
export function widenedZero(
  schema: number,
  positives: Int32Array,
  negatives: Int32Array,
  own: number,
  threshold: number,
): WidenedZero {
  if (threshold === own) return { threshold, positives: 0, negatives: 0 };
  let reach = threshold;
  for (;;) {
    const inPositive = begunBelow(positives, schema, reach);
    if (inPositive > 0) reach = Math.max(reach, exponentialBound(positives[inPositive - 1]!, schema));
    const inNegative = begunBelow(negatives, schema, reach);
    const end = inNegative > 0 ? exponentialBound(negatives[inNegative - 1]!, schema) : reach;
    if (end <= reach) return { threshold: reach, positives: inPositive, negatives: inNegative };
    reach = end;
  }
}

function begunBelow(indexes: Int32Array, schema: number, threshold: number): number {
  let count = 0;
  while (count < indexes.length && exponentialBound(indexes[count]! - 1, schema) < threshold) count++;
  return count;
}

/** The histogram with a zero bucket that takes in everything up to `threshold`, or a little more (see `widenedZero`). */
export function widenZeroBucket(histogram: FloatHistogram, threshold: number): FloatHistogram {
  const { schema, positive, negative } = histogram;
  const wide = widenedZero(schema, positive.indexes, negative.indexes, histogram.zeroThreshold, threshold);
  let zeroCount = histogram.zeroCount;
  for (let i = 0; i < wide.positives; i++) zeroCount += positive.counts[i]!;
  for (let i = 0; i < wide.negatives; i++) zeroCount += negative.counts[i]!;
  return {
    ...histogram,
    zeroThreshold: wide.threshold,
    zeroCount,
    positive: withoutFirst(positive, wide.positives),
    negative: withoutFirst(negative, wide.negatives),
  };
}

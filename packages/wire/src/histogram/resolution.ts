import { CUSTOM_SCHEMA, type HistogramBuckets, MAX_SCHEMA, MIN_SCHEMA, type NativeHistogram } from './histogram.ts';

/** The same observations in the wider buckets of a lower schema: 2^shift buckets become one. Not for custom buckets. */
export function reduced(histogram: NativeHistogram, schema: number): NativeHistogram {
  const shift = histogram.schema - schema;
  if (shift <= 0) return histogram;
  return {
    ...histogram,
    schema,
    positive: merged(histogram.positive, shift),
    negative: merged(histogram.negative, shift),
  };
}

/** Buckets (base^(i-1), base^i]: the first of those that become one has the index 1 above a multiple. */
function merged({ indexes, counts }: HistogramBuckets, shift: number): HistogramBuckets {
  const places = indexes.map((index) => (shift > 31 ? (index > 0 ? 1 : 0) : ((index - 1) >> shift) + 1));
  const keptIndexes: number[] = [];
  const keptCounts: number[] = [];
  for (let i = 0; i < places.length; i++) {
    if (i > 0 && places[i] === places[i - 1]) keptCounts[keptCounts.length - 1]! += counts[i]!;
    else {
      keptIndexes.push(places[i]!);
      keptCounts.push(counts[i]!);
    }
  }
  return { indexes: Int32Array.from(keptIndexes), counts: Float64Array.from(keptCounts) };
}

/** With less resolution where it has more than `most` buckets; undefined where that does not help. */
export function withAtMostBuckets(histogram: NativeHistogram, most: number): NativeHistogram | undefined {
  let result = histogram;
  while (bucketsOf(result) > most) {
    if (result.schema === CUSTOM_SCHEMA || result.schema <= MIN_SCHEMA) return undefined;
    result = reduced(result, result.schema - 1);
  }
  return result;
}

/**
 * Buckets of a histogram as Prometheus keeps it. One that was made of a classic histogram of whole counts has the empty
 * ones between its spans as well where they are not more than two (util/convertnhcb; histogram.Compact).
 */
function bucketsOf({ schema, isInteger, positive, negative }: NativeHistogram): number {
  const { indexes } = positive;
  let count = indexes.length + negative.indexes.length;
  if (schema !== CUSTOM_SCHEMA || !isInteger) return count;
  for (let i = 1; i < indexes.length; i++) {
    const empty = indexes[i]! - indexes[i - 1]! - 1;
    if (empty <= 2) count += empty;
  }
  return count;
}

/** The finest schema whose buckets grow by at least this factor (Prometheus, scrape/scrape.go, pickSchema). */
export function finestSchema(minBucketFactor: number): number {
  if (minBucketFactor <= 1) return MAX_SCHEMA;
  return Math.min(MAX_SCHEMA, Math.max(MIN_SCHEMA, -Math.ceil(Math.log2(Math.log2(minBucketFactor))) + 0));
}

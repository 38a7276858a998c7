import { populated, reduceBuckets } from './buckets.ts';
import { CUSTOM_SCHEMA, type FloatHistogram } from './histogram.ts';

/**
 * The same observations in the wider buckets of a lower schema; itself if the schema is its own.
 * @throws RangeError if the histogram has custom buckets or `schema` is higher than its own.
 */
export function reduceResolution(histogram: FloatHistogram, schema: number): FloatHistogram {
  if (schema === histogram.schema) return histogram;
  if (histogram.schema === CUSTOM_SCHEMA || schema === CUSTOM_SCHEMA || schema > histogram.schema) {
    throw new RangeError(`cannot reduce resolution from schema ${histogram.schema} to ${schema}`);
  }
  const shift = histogram.schema - schema;
  return {
    ...histogram,
    schema,
    positive: reduceBuckets(histogram.positive, shift),
    negative: reduceBuckets(histogram.negative, shift),
  };
}

/** Without buckets that count 0; itself if it has none. */
export function compact(histogram: FloatHistogram): FloatHistogram {
  const { positive, negative } = histogram;
  if (!positive.counts.includes(0) && !negative.counts.includes(0)) return histogram;
  return {
    ...histogram,
    positive: populated(positive.indexes, positive.counts),
    negative: populated(negative.indexes, negative.counts),
  };
}

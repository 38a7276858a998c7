import { type ApiHistogram, toApiHistogram } from '../packages/promql/src/histogram/format.ts';
import { CUSTOM_SCHEMA, EMPTY_HISTOGRAM, type FloatHistogram } from '../packages/promql/src/histogram/histogram.ts';
import { numberOf } from './api-number.ts';

/**
 * A histogram of the HTTP API, which has neither schema nor indexes nor reset hint, so that it can be compared: the bounds
 * are, one behind the other, rule, lower and upper end of each bucket, as they stand there.
 */
export function fromApiHistogram({ count, sum, buckets = [] }: ApiHistogram): FloatHistogram {
  return {
    ...EMPTY_HISTOGRAM,
    schema: CUSTOM_SCHEMA,
    count: numberOf(count),
    sum: numberOf(sum),
    bounds: Float64Array.from(buckets.flatMap(([rule, lower, upper]) => [rule, numberOf(lower), numberOf(upper)])),
    positive: {
      indexes: Int32Array.from(buckets, (_bucket, i) => i),
      counts: Float64Array.from(buckets, ([, , , observations]) => numberOf(observations)),
    },
  };
}

/** What the HTTP API shows of a histogram, in the same form. */
export const shownByApi = (histogram: FloatHistogram): FloatHistogram => fromApiHistogram(toApiHistogram(histogram));

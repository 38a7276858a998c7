import { formatGeneral, formatSample } from '../result/numbers.ts';
import { boundOf, bucketsOf } from './bounds.ts';
import { type FloatHistogram, isCustom } from './histogram.ts';

/** As Prometheus writes a histogram in texts, e.g. templates: `{count:3, sum:5, [-1,-0.5):1, (0.5,1]:2}`. */
export function formatHistogram(histogram: FloatHistogram): string {
  const { count, sum, zeroThreshold, zeroCount, positive, negative } = histogram;
  const parts = [`count:${formatGeneral(count)}`, `sum:${formatGeneral(sum)}`];
  const bound = (index: number) => boundOf(histogram, index);
  const range = (open: string, lower: number, upper: number, close: string, observations: number) =>
    parts.push(`${open}${formatGeneral(lower)},${formatGeneral(upper)}${close}:${formatGeneral(observations)}`);
  for (let i = negative.indexes.length - 1; i >= 0; i--) {
    const index = negative.indexes[i]!;
    range('[', -bound(index), -bound(index - 1), ')', negative.counts[i]!);
  }
  if (zeroCount !== 0) range('[', -zeroThreshold, zeroThreshold, ']', zeroCount);
  for (let i = 0; i < positive.indexes.length; i++) {
    const index = positive.indexes[i]!;
    range(isCustom(histogram) && index === 0 ? '[' : '(', bound(index - 1), bound(index), ']', positive.counts[i]!);
  }
  return `{${parts.join(', ')}}`;
}

/** Which ends belong to a bucket: 0 the upper, 1 the lower, 2 none, 3 both. */
export type BoundaryRule = 0 | 1 | 2 | 3;

export type ApiBucket = readonly [rule: BoundaryRule, lower: string, upper: string, count: string];

/** A histogram in the HTTP API; without `buckets` if none counts anything. */
export interface ApiHistogram {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly ApiBucket[];
}

/** util/jsonutil/marshal.go, MarshalHistogram. */
export function toApiHistogram(histogram: FloatHistogram): ApiHistogram {
  const buckets: ApiBucket[] = [];
  for (const { lower, upper, lowerInclusive, upperInclusive, count } of bucketsOf(histogram)) {
    const rule = lowerInclusive ? (upperInclusive ? 3 : 1) : upperInclusive ? 0 : 2;
    buckets.push([rule, formatSample(lower), formatSample(upper), formatSample(count)]);
  }
  const totals = { count: formatSample(histogram.count), sum: formatSample(histogram.sum) };
  return buckets.length === 0 ? totals : { ...totals, buckets };
}

/** Classic histogram arithmetic of prometheus promql/quantile.go. */

export interface Bucket {
  readonly upperBound: number;
  count: number;
}

const SMALL_DELTA = 1e-12;

/** The quantile by linear interpolation in its bucket; NaN without a `+Inf` bucket. `forcedMonotonic`: counts had to be raised. */
export function bucketQuantile(q: number, unsorted: Bucket[]): { value: number; forcedMonotonic: boolean } {
  const plain = (value: number) => ({ value, forcedMonotonic: false });
  if (Number.isNaN(q)) return plain(Number.NaN);
  if (q < 0) return plain(Number.NEGATIVE_INFINITY);
  if (q > 1) return plain(Number.POSITIVE_INFINITY);
  const buckets = ordered(unsorted);
  if (!buckets) return plain(Number.NaN);
  const forcedMonotonic = makeMonotonic(buckets);
  const observations = buckets.at(-1)!.count;
  if (buckets.length < 2 || observations === 0) return { value: Number.NaN, forcedMonotonic };
  return { value: interpolate(buckets, q * observations), forcedMonotonic };
}

function interpolate(buckets: readonly Bucket[], rank: number): number {
  const last = buckets.length - 1;
  let index = 0;
  let high = last;
  while (index < high) {
    const middle = (index + high) >> 1;
    if (buckets[middle]!.count >= rank) high = middle;
    else index = middle + 1;
  }
  if (index === last) return buckets[last - 1]!.upperBound;
  const { upperBound, count } = buckets[index]!;
  if (index === 0) return upperBound <= 0 ? upperBound : upperBound * (rank / count);
  const below = buckets[index - 1]!;
  return below.upperBound + (upperBound - below.upperBound) * ((rank - below.count) / (count - below.count));
}

/** Sorted, equal bounds added together; undefined without a `+Inf` bucket. */
function ordered(unsorted: Bucket[]): Bucket[] | undefined {
  const buckets: Bucket[] = [];
  for (const bucket of unsorted.sort((a, b) => a.upperBound - b.upperBound)) {
    const last = buckets.at(-1);
    if (last?.upperBound === bucket.upperBound) last.count += bucket.count;
    else buckets.push(bucket);
  }
  return buckets.at(-1)?.upperBound === Number.POSITIVE_INFINITY ? buckets : undefined;
}

function makeMonotonic(buckets: Bucket[]): boolean {
  let forced = false;
  let previous = buckets[0]!.count;
  for (const bucket of buckets) {
    if (almostEqual(previous, bucket.count)) bucket.count = previous;
    else if (bucket.count < previous) {
      bucket.count = previous;
      forced = true;
    } else previous = bucket.count;
  }
  return forced;
}

function almostEqual(a: number, b: number): boolean {
  if (a === b) return true;
  return Math.abs(a - b) / Math.min(Math.abs(a) + Math.abs(b), Number.MAX_VALUE) < SMALL_DELTA;
}

/** The share of observations between two values, by linear interpolation; NaN without a `+Inf` bucket. */
export function bucketFraction(lower: number, upper: number, unsorted: Bucket[]): number {
  const buckets = ordered(unsorted);
  const total = buckets?.at(-1)?.count;
  if (!buckets || !total || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  return (rankOf(upper, buckets, total) - rankOf(lower, buckets, total)) / total;
}

function rankOf(value: number, buckets: readonly Bucket[], total: number): number {
  let rank = 0;
  let lowerBound = buckets[0]!.upperBound <= 0 ? Number.NEGATIVE_INFINITY : 0;
  for (const { upperBound, count } of buckets) {
    if (lowerBound >= value) return Math.min(rank, total);
    if (upperBound > value) {
      if (lowerBound === Number.NEGATIVE_INFINITY) return Math.min(count, total);
      return Math.min(rank + ((count - rank) * (value - lowerBound)) / (upperBound - lowerBound), total);
    }
    rank = count;
    lowerBound = upperBound;
  }
  return total;
}

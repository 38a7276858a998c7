/** Classic histogram arithmetic of prometheus promql/quantile.go. Buckets come in the order of their bounds; their counts are changed. */

export interface Bucket {
  readonly upperBound: number;
  count: number;
}

const SMALL_DELTA = 1e-12;

/** Counts that had to be raised so that no bucket counts less than the one below it. */
export interface Raised {
  /** The lowest and highest upper bound of such a bucket. */
  readonly lowest: number;
  readonly highest: number;
  /** The largest count that was missing. */
  readonly most: number;
}

/** The quantile by linear interpolation in its bucket; NaN without a `+Inf` bucket. */
export function bucketQuantile(q: number, ascending: Bucket[]): { value: number; raised?: Raised | undefined } {
  if (Number.isNaN(q)) return { value: Number.NaN };
  if (q < 0) return { value: Number.NEGATIVE_INFINITY };
  if (q > 1) return { value: Number.POSITIVE_INFINITY };
  const buckets = merged(ascending);
  if (!buckets) return { value: Number.NaN };
  const raised = makeMonotonic(buckets);
  const observations = buckets.at(-1)!.count;
  if (buckets.length < 2 || observations === 0) return { value: Number.NaN, raised };
  return { value: interpolate(buckets, q * observations), raised };
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

/** Equal bounds added together; undefined without a `+Inf` bucket. */
function merged(ascending: Bucket[]): Bucket[] | undefined {
  if (ascending.at(-1)?.upperBound !== Number.POSITIVE_INFINITY) return undefined;
  if (!ascending.some(({ upperBound }, i) => upperBound === ascending[i - 1]?.upperBound)) return ascending;
  const buckets: Bucket[] = [];
  for (const bucket of ascending) {
    const last = buckets.at(-1);
    if (last?.upperBound === bucket.upperBound) last.count += bucket.count;
    else buckets.push(bucket);
  }
  return buckets;
}

/** Differences that are but lost precision are evened out silently. */
function makeMonotonic(buckets: Bucket[]): Raised | undefined {
  let raised: Raised | undefined;
  let previous = buckets[0]!.count;
  for (const bucket of buckets) {
    const { count, upperBound } = bucket;
    if (almostEqual(previous, count)) bucket.count = previous;
    else if (count < previous) {
      bucket.count = previous;
      raised = {
        lowest: Math.min(raised?.lowest ?? upperBound, upperBound),
        highest: Math.max(raised?.highest ?? upperBound, upperBound),
        most: Math.max(raised?.most ?? 0, previous - count),
      };
    } else previous = count;
  }
  return raised;
}

/** Smallest normal float64. */
const MIN_NORMAL = 2 ** -1022;

function almostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const size = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || size < MIN_NORMAL) return difference < SMALL_DELTA * MIN_NORMAL;
  return difference / Math.min(size, Number.MAX_VALUE) < SMALL_DELTA;
}

/** The share of observations between two values, by linear interpolation; NaN without a `+Inf` bucket. */
export function bucketFraction(lower: number, upper: number, ascending: Bucket[]): number {
  const buckets = merged(ascending);
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

/**
 * Requests counted by the bucket of their duration. A row has a count for each bucket, one for what is above all bounds,
 * and last the failed ones.
 */
export interface Durations {
  readonly count: number;
  readonly failed: number;
  /** Seconds; null without any request. What lies above all bounds counts as the highest of them. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export function durationsOf(row: ArrayLike<number>, bounds: readonly number[]): Durations {
  let count = 0;
  for (let place = 0; place <= bounds.length; place++) count += row[place]!;
  const quantile = (q: number) => (count === 0 ? null : quantileOf(q * count, row, bounds));
  return { count, failed: row[bounds.length + 1]!, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) };
}

/** Within a bucket durations are taken as evenly spread, as by `histogram_quantile` (Prometheus, promql/quantile.go). */
function quantileOf(rank: number, row: ArrayLike<number>, bounds: readonly number[]): number {
  let below = 0;
  for (let place = 0; place < bounds.length; place++) {
    const own = row[place]!;
    if (own > 0 && below + own >= rank) {
      const from = place === 0 ? 0 : bounds[place - 1]!;
      return Math.min(bounds[place]!, from + ((bounds[place]! - from) * (rank - below)) / own);
    }
    below += own;
  }
  return bounds.at(-1) ?? 0;
}

import type { Ring } from './ring.ts';

/** Of the operations that a ring stands for; seconds. All but `count` and `failed` are 0 where there is none. */
export interface Statistics {
  /** Estimates where not all are kept. */
  readonly count: number;
  readonly failed: number;
  readonly average: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Unix milliseconds of the oldest that is still kept; 0 where there is none. */
  readonly since: number;
}

export const noStatistics: Statistics = {
  count: 0,
  failed: 0,
  average: 0,
  minimum: 0,
  maximum: 0,
  p50: 0,
  p95: 0,
  p99: 0,
  since: 0,
};

/** Of what is at these places of the ring, which are put in order. */
export function statisticsOf(ring: Ring, places: number[] = [...Array(ring.length).keys()]): Statistics {
  const { seconds, weights, failed, times } = ring;
  if (places.length === 0) return noStatistics;
  places.sort((a, b) => seconds[a]! - seconds[b]!);
  let [count, bad, sum, since] = [0, 0, 0, Number.POSITIVE_INFINITY];
  for (const place of places) {
    const weight = weights[place]!;
    count += weight;
    bad += weight * failed[place]!;
    sum += weight * seconds[place]!;
    since = Math.min(since, times[place]!);
  }
  const quantile = (q: number) => weightedQuantile(ring, places, q * count);
  return {
    count,
    failed: bad,
    average: sum / count,
    minimum: seconds[places[0]!]!,
    maximum: seconds[places.at(-1)!]!,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    since,
  };
}

/** Of each name, those with most time first. */
export function statisticsByName(ring: Ring): (Statistics & { readonly name: string })[] {
  const places = new Map<string, number[]>();
  for (let place = 0; place < ring.length; place++) {
    const name = ring.names[place]!;
    const known = places.get(name);
    if (known) known.push(place);
    else places.set(name, [place]);
  }
  const found = [...places].map(([name, own]) => ({ name, ...statisticsOf(ring, own) }));
  return found.sort((a, b) => b.average * b.count - a.average * a.count);
}

/** The least duration up to which the weights reach the rank (the inverse of the empirical distribution). */
function weightedQuantile({ seconds, weights }: Ring, ascending: readonly number[], rank: number): number {
  let reached = 0;
  for (const place of ascending) {
    reached += weights[place]!;
    // Weights such as 1/0.3 do not add up to the last bit.
    if (reached >= rank - 1e-9 * rank) return seconds[place]!;
  }
  return seconds[ascending.at(-1)!]!;
}

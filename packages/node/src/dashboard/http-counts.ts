import type { Registry } from 'prom-client';

const METRIC = 'http_request_duration_seconds';

/** Routes that are told apart; what comes later is one more, so that hostile names cost nothing. */
const MOST_ROUTES = 200;
export const OTHER_ROUTES = 'other routes';

/** One series as prom-client (pinned) keeps it; the counts of the buckets are not cumulative. */
interface KeptSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly count: number;
  readonly bucketValues: Readonly<Record<string, number>>;
}

interface KeptHistogram {
  /** Brings the series up to date (metrics/histogram-series.ts). */
  readonly collect?: () => void;
  readonly upperBounds: readonly number[];
  readonly hashMap: Readonly<Record<string, KeptSeries>>;
}

/** Requests since the start: bounds in seconds, and a row (durations.ts) for each method and route. */
export interface HttpCounts {
  readonly bounds: readonly number[];
  readonly routes: ReadonlyMap<string, Float64Array>;
}

/**
 * Reads the histogram where it is kept: what `get` gives is an object for each bucket, thirty thousand where there are many
 * routes. Undefined where no HTTP is watched. The rows are the reader's own, and overwritten by the next reading.
 */
export function createHttpReader(registry: Registry): () => HttpCounts | undefined {
  const routes = new Map<string, Float64Array>();
  return () => {
    const histogram = registry.getSingleMetric(METRIC) as unknown as KeptHistogram | undefined;
    if (!histogram?.hashMap || !histogram.upperBounds) return undefined;
    histogram.collect?.();
    const bounds = histogram.upperBounds;
    // Made once: a number as a key becomes a text each time.
    const names = bounds.map(String);
    for (const row of routes.values()) row.fill(0);
    for (const { labels, count, bucketValues } of Object.values(histogram.hashMap)) {
      if (count === 0) continue;
      const row = rowOf(routes, `${labels.method ?? ''} ${labels.route ?? ''}`, bounds.length + 2);
      let within = 0;
      for (let place = 0; place < bounds.length; place++) {
        const own = bucketValues[names[place]!] ?? 0;
        row[place]! += own;
        within += own;
      }
      row[bounds.length]! += count - within;
      if (labels.status?.startsWith('5')) row[bounds.length + 1]! += count;
    }
    return { bounds, routes };
  };
}

function rowOf(routes: Map<string, Float64Array>, name: string, width: number): Float64Array {
  const key = routes.has(name) || routes.size < MOST_ROUTES ? name : OTHER_ROUTES;
  const known = routes.get(key) ?? new Float64Array(width);
  routes.set(key, known);
  return known;
}

import type { Labels } from '@nightshift/wire';
import type { MetricQueries } from './promql.ts';

/** Rate, errors and duration of a service over a range. Rates are per second, durations milliseconds. */
export interface Red {
  readonly service: string;
  readonly environment: string;
  readonly requestsPerSecond: number;
  readonly errorRatio: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly spark: { t: number[]; rate: (number | null)[]; errors: (number | null)[] };
}

/** Where a service's requests can be counted from: one row per convention, the first that knows a service wins. */
interface RedSource {
  /** A histogram in seconds, without `_bucket`. */
  readonly histogram: string;
  readonly requests: string;
  /** Matcher of the requests that failed. */
  readonly failed: string;
  readonly serviceLabel: string;
  readonly environmentLabel: string;
}

const sources: readonly RedSource[] = [
  {
    histogram: 'nightshift_gateway_request_duration_seconds',
    requests: 'nightshift_gateway_requests_total',
    failed: 'status=~"5..|0"',
    serviceLabel: 'service',
    environmentLabel: 'environment',
  },
  {
    // OpenTelemetry HTTP semantic conventions, stable, as Prometheus names them.
    histogram: 'http_server_request_duration_seconds',
    requests: 'http_server_request_duration_seconds_count',
    failed: 'http_response_status_code=~"5.."',
    serviceLabel: 'job',
    environmentLabel: 'deployment_environment_name',
  },
  {
    histogram: 'http_request_duration_seconds',
    requests: 'http_request_duration_seconds_count',
    failed: 'status=~"5.."',
    serviceLabel: 'job',
    environmentLabel: 'environment',
  },
];

const sparkPoints = 60;

interface Window {
  readonly start: number;
  readonly end: number;
}

const keyOf = (labels: Labels, source: RedSource): string =>
  JSON.stringify([labels.get(source.serviceLabel) ?? '', labels.get(source.environmentLabel) ?? '']);

async function vector(
  queries: MetricQueries,
  source: RedSource,
  query: string,
  at: number,
): Promise<Map<string, number>> {
  const result = await queries.instant(query, at);
  const found = new Map<string, number>();
  if (result.resultType !== 'vector') return found;
  for (const { labels, value } of result.samples) if (Number.isFinite(value)) found.set(keyOf(labels, source), value);
  return found;
}

async function lines(
  queries: MetricQueries,
  source: RedSource,
  query: string,
  t: readonly number[],
  step: number,
): Promise<Map<string, (number | null)[]>> {
  const result = await queries.range(query, { start: t[0] ?? 0, end: t.at(-1) ?? 0, step });
  const found = new Map<string, (number | null)[]>();
  if (result.resultType !== 'matrix') return found;
  for (const series of result.series) {
    const values = t.map((): number | null => null);
    series.timestamps.forEach((time, i) => {
      const slot = Math.round((time - (t[0] ?? 0)) / step);
      const value = series.values[i] ?? Number.NaN;
      if (slot >= 0 && slot < values.length && Number.isFinite(value)) values[slot] = value;
    });
    found.set(keyOf(series.labels, source), values);
  }
  return found;
}

async function redOf(queries: MetricQueries, source: RedSource, { start, end }: Window): Promise<Map<string, Red>> {
  const seconds = Math.max(60, Math.round((end - start) / 1000));
  const by = `by (${source.serviceLabel}, ${source.environmentLabel})`;
  const rate = (matcher: string, window: number) => `sum ${by} (rate(${source.requests}{${matcher}}[${window}s]))`;
  const quantile = (q: number) =>
    `histogram_quantile(${q}, sum by (${source.serviceLabel}, ${source.environmentLabel}, le) (rate(${source.histogram}_bucket[${seconds}s]))) * 1000`;
  const requests = await vector(queries, source, rate('', seconds), end);
  if (requests.size === 0) return new Map();
  const step = Math.max(1000, Math.ceil((end - start) / sparkPoints));
  const t = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, i) => start + i * step);
  const sparkSeconds = Math.max(60, Math.ceil((2 * step) / 1000));
  const [failed, p50, p99, sparkRate, sparkFailed] = await Promise.all([
    vector(queries, source, rate(source.failed, seconds), end),
    vector(queries, source, quantile(0.5), end),
    vector(queries, source, quantile(0.99), end),
    lines(queries, source, rate('', sparkSeconds), t, step),
    lines(queries, source, rate(source.failed, sparkSeconds), t, step),
  ]);
  const found = new Map<string, Red>();
  for (const [key, perSecond] of requests) {
    const [service = '', environment = ''] = JSON.parse(key) as string[];
    const rates = sparkRate.get(key) ?? [];
    const errors = sparkFailed.get(key) ?? [];
    found.set(key, {
      service,
      environment,
      requestsPerSecond: perSecond,
      errorRatio: perSecond > 0 ? (failed.get(key) ?? 0) / perSecond : null,
      p50Ms: p50.get(key) ?? null,
      p99Ms: p99.get(key) ?? null,
      spark: {
        t,
        rate: t.map((_, i) => rates[i] ?? null),
        errors: t.map((_, i) => (rates[i] ? (errors[i] ?? 0) / (rates[i] as number) : null)),
      },
    });
  }
  return found;
}

/** Every service with traffic in the range (Unix milliseconds), by name. Empty when nothing was counted. */
export async function redOfServices(queries: MetricQueries, window: Window): Promise<Red[]> {
  const all = new Map<string, Red>();
  for (const source of sources) {
    for (const [key, red] of await redOf(queries, source, window)) if (!all.has(key)) all.set(key, red);
  }
  return [...all.values()].sort((a, b) => (a.service < b.service ? -1 : 1));
}

import type { Labels, MetricMetadata } from '@nightshift/wire';

/** One static target. `labels` are added to every series; `job` and `instance` are always among them. */
export interface ScrapeTarget {
  readonly job: string;
  readonly url: string;
  readonly instance: string;
  readonly labels: Labels;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** The last that is known of a target, for the status page. */
export interface TargetStatus {
  readonly job: string;
  readonly target: string;
  readonly up: boolean;
  /** '' when the last scrape went well. */
  readonly lastError: string;
  readonly lastAt: number | null;
}

/** A target with all that is known of it, for the Prometheus HTTP API. */
export interface TargetState {
  readonly target: ScrapeTarget;
  readonly health: 'unknown' | 'up' | 'down';
  /** '' when the last scrape went well. */
  readonly lastError: string;
  readonly lastAt: number | null;
  /** Milliseconds that the last scrape took. */
  readonly lastTookMs: number;
  /** What the target said of its metrics when it last answered. */
  readonly metadata: readonly MetricMetadata[];
}

export interface ScrapeJob {
  readonly job: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly scheme: 'http' | 'https';
  readonly metricsPath: string;
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const sorted = (entries: Iterable<readonly [string, string]>): Labels =>
  new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

/** One target for each host:port of the job; a label of the job wins over the automatic `job` and `instance`. */
export function targetsOf(job: ScrapeJob): ScrapeTarget[] {
  return job.targets.map((instance) => ({
    job: job.job,
    url: `${job.scheme}://${instance}${job.metricsPath}`,
    instance,
    labels: sorted(Object.entries({ job: job.job, instance, ...job.labels })),
    intervalMs: job.intervalMs,
    timeoutMs: job.timeoutMs,
  }));
}

/** Labels of a scraped series: a label of the target wins, the scraped one is kept as `exported_NAME` (honor_labels: false). */
export function withTargetLabels(scraped: Labels, target: ScrapeTarget): Labels {
  const merged = new Map<string, string>();
  for (const [name, value] of scraped) merged.set(target.labels.has(name) ? `exported_${name}` : name, value);
  for (const [name, value] of target.labels) merged.set(name, value);
  return sorted(merged);
}

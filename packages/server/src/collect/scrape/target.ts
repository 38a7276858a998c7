import type { Labels, MetricMetadata } from '@nightshift/wire';

/** One target as it is scraped. `labels` are added to every series; `job` and `instance` are always among them. */
export interface ScrapeTarget {
  readonly job: string;
  readonly url: string;
  readonly instance: string;
  readonly labels: Labels;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** What was known of it before relabelling, with the names that Prometheus has for it (`__address__`, `__meta_…`). */
  readonly discovered: Labels;
  /** Tells it from every other target of its job; the same as long as nothing about how it is scraped changes. */
  readonly key: string;
  /** What labels say in place of the job. */
  readonly nativeHistograms: boolean;
  readonly alwaysClassicHistograms: boolean;
  readonly classicToCustomBuckets: boolean;
}

/** A target that relabelling left out. */
export interface DroppedTarget {
  readonly job: string;
  readonly discovered: Labels;
}

/** The last that is known of a target, for the status page. */
export interface TargetStatus {
  readonly job: string;
  readonly target: string;
  readonly up: boolean;
  /** '' when the last scrape went well. */
  readonly lastError: string;
  readonly lastAt: number | null;
  /** Samples that were scraped and not taken, such as those that are too old, since the target is followed; 0 is left out. */
  readonly refusedSamples?: number;
  /** Why the last ones were not. */
  readonly lastRefusal?: string;
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
  /** Samples that were scraped and not taken, since the target is followed. */
  readonly refusedSamples: number;
  /** Why the last ones were not; '' where all were taken. */
  readonly lastRefusal: string;
}

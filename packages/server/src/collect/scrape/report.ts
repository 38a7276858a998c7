import { EncodedLabels, type ScrapeWriter } from '@nightshift/wire';
import type { ScrapeTarget } from './target.ts';

/** What is told of each scrape beside its samples. */
export interface ScrapeReport {
  readonly up: boolean;
  readonly seconds: number;
  readonly scraped: number;
  readonly afterRelabelling: number;
  readonly seriesAdded: number;
  /** Bytes of the body, -1 where it was too large. */
  readonly bodyBytes: number;
}

type Value = (report: ScrapeReport, target: ScrapeTarget, sampleLimit: number) => number;

/** https://prometheus.io/docs/concepts/jobs_instances/#automatically-generated-labels-and-time-series */
const standard: Readonly<Record<string, Value>> = {
  up: ({ up }) => (up ? 1 : 0),
  scrape_duration_seconds: ({ seconds }) => seconds,
  scrape_samples_scraped: ({ scraped }) => scraped,
  scrape_samples_post_metric_relabeling: ({ afterRelabelling }) => afterRelabelling,
  scrape_series_added: ({ seriesAdded }) => seriesAdded,
};

/** With `extra_scrape_metrics`. */
const extra: Readonly<Record<string, Value>> = {
  scrape_timeout_seconds: (_report, { timeoutMs }) => timeoutMs / 1000,
  scrape_sample_limit: (_report, _target, limit) => limit,
  scrape_body_size_bytes: ({ bodyBytes }) => bodyBytes,
};

/** The automatic series of one target. */
export class ReportSeries {
  readonly #series: readonly (readonly [EncodedLabels, Value])[];

  constructor(
    private readonly target: ScrapeTarget,
    withExtra: boolean,
    private readonly sampleLimit: number,
  ) {
    this.#series = Object.entries({ ...standard, ...(withExtra && extra) }).map(([name, value]) => {
      const labels = [...target.labels, ['__name__', name] as const].sort(([a], [b]) => (a < b ? -1 : 1));
      return [new EncodedLabels(new Map(labels)), value] as const;
    });
  }

  write(writer: ScrapeWriter, at: number, report: ScrapeReport): void {
    for (const [series, value] of this.#series) writer.add(series, at, value(report, this.target, this.sampleLimit));
  }

  writeStale(writer: ScrapeWriter, at: number): void {
    for (const [series] of this.#series) writer.addStale(series, at);
  }
}

import type { MetricColumns } from '../columns.ts';
import { type LabelPair, METRIC_NAME, mergeLabels } from '../labels.ts';

const NAME = 'target_info';
/** Samples of one resource in one request, the newest: at Prometheus' five minutes a day and a little. */
const MOST_SAMPLES = 600;

/** When a resource's points were taken, in Unix milliseconds, and the labels of its `target_info`, if it has one. */
export interface Target {
  readonly labels: readonly LabelPair[] | undefined;
  earliest: number;
  newest: number;
}

/**
 * Writes `target_info` from the earliest to the newest point of its resource, twice within the time for which a query
 * finds a sample, so that it never seems to be gone (addResourceTargetInfo of Prometheus). Each sample once per request.
 */
export class TargetInfoWriter {
  private readonly written = new Set<string>();
  private readonly columns: MetricColumns;
  private readonly everyMs: number;

  constructor(columns: MetricColumns, lookbackMs: number) {
    this.columns = columns;
    this.everyMs = Math.max(1, Math.floor(lookbackMs / 2));
  }

  write({ labels, earliest, newest }: Target): void {
    if (labels === undefined || earliest > newest) return;
    if (this.written.size === 0) {
      this.columns.metadata.push({ name: NAME, type: 'gauge', help: 'Target metadata', unit: '' });
    }
    const merged = mergeLabels(labels, [[METRIC_NAME, NAME]]);
    const series = this.columns.addSeries(merged);
    const key = JSON.stringify(labels);
    const skipped = Math.max(0, Math.ceil((newest - earliest) / this.everyMs) - MOST_SAMPLES);
    for (let at = earliest + skipped * this.everyMs; at < newest; at += this.everyMs) this.sample(series, key, at);
    this.sample(series, key, newest);
  }

  private sample(series: number, key: string, at: number): void {
    const identity = `${at} ${key}`;
    if (this.written.has(identity)) return;
    this.written.add(identity);
    this.columns.push(series, at, 1);
  }
}

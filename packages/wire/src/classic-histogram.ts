import { type Exemplar, WireError } from './batch.ts';
import type { MetricColumns } from './columns.ts';
import { floatText } from './float-text.ts';
import { type LabelPair, METRIC_NAME, mergeLabels } from './labels.ts';

/** `count` observations at or below `bound`. */
export interface ClassicBucket {
  readonly bound: number;
  readonly count: number;
}

/** One histogram as Prometheus stores a classic one; `sum` undefined leaves `_sum` out, `stale` marks every series. */
export interface ClassicHistogram {
  readonly family: string;
  /** Sorted by name, without `__name__`. */
  readonly labels: readonly LabelPair[];
  readonly timestamp: number;
  readonly buckets: readonly ClassicBucket[];
  readonly count: number;
  readonly sum: number | undefined;
  readonly stale: boolean;
  /** Each goes to the first bucket that its value falls into. */
  readonly exemplars?: readonly (Exemplar | undefined)[];
}

// Every bucket repeats the labels, so many buckets times many labels would grow with the square of the body.
const ENTRIES_PER_BYTE = 4;
const MIN_ENTRIES = 10_000;

/** Writes histograms as `_bucket`, `_sum` and `_count` series; bounds what one body may unfold to. */
export class ClassicHistogramWriter {
  private readonly columns: MetricColumns;
  private budget: number;

  constructor(columns: MetricColumns, bodyBytes: number) {
    this.columns = columns;
    this.budget = bodyBytes * ENTRIES_PER_BYTE + MIN_ENTRIES;
  }

  write(histogram: ClassicHistogram): void {
    const { family, buckets, count, sum } = histogram;
    this.charge(family, histogram.labels.length, buckets.length);
    const bucketName = `${family}_bucket`;
    this.pushExemplars(histogram);
    for (const bucket of buckets) {
      this.sample(histogram, bucketName, floatText(bucket.bound), bucket.count);
    }
    this.sample(histogram, bucketName, '+Inf', count);
    if (sum !== undefined) this.sample(histogram, `${family}_sum`, '', sum);
    this.sample(histogram, `${family}_count`, '', count);
  }

  /** The series of the buckets are the next to be added, in their order. */
  private pushExemplars({ buckets, exemplars = [] }: ClassicHistogram): void {
    const first = this.columns.seriesCount;
    for (const exemplar of exemplars) {
      const bucket = exemplar ? buckets.findIndex(({ bound }) => exemplar.value <= bound) : -1;
      this.columns.pushExemplar(first + (bucket < 0 ? buckets.length : bucket), exemplar);
    }
  }

  /** Takes what a family of `buckets` (or quantiles) repeats from the budget of the body. @throws WireError beyond it. */
  charge(family: string, labels: number, buckets: number): void {
    this.budget -= (labels + 2) * (buckets + 3);
    if (this.budget < 0) {
      throw new WireError(`metric ${JSON.stringify(family)}: its buckets times its labels are too many for the body`);
    }
  }

  private sample(histogram: ClassicHistogram, name: string, le: string, value: number): void {
    const named: LabelPair = [METRIC_NAME, name];
    const series = this.columns.addSeries(mergeLabels(histogram.labels, le === '' ? [named] : [named, ['le', le]]));
    if (histogram.stale) this.columns.pushStale(series, histogram.timestamp);
    else this.columns.push(series, histogram.timestamp, value);
  }
}

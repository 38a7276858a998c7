import type { AnnotationDetail } from '../engine/annotations.ts';
import { formatGeneral } from '../result/numbers.ts';
import type { Raised } from './buckets.ts';

export const FORCED_MONOTONICITY =
  'input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)';

/** Which buckets of classic histograms counted less than those below them, by how much, how often and when. */
export class RaisedBuckets implements AnnotationDetail {
  private readonly raised: Raised;
  private readonly samples: number;
  /** Unix milliseconds. */
  private readonly from: number;
  private readonly to: number;

  constructor(raised: Raised, time: number, to = time, samples = 1) {
    this.raised = raised;
    this.from = time;
    this.to = to;
    this.samples = samples;
  }

  get text(): string {
    const { lowest, highest, most } = this.raised;
    const buckets = `from buckets ${formatGeneral(lowest)} to ${formatGeneral(highest)}`;
    const when = `over ${this.samples} samples from ${timeText(this.from)} to ${timeText(this.to)}`;
    return `, ${buckets}, with a max diff of ${twoDigits(most)}, ${when}`;
  }

  after(earlier: AnnotationDetail): AnnotationDetail {
    if (!(earlier instanceof RaisedBuckets)) return this;
    const raised = {
      lowest: Math.min(this.raised.lowest, earlier.raised.lowest),
      highest: Math.max(this.raised.highest, earlier.raised.highest),
      most: Math.max(this.raised.most, earlier.raised.most),
    };
    const samples = this.samples + earlier.samples;
    return new RaisedBuckets(raised, Math.min(this.from, earlier.from), Math.max(this.to, earlier.to), samples);
  }
}

/** RFC 3339, without parts of a second. */
function timeText(ms: number): string {
  return new Date(Math.trunc(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Go's `%.2g`. */
function twoDigits(value: number): string {
  if (!Number.isFinite(value)) return formatGeneral(value);
  const rounded = Number(value.toPrecision(2));
  const size = Math.abs(rounded);
  const hasExponent = size >= 100 || (size > 0 && size < 1e-4);
  return hasExponent ? rounded.toExponential().replace(/e([+-])(\d)$/, 'e$10$2') : String(rounded);
}

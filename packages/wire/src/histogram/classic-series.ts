import { type Exemplar, type Labels, WireError } from '../batch.ts';
import { METRIC_NAME } from '../labels.ts';
import { numberOf } from '../open-metrics-float.ts';
import { ClassicBuckets } from './classic-buckets.ts';
import type { NativeHistogram } from './histogram.ts';

/** The histogram that classic series are of: their family and labels without `le`. */
export interface HistogramIdentity {
  readonly family: string;
  /** The labels of the native histogram. */
  readonly labels: Labels;
  /** The labels as one text. */
  readonly key: string;
}

/** What a series is of a classic histogram. `other` is one that only its name makes part of the family, or nothing. */
export interface ClassicPart {
  readonly role: 'bucket' | 'sum' | 'count' | 'other';
  /** Of a bucket. */
  readonly bound: number;
  readonly histogram: HistogramIdentity;
}

const SUFFIX = /_(bucket|sum|count|created)$/;

/** @param before the part that was found last, whose identity is used again where it is the same */
export function classicPartOf(labels: Labels, before?: ClassicPart): ClassicPart {
  const name = labels.get(METRIC_NAME) ?? '';
  const suffix = SUFFIX.exec(name)?.[1];
  const family = suffix === undefined ? name : name.slice(0, -suffix.length - 1);
  const common = new Map<string, string>();
  for (const [label, value] of labels) if (label !== 'le') common.set(label, label === METRIC_NAME ? family : value);
  const key = JSON.stringify([...common]);
  const histogram = before?.histogram.key === key ? before.histogram : { family, labels: common, key };
  if (suffix === 'sum' || suffix === 'count') return { role: suffix, bound: 0, histogram };
  const bound = suffix === 'bucket' ? numberOf(labels.get('le') ?? '') : undefined;
  return bound === undefined ? { role: 'other', bound: 0, histogram } : { role: 'bucket', bound, histogram };
}

/** A sample of a classic series. */
export interface ClassicSample {
  readonly value: number;
  readonly timestamp: number;
  /** Whether the time is its own. */
  readonly timed: boolean;
  /** Those with a time of their own. */
  readonly exemplars: readonly (Exemplar | undefined)[];
}

/** A histogram that was made of classic series. */
export interface ConvertedHistogram extends Omit<ClassicSample, 'value'> {
  readonly identity: HistogramIdentity;
  readonly histogram: NativeHistogram;
}

/**
 * Puts the series of classic histograms together, which stand one after the other: a histogram ends where a series of
 * another begins. Of one that cannot be converted nothing is left.
 */
export class ClassicSeriesCollector {
  readonly converted: ConvertedHistogram[] = [];
  private readonly buckets = new ClassicBuckets();
  private identity: HistogramIdentity | undefined;
  private last: ClassicSample | undefined;
  private exemplars: (Exemplar | undefined)[] = [];

  /** Takes a sample of the family that was declared as a histogram; false for one that is no part of it. */
  take({ role, bound, histogram }: ClassicPart, family: string, sample: ClassicSample): boolean {
    if (this.identity && this.identity !== histogram && this.identity.key !== histogram.key) this.end();
    if (role === 'other' || histogram.family !== family) return false;
    this.identity ??= histogram;
    this.last = sample;
    if (sample.exemplars.length > 0) this.exemplars.push(...sample.exemplars);
    if (role === 'bucket') this.buckets.addBucket(bound, sample.value);
    else if (role === 'count') this.buckets.setCount(sample.value);
    else this.buckets.setSum(sample.value);
    return true;
  }

  end(): void {
    const { identity, exemplars } = this;
    const sample = this.last;
    if (!identity || !sample) return;
    try {
      const { timestamp, timed } = sample;
      this.converted.push({ identity, histogram: this.buckets.convert(), timestamp, timed, exemplars });
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
    this.buckets.clear();
    this.identity = undefined;
    this.last = undefined;
    this.exemplars = [];
  }
}

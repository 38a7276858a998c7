import type { Exemplar } from '../../batch.ts';
import type { ClassicBucket } from '../../classic-histogram.ts';
import type { NativeHistogram } from '../../histogram/histogram.ts';
import type { LabelPair } from '../../labels.ts';

/** A point of delta temporality: what was counted from `start` (exclusive) to `time`, both Unix nanoseconds. */
export interface DeltaPoint {
  /** The Prometheus series that it adds to; equal for two points if and only if family, labels and kind are. */
  readonly stream: string;
  readonly family: string;
  /** Sorted, without `__name__`. */
  readonly labels: readonly LabelPair[];
  /** 0 where the sender does not say. */
  readonly start: bigint;
  readonly time: bigint;
  /** The flag "no recorded value": the stream pauses. */
  readonly stale: boolean;
  readonly exemplars: readonly Exemplar[];
  readonly counted: Counted;
}

export interface DeltaSum {
  readonly kind: 'sum';
  readonly value: number;
  readonly monotonic: boolean;
}

export interface DeltaHistogram {
  readonly kind: 'histogram';
  /** Ascending bounds without +Inf, cumulative counts. */
  readonly buckets: readonly ClassicBucket[];
  readonly count: number;
  readonly sum: number | undefined;
}

/** Of an exponential histogram. */
export interface DeltaNative {
  readonly kind: 'native';
  readonly histogram: NativeHistogram;
}

export type Counted = DeltaSum | DeltaHistogram | DeltaNative;

/** No text that was decoded from UTF-8 has a lone surrogate. */
const SEPARATOR = '\udfff';

export function streamOf(kind: Counted['kind'], family: string, labels: readonly LabelPair[]): string {
  let key = kind + SEPARATOR + family;
  for (const [name, value] of labels) key += SEPARATOR + name + SEPARATOR + value;
  return key;
}

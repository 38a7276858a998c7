import type { Labels } from '../batch.ts';
import type { NativeHistogram } from '../histogram/histogram.ts';
import { compareWireLabels, wireLabels } from './order.ts';

/** A series as it is sent: its labels in the order of the wire; times (Unix milliseconds) ascending, as many as values. */
export interface ReadSeries {
  readonly labels: readonly [name: string, value: string][];
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Where sample i is a native histogram it is here, and `values[i]` has no meaning; absent if all samples are floats. */
  readonly histograms?: readonly (NativeHistogram | undefined)[];
}

/** Series in the order in which a reader merges them, each with those of the `external` labels that it lacks. */
export function readSeriesOf(
  found: readonly (Omit<ReadSeries, 'labels'> & { readonly labels: Labels })[],
  external: Labels,
): ReadSeries[] {
  return found
    .map((series) => ({ ...series, labels: wireLabels(series.labels, external) }))
    .sort((a, b) => compareWireLabels(a.labels, b.labels));
}

import type { Labels } from '../batch.ts';
import { compareWireLabels, wireLabels } from './order.ts';

/** A series as it is sent: its labels in the order of the wire; times (Unix milliseconds) ascending, as many as values. */
export interface ReadSeries {
  readonly labels: readonly [name: string, value: string][];
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** Series in the order in which a reader merges them, each with those of the `external` labels that it lacks. */
export function readSeriesOf(
  found: readonly { readonly labels: Labels; readonly timestamps: Float64Array; readonly values: Float64Array }[],
  external: Labels,
): ReadSeries[] {
  return found
    .map(({ labels, timestamps, values }) => ({ labels: wireLabels(labels, external), timestamps, values }))
    .sort((a, b) => compareWireLabels(a.labels, b.labels));
}

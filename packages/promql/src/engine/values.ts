import type { FloatHistogram } from '../histogram/histogram.ts';
import { identity, withoutMetadata } from '../labels.ts';
import type { Labels } from '../source.ts';
import { PromqlExecutionError } from './errors.ts';
import type { Evaluation } from './evaluation.ts';

/** The moments of an evaluation: `start`, `start + step`, … in Unix milliseconds. */
export interface Grid {
  readonly start: number;
  readonly step: number;
  readonly count: number;
  /** Where it was to end, if that can be past the last step. */
  readonly end?: number;
}

export function timeAt(grid: Grid, index: number): number {
  return grid.start + index * grid.step;
}

/** One series over a grid. A step without a sample has 0 in `present`; NaN is a value like any other. */
export interface StepSeries {
  readonly labels: Labels;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  /** Where the sample of a step is a native histogram it is here, and `values[step]` has no meaning; absent if all are floats. */
  readonly histograms?: readonly (FloatHistogram | undefined)[];
  /** The name goes when the whole query is done (delayed name removal). */
  readonly dropName: boolean;
}

export interface VectorValue {
  readonly kind: 'vector';
  readonly series: readonly StepSeries[];
}

export interface ScalarValue {
  readonly kind: 'scalar';
  readonly values: Float64Array;
}

export interface StringValue {
  readonly kind: 'string';
  readonly value: string;
}

export type Value = VectorValue | ScalarValue | StringValue;

export function newSeries(labels: Labels, count: number, dropName = false): StepSeries {
  return { labels, values: new Float64Array(count), present: new Uint8Array(count), dropName };
}

export function vectorOf(series: readonly StepSeries[]): VectorValue {
  return { kind: 'vector', series };
}

export function isEmpty(series: StepSeries): boolean {
  return !series.present.includes(1);
}

/** Marks the name for removal, or removes it at once, as the evaluation is set to. */
export function dropName(series: StepSeries, delayed: boolean): StepSeries {
  if (delayed) return { ...series, dropName: true };
  return { ...series, labels: withoutMetadata(series.labels) };
}

/** Vectors of which it was found that no two series have the same labels. */
const distinct = new WeakSet<readonly StepSeries[]>();

/**
 * Unlike `mergeSameLabels` it does not help here that the series have no step in common (promql/engine.go, ContainsSameLabelset).
 * @throws PromqlExecutionError
 */
export function checkDistinct(all: readonly StepSeries[]): void {
  const seen = new Set(all.map(({ labels }) => identity(labels)));
  if (seen.size < all.length) {
    throw new PromqlExecutionError('vector cannot contain metrics with the same labelset');
  }
  distinct.add(all);
}

/** Of a vector of which the same is known without a look. */
export function markDistinct(all: readonly StepSeries[]): void {
  distinct.add(all);
}

/**
 * Joins series that have the same labels and no step in common. The first sample decides whether the name goes. The
 * evaluation is asked meanwhile whether to go on, except for a few.
 * @throws PromqlExecutionError if two of them have a sample at one step.
 */
export function mergeSameLabels(all: readonly StepSeries[], evaluation?: Evaluation): readonly StepSeries[] {
  if (all.length < 2 || distinct.has(all)) return all;
  const byLabels = new Map<string, StepSeries>();
  let merged = false;
  for (const series of evaluation?.each(all) ?? all) {
    const key = identity(series.labels);
    const known = byLabels.get(key);
    byLabels.set(key, known ? merge(known, series) : series);
    merged ||= known !== undefined;
  }
  return merged ? [...byLabels.values()] : all;
}

function merge(a: StepSeries, b: StepSeries): StepSeries {
  const histograms = a.histograms || b.histograms ? [...(a.histograms ?? new Array(a.values.length))] : undefined;
  const earlier = a.present.indexOf(1) <= b.present.indexOf(1) ? a : b;
  const columns = { values: a.values.slice(), present: a.present.slice(), dropName: earlier.dropName };
  const result = { ...a, ...columns, ...(histograms ? { histograms } : {}) };
  for (let i = 0; i < b.present.length; i++) {
    if (b.present[i] === 0) continue;
    if (result.present[i] === 1) {
      throw new PromqlExecutionError('vector cannot contain metrics with the same labelset');
    }
    result.values[i] = b.values[i]!;
    result.present[i] = 1;
    if (histograms) histograms[i] = b.histograms?.[i];
  }
  return result;
}

/** Repeats the only step of a value that does not depend on time. */
export function broadcast(value: Value, count: number): Value {
  if (value.kind === 'string' || count === 1) return value;
  if (value.kind === 'scalar') return { kind: 'scalar', values: new Float64Array(count).fill(value.values[0]!) };
  return vectorOf(
    value.series.map((series) => ({
      ...series,
      values: new Float64Array(count).fill(series.values[0]!),
      present: new Uint8Array(count).fill(series.present[0]!),
      ...(series.histograms ? { histograms: new Array(count).fill(series.histograms[0]) } : {}),
    })),
  );
}

import type { Evaluation } from '../engine/evaluation.ts';
import { dropName, isEmpty, newSeries, type StepSeries } from '../engine/values.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import type { BinaryExpr } from '../parser/ast.ts';
import { isTrim, OPERATORS } from './arithmetic.ts';
import { combineSamples, incompatibleTypes, type Outcome } from './elements.ts';
import { StepNotes } from './notes.ts';

export function scalarOperation(expr: BinaryExpr, left: Float64Array, right: Float64Array): Float64Array {
  const operator = OPERATORS.get(expr.op)!;
  return left.map((value, step) => Number(operator.apply(value, right[step]!)));
}

/** An operation between a vector and a scalar; a comparison keeps the vector's value, whichever side it is on. */
export function vectorScalarOperation(
  expr: BinaryExpr,
  vector: readonly StepSeries[],
  scalar: Float64Array,
  scalarIsLeft: boolean,
  evaluation: Evaluation,
): StepSeries[] {
  const changesName = OPERATORS.get(expr.op)!.kind === 'compute' || expr.bool;
  const notes = new StepNotes();
  const results = Array.from(evaluation.each(vector), (series) => {
    const mixed = series.histograms || isTrim(expr.op);
    const result = mixed
      ? withHistograms(expr, series, scalar, scalarIsLeft, notes)
      : withFloats(expr, series, scalar, scalarIsLeft);
    return changesName ? dropName(result, evaluation.delayedNameRemoval) : result;
  });
  notes.annotate(expr, evaluation);
  return results.filter((series) => !isEmpty(series));
}

function withFloats(expr: BinaryExpr, series: StepSeries, scalar: Float64Array, scalarIsLeft: boolean): StepSeries {
  const operator = OPERATORS.get(expr.op)!;
  const result = newSeries(series.labels, scalar.length, series.dropName);
  for (let step = 0; step < scalar.length; step++) {
    if (series.present[step] === 0) continue;
    const value = series.values[step]!;
    const other = scalar[step]!;
    const outcome = scalarIsLeft ? operator.apply(other, value) : operator.apply(value, other);
    if (outcome === false && !expr.bool) continue;
    result.values[step] = operator.kind === 'compare' && !expr.bool ? value : Number(outcome);
    result.present[step] = 1;
  }
  return result;
}

/** Floats as above; the histograms of a series by themselves. */
function withHistograms(
  expr: BinaryExpr,
  series: StepSeries,
  scalar: Float64Array,
  scalarIsLeft: boolean,
  notes: StepNotes,
): StepSeries {
  const isFloat = series.present.map((here, step) => (series.histograms?.[step] ? 0 : here));
  const result = withFloats(expr, { ...series, present: isFloat }, scalar, scalarIsLeft);
  const histograms: (FloatHistogram | undefined)[] = new Array(scalar.length);
  for (let step = 0; step < scalar.length; step++) {
    if (series.present[step] === 0) continue;
    const histogram = series.histograms?.[step];
    if (!histogram && !isTrim(expr.op)) continue;
    const outcome = sampleOperation(expr, histogram ?? series.values[step]!, scalar[step]!, scalarIsLeft);
    if (outcome.kind === 'nothing') notes.add(step, outcome.note);
    if (outcome.kind !== 'histogram') continue;
    histograms[step] = outcome.histogram;
    result.present[step] = 1;
  }
  return histograms.some((each) => each) ? { ...result, histograms } : result;
}

function sampleOperation(
  { op }: BinaryExpr,
  sample: number | FloatHistogram,
  scalar: number,
  scalarIsLeft: boolean,
): Outcome {
  const [left, right] = scalarIsLeft ? [scalar, sample] : [sample, scalar];
  return typeof sample === 'number' ? incompatibleTypes(op, left, right) : combineSamples(op, left, right);
}

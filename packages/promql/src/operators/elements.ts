import { boundsReconciled, resetsConflict } from '../engine/remarks.ts';
import {
  add,
  type Combined,
  copyWithHint,
  divide,
  equal,
  IncompatibleSchemasError,
  multiply,
  subtract,
} from '../histogram/arithmetic.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import { compact } from '../histogram/resolution.ts';
import { trimLower, trimUpper } from '../histogram/trim.ts';
import type { BinaryOp } from '../parser/ast.ts';

export interface Note {
  readonly kind: 'info' | 'warning';
  readonly text: string;
}

/** What becomes of two samples: a histogram, an answer to a comparison, or nothing but a note. */
export type Outcome =
  | { readonly kind: 'histogram'; readonly histogram: FloatHistogram; readonly note?: Note }
  | { readonly kind: 'comparison'; readonly holds: boolean }
  | { readonly kind: 'nothing'; readonly note: Note };

type Sample = number | FloatHistogram;

/** Applies an operator that has at least one histogram to work on (promql/engine.go, vectorElemBinop). */
export function combineSamples(op: BinaryOp, left: Sample, right: Sample): Outcome {
  if (typeof left === 'number') {
    if (op === '*' && typeof right !== 'number') return compacted(multiply(right, left));
  } else if (typeof right === 'number') {
    const scaled = withNumber(op, left, right);
    if (scaled) return scaled;
  } else {
    const combined = ofHistograms(op, left, right);
    if (combined) return combined;
  }
  return incompatibleTypes(op, left, right);
}

const typeOf = (sample: Sample): string => (typeof sample === 'number' ? 'float' : 'histogram');

export function incompatibleTypes(op: BinaryOp, left: Sample, right: Sample): Outcome {
  const types = `${typeOf(left)} ${op} ${typeOf(right)}`;
  const text = `incompatible sample types encountered for binary operator "${op}": ${types}`;
  return { kind: 'nothing', note: { kind: 'info', text } };
}

const compacted = (histogram: FloatHistogram): Outcome => ({ kind: 'histogram', histogram: compact(histogram) });

function withNumber(op: BinaryOp, left: FloatHistogram, right: number): Outcome | undefined {
  switch (op) {
    case '*':
      return compacted(multiply(left, right));
    case '/':
      return compacted(divide(left, right));
    case '</':
      return { kind: 'histogram', histogram: trimUpper(left, right) };
    case '>/':
      return { kind: 'histogram', histogram: trimLower(left, right) };
    default:
      return undefined;
  }
}

function ofHistograms(op: BinaryOp, left: FloatHistogram, right: FloatHistogram): Outcome | undefined {
  switch (op) {
    case '+':
      return combination(op, () => add(left, right));
    case '-':
      return combination(op, () => {
        const difference = subtract(left, right);
        return { ...difference, histogram: copyWithHint(difference.histogram, 'gauge') };
      });
    case '==':
      return { kind: 'comparison', holds: equal(left, right) };
    case '!=':
      return { kind: 'comparison', holds: !equal(left, right) };
    default:
      return undefined;
  }
}

/** Contradicting counter resets leave nothing, as in Prometheus. */
function combination(op: '+' | '-', combine: () => Combined): Outcome {
  const operation = op === '+' ? 'addition' : 'subtraction';
  let combined: Combined;
  try {
    combined = combine();
  } catch (error) {
    if (!(error instanceof IncompatibleSchemasError)) throw error;
    const text = `incompatible bucket layout encountered for binary operator ${op}`;
    return { kind: 'nothing', note: { kind: 'warning', text } };
  }
  if (combined.resetCollision) return { kind: 'nothing', note: { kind: 'warning', text: resetsConflict(operation) } };
  const histogram = compact(combined.histogram);
  if (!combined.boundsReconciled) return { kind: 'histogram', histogram };
  return { kind: 'histogram', histogram, note: { kind: 'info', text: boundsReconciled(operation) } };
}

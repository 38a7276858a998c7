import { add, multiply, subtract } from '../histogram/arithmetic.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import { isReset } from '../histogram/resets.ts';
import type { Span } from '../parser/ast.ts';
import type { Annotations } from './annotations.ts';
import { boundsReconciled } from './remarks.ts';

/** Where between two samples a value is wanted; Unix milliseconds. */
export interface Between {
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

/** The value on the line between two samples; a counter that was reset between them is taken to start from 0. */
export function interpolate(left: number, right: number, { from, to, at }: Between, isCounter: boolean): number {
  const start = isCounter && right < left ? 0 : left;
  return start + ((right - start) * (at - from)) / (to - from);
}

/**
 * The same for native histograms.
 * @throws IncompatibleSchemasError if one has exponential buckets and the other custom ones
 */
export function interpolateHistograms(
  left: FloatHistogram,
  right: FloatHistogram,
  { from, to, at }: Between,
  isCounter: boolean,
  annotations: Annotations,
  span: Span,
): FloatHistogram {
  if (at === from) return left;
  if (at === to) return right;
  const fraction = (at - from) / (to - from);
  if (isCounter && isReset(right, left)) return multiply(right, fraction);
  const difference = subtract(right, left);
  if (difference.boundsReconciled) annotations.info(boundsReconciled('subtraction'), span);
  const sum = add(multiply(difference.histogram, fraction), left);
  if (sum.boundsReconciled) annotations.info(boundsReconciled('addition'), span);
  return sum.histogram;
}

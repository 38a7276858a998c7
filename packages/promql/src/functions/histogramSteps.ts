import {
  boundsReconciled,
  metricNameOf,
  mixedExponentialAndCustom,
  notACounter,
  notAGauge,
} from '../engine/remarks.ts';
import type { Window } from '../engine/window.ts';
import { add, IncompatibleSchemasError, subtract } from '../histogram/arithmetic.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';

/** Sums and differences of the histograms in a window, with the remarks that range functions make on them. */

const OPERATIONS = { addition: add, subtraction: subtract };

/** Undefined, with a warning, if one has exponential buckets and the other custom ones. */
export function combine(
  operation: keyof typeof OPERATIONS,
  a: FloatHistogram,
  b: FloatHistogram,
  window: Window,
): FloatHistogram | undefined {
  return orIncompatible(window, () => {
    const result = OPERATIONS[operation](a, b);
    if (result.boundsReconciled) window.annotations.info(boundsReconciled(operation), window.span);
    return result.histogram;
  });
}

/** What `compute` returns, or undefined and a warning if it met both exponential and custom buckets. */
export function orIncompatible<T>(window: Window, compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof IncompatibleSchemasError)) throw error;
    warnOfSchemas(window);
    return undefined;
  }
}

export function warnOfSchemas({ annotations, labels, span }: Window): void {
  annotations.warn(mixedExponentialAndCustom(metricNameOf(labels)), span);
}

export function warnOfGauge({ annotations, labels, span }: Window): void {
  annotations.warn(notACounter(metricNameOf(labels)), span);
}

export function warnOfCounter({ annotations, labels, span }: Window): void {
  annotations.warn(notAGauge(metricNameOf(labels)), span);
}

import { boundsReconciled, resetsConflict } from '../engine/remarks.ts';
import { histogramResult, nothing, type Window } from '../engine/window.ts';
import { HistogramMean, HistogramSum } from '../histogram/arithmetic.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import { orIncompatible } from './histogramSteps.ts';

/** `sum_over_time` of a window of histograms only. */
export function histogramTotal(window: Window): number {
  const sum = new HistogramSum();
  return reduced(window, sum, () => sum.total());
}

/** `avg_over_time` of a window of histograms only. */
export function histogramAverage(window: Window): number {
  const mean = new HistogramMean();
  return reduced(window, mean, () => mean.mean());
}

function reduced(window: Window, into: HistogramSum | HistogramMean, result: () => FloatHistogram): number {
  const { histograms, from, to, annotations, span } = window;
  const total = orIncompatible(window, () => {
    for (let i = from; i < to; i++) into.add(histograms![i]!);
    return result();
  });
  if (!total) return nothing(window);
  if (into.resetCollision) annotations.warn(resetsConflict('aggregation'), span);
  if (into.boundsReconciled) annotations.info(boundsReconciled('aggregation'), span);
  return histogramResult(window, total);
}

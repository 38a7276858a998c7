import { METRIC_NAME } from '../labels.ts';
import { quote } from '../parser/quote.ts';
import type { Labels } from '../source.ts';

/** The texts of annotations that more than one function or operator makes (prometheus util/annotations/annotations.go). */

export type HistogramOperation = 'addition' | 'subtraction' | 'aggregation';

export function metricNameOf(labels: Labels): string {
  return labels.get(METRIC_NAME) ?? '';
}

/** The text with the metric it is about, where that is known. */
export function aboutMetric(text: string, name: string): string {
  return name === '' ? text : `${text} for metric name ${quote(name)}`;
}

export function mixedFloatsAndHistograms(name: string): string {
  return `encountered a mix of histograms and floats for metric name ${quote(name)}`;
}

export function mixedExponentialAndCustom(name: string): string {
  return `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quote(name)}`;
}

export function notACounter(name: string): string {
  return `this native histogram metric is not a counter: ${quote(name)}`;
}

export function notAGauge(name: string): string {
  return `this native histogram metric is not a gauge: ${quote(name)}`;
}

export function histogramsIgnoredInRange(name: string): string {
  return `ignored histograms in a range containing both floats and histograms for metric name ${quote(name)}`;
}

export function resetsConflict(operation: HistogramOperation): string {
  return `conflicting counter resets during histogram ${operation}`;
}

export function boundsReconciled(operation: HistogramOperation): string {
  return `mismatched custom buckets were reconciled during ${operation}`;
}

export function invalidQuantile(q: string): string {
  return `quantile value should be between 0 and 1, got ${q}`;
}

import { type ApiHistogram, toApiHistogram } from '../histogram/format.ts';
import type { Labels } from '../source.ts';
import { formatSample, formatValue } from './numbers.ts';
import type { MatrixSeries, QueryResult, VectorSample } from './result.ts';

export { formatSample, formatValue } from './numbers.ts';

export type ApiSample = readonly [seconds: number, value: string];

export type ApiHistogramSample = readonly [seconds: number, histogram: ApiHistogram];

/** One sample: either `value` or `histogram`. */
export interface ApiVectorSample {
  readonly metric: Record<string, string>;
  readonly value?: ApiSample;
  readonly histogram?: ApiHistogramSample;
}

/** `values` and `histograms` are left out where there are none. */
export interface ApiMatrixSeries {
  readonly metric: Record<string, string>;
  readonly values?: readonly ApiSample[];
  readonly histograms?: readonly ApiHistogramSample[];
}

/** The `data` object of Prometheus' HTTP API for a query. */
export type ApiData =
  | { resultType: 'scalar' | 'string'; result: ApiSample }
  | { resultType: 'vector'; result: ApiVectorSample[] }
  | { resultType: 'matrix'; result: ApiMatrixSeries[] };

/** Converts to the HTTP API's shape: seconds with three decimals at most, values as text. */
export function toApiData(result: QueryResult): ApiData {
  switch (result.resultType) {
    case 'scalar':
      return { resultType: 'scalar', result: [result.time / 1000, formatValue(result.value)] };
    case 'string':
      return { resultType: 'string', result: [result.time / 1000, result.value] };
    case 'vector':
      return { resultType: 'vector', result: result.samples.map(vectorSample) };
    case 'matrix':
      return { resultType: 'matrix', result: result.series.map(matrixSeries) };
  }
}

function vectorSample({ labels, time, value, histogram }: VectorSample): ApiVectorSample {
  const seconds = time / 1000;
  if (histogram) return { metric: metricOf(labels), histogram: [seconds, toApiHistogram(histogram)] };
  return { metric: metricOf(labels), value: [seconds, formatSample(value)] };
}

function matrixSeries({ labels, timestamps, values, histograms }: MatrixSeries): ApiMatrixSeries {
  const floats: ApiSample[] = [];
  const natives: ApiHistogramSample[] = [];
  for (let i = 0; i < timestamps.length; i++) {
    const seconds = timestamps[i]! / 1000;
    const histogram = histograms?.[i];
    if (histogram) natives.push([seconds, toApiHistogram(histogram)]);
    else floats.push([seconds, formatSample(values[i]!)]);
  }
  return {
    metric: metricOf(labels),
    ...(floats.length > 0 ? { values: floats } : {}),
    ...(natives.length > 0 ? { histograms: natives } : {}),
  };
}

function metricOf(labels: Labels): Record<string, string> {
  return Object.fromEntries(labels);
}

import type { SampleStatistics } from '../engine/samples.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import type { Labels } from '../source.ts';

export interface VectorSample {
  readonly labels: Labels;
  /** Unix milliseconds. */
  readonly time: number;
  /** Without meaning if `histogram` is there. */
  readonly value: number;
  readonly histogram?: FloatHistogram;
}

export interface MatrixSeries {
  readonly labels: Labels;
  /** Unix milliseconds, ascending; as many as `values`. */
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Where sample i is a histogram it is here, and `values[i]` has no meaning. */
  readonly histograms?: readonly (FloatHistogram | undefined)[];
}

interface Annotated {
  /** What made the answer doubtful, and what may surprise; each once, with its place in the query: `PromQL warning: … (1:5)`. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** Where the query was asked for them. */
  readonly statistics?: SampleStatistics;
}

export type QueryResult = Annotated &
  (
    | { readonly resultType: 'scalar'; readonly time: number; readonly value: number }
    | { readonly resultType: 'string'; readonly time: number; readonly value: string }
    | { readonly resultType: 'vector'; readonly samples: readonly VectorSample[] }
    | { readonly resultType: 'matrix'; readonly series: readonly MatrixSeries[] }
  );

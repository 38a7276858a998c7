import type { Labels } from '../source.ts';

export interface VectorSample {
  readonly labels: Labels;
  /** Unix milliseconds. */
  readonly time: number;
  readonly value: number;
}

export interface MatrixSeries {
  readonly labels: Labels;
  /** Unix milliseconds, ascending; as many as `values`. */
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

interface Annotated {
  /** What made the answer doubtful, and what may surprise; each text once. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

export type QueryResult = Annotated &
  (
    | { readonly resultType: 'scalar'; readonly time: number; readonly value: number }
    | { readonly resultType: 'string'; readonly time: number; readonly value: string }
    | { readonly resultType: 'vector'; readonly samples: readonly VectorSample[] }
    | { readonly resultType: 'matrix'; readonly series: readonly MatrixSeries[] }
  );

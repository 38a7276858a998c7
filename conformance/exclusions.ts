import { COLLECTION } from './exclusions/collection.ts';
import type { Exclusion } from './exclusions/exclusion.ts';
import { PROMQL } from './exclusions/promql.ts';

export type { Exclusion };

/** Cases that are not expected to pass. */
export const EXCLUSIONS: readonly Exclusion[] = [...PROMQL, ...COLLECTION];

/** Parts of the data of Prometheus that no suite runs. */
export interface Omission {
  readonly file: string;
  readonly part: string;
  readonly reason: string;
}

const ENGINE_TABLES = 'prometheus/curated/engine_tables.json';

export const OMISSIONS: readonly Omission[] = [
  {
    file: ENGINE_TABLES,
    part: 'TestPreprocessAndWrapWithStepInvariantExpr',
    reason:
      "It compares trees of Go's types after a rewriting that exists only there; what it is for, that parts without time are evaluated once, scripts check by their answers.",
  },
  {
    file: ENGINE_TABLES,
    part: 'TestEngineOptsValidation',
    reason: 'It switches `@` and negative offsets off, which Prometheus itself no longer lets anybody do.',
  },
  ...[
    'TestHistogramCopyFromIteratorRegression',
    'TestHistogramRateWithFloatStaleness',
    'TestInconsistentHistogramCount',
  ].map((part) => ({
    file: ENGINE_TABLES,
    part,
    reason: "It is a list of samples for a test of Go's iterators or chunks, without queries.",
  })),
];

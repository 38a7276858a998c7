/** Cases that are not expected to pass, each with its reason. One that passes after all is an error. */
export interface Exclusion {
  readonly suite: string;
  readonly file: string;
  readonly case: string;
  readonly reason: string;
}

const UTF8_NAMES =
  'Prometheus 2.42 refused the label name `~invalid`. Since 3.0 any UTF-8 string is a valid name ' +
  '(changelog of 3.0.0, #14705 and #15258), and since 3.3 in `label_replace` and `label_join` as well (#15974): ' +
  "3.14's engine accepts both queries.";

const GOLDEN = 'golden/expected_prom2.42.jsonl.gz';

export const EXCLUSIONS: readonly Exclusion[] = [
  {
    suite: 'compliance',
    file: GOLDEN,
    case: 'label_replace(demo_num_cpus, "~invalid", "", "src", "(.*)")',
    reason: UTF8_NAMES,
  },
  {
    suite: 'compliance',
    file: GOLDEN,
    case: 'label_join(demo_num_cpus, "~invalid", "-", "instance")',
    reason: UTF8_NAMES,
  },
  {
    suite: 'compliance',
    file: GOLDEN,
    case: 'avg_over_time(rate(demo_cpu_usage_seconds_total[1m])[2m:10s])',
    reason:
      'The steps of this subquery fall on the bounds of its range: 13 of them where ranges are closed at both ends, as ' +
      'in 2.42, and 12 since they are open at the left (changelog of 3.0.0, #13904; subqueries: 3.0.1, #15431). ' +
      "Over the same data 3.14's engine answers to the last digit as Nightshift does.",
  },
];

/** Parts of the data that are about PromQL and that no suite runs. */
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

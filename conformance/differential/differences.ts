/** A version of Prometheus: major, minor, patch. */
export type Version = readonly number[];

const never: Version = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];

/** Something that Prometheus answered otherwise before a release. */
interface Difference {
  /** The first release that is known to answer as we do. */
  readonly since: Version;
  readonly reason: string;
  /** The entry in Prometheus' CHANGELOG.md, or the source. */
  readonly reference: string;
}

/**
 * Every difference between an older Prometheus and today's that generated queries would show. The generator leaves out
 * what they name where the peer is older than `since`; nothing else is left out.
 */
export const differences = {
  leftOpen: {
    since: [3, 0, 1],
    reason: 'Ranges and the lookback included a sample exactly at their lower end; samples are kept off all ends.',
    reference:
      '3.0.0: Range selectors and the lookback delta are now left-open (#13904); 3.0.1: so are subqueries (#15431)',
  },
  halfInterval: {
    since: [2, 51],
    reason: 'rate and increase extrapolated down to the zero of a counter further than half an interval.',
    reference: '2.51.0: Constrain extrapolation in rate() to half of sample interval (#13725)',
  },
  smoothingName: {
    since: [3, 0],
    reason: 'double_exponential_smoothing was called holt_winters; each server is asked by its own name.',
    reference: '3.0.0: holt_winters is now called double_exponential_smoothing (#14930)',
  },
  kahan: {
    since: [2, 55],
    reason: 'Sums and averages were not compensated: values that overflow or cancel differ beyond any tolerance.',
    reference: '2.54.0: use Kahan summation for sum() (#14074); 2.55.0: for avg and avg_over_time (#14413)',
  },
  parameterPerStep: {
    since: [3, 5],
    reason: 'The parameter of topk, quantile and the like was that of the first step; only constants are generated.',
    reference: '3.5.0: support non-constant parameter in aggregations (#16404)',
  },
  olderLanguage: {
    since: [3, 14],
    reason:
      'Functions, modifiers and durations that were added to the language since are asked of newer versions only.',
    reference: 'CHANGELOG.md, the entries of PromQL from 2.43 to 3.14',
  },
  atan2Name: {
    since: [2, 47],
    reason: 'atan2 between a vector and a scalar or another vector kept the metric name.',
    reference: 'shouldDropMetricName in promql/engine.go of 2.45 and 2.47',
  },
  countValuesGrouping: {
    since: [2, 53],
    reason: 'count_values with by lost labels after the first step, because the steps shared one list of labels.',
    reference: 'aggregation in promql/engine.go of 2.50, which appends to the grouping of the expression',
  },
  filterMatching: {
    since: [3, 9],
    reason: 'A comparison that filters did not notice several matches where it kept none of them.',
    reference: '3.9.0: Check more consistently for many-to-one matching in filter binary operators (#17668)',
  },
  infiniteDeviation: {
    since: [3, 0],
    reason: 'stddev and stdvar of a single infinity were 0 instead of NaN.',
    reference: '3.0.0: Fix stddev+stdvar aggregations to treat Infinity consistently (#14941)',
  },
  scopedRange: {
    since: [2, 51],
    reason: 'predict_linear over a range with @ had a value at the first step of a range query only.',
    reference: '2.51.0: Fix wrongly scoped range vectors with @ modifier (#13559)',
  },
  scopedSubquery: {
    since: never,
    reason: 'predict_linear over a subquery with @ finds no samples, unlike every other function.',
    reference: 'seen with 3.14; #13559 repaired it for plain ranges only',
  },
  pinnedParameter: {
    since: never,
    reason: 'An aggregation whose operand has @ is computed once, although its parameter changes from step to step.',
    reference: 'preprocessExpr in promql/engine.go of 3.14, which looks at the operand only',
  },
  shiftedInfo: {
    since: never,
    reason:
      'info() of a selector with offset loads the info series for the time of the selector, but looks them up at its own.',
    reference: 'infoSelectHints in promql/info.go of 3.14',
  },
  joinedBuckets: {
    since: never,
    reason:
      'histogram_quantiles adds up buckets whose bounds are spelled in two ways ("1", "1.0") again for each quantile.',
    reference: 'coalesceBuckets in promql/quantile.go of 3.14, which changes its argument',
  },
  naturalOrder: {
    since: never,
    reason:
      'sort_by_label has no order for leading zeros (0.05 and 0.5) nor for series without the label; it is not asked for either.',
    reference: 'facette/natsort, whose Compare gives the same answer both ways',
  },
  shiftedTimestamp: {
    since: never,
    reason:
      'timestamp() of a selector with both @ and offset forgets the offset after it has loaded the samples for it.',
    reference: 'rangeEvalTimestampFunctionOverVectorSelector in promql/engine.go of 3.14',
  },
} satisfies Record<string, Difference>;

export type DifferenceName = keyof typeof differences;

const isBefore = (a: Version, b: Version): boolean => {
  for (let i = 0; i < 3; i++) if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) < (b[i] ?? 0);
  return false;
};

/** What has to be left out beside a Prometheus of this version; an infinite one is newer than all. */
export function differencesOf(version: Version): ReadonlySet<DifferenceName> {
  const names = Object.keys(differences) as DifferenceName[];
  return new Set(names.filter((name) => isBefore(version, differences[name].since)));
}

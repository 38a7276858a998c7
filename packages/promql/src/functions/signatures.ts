import type { ValueType } from '../parser/ast.ts';

export interface Signature {
  readonly args: readonly ValueType[];
  /** How often the last argument may be left out or repeated: 0 exactly once, -1 without bound. */
  readonly variadic: number;
  readonly returns: ValueType;
  /** Refused unless the feature `experimentalFunctions` is on. */
  readonly experimental: boolean;
}

const TYPE_OF: Readonly<Record<string, ValueType>> = { v: 'vector', m: 'matrix', s: 'scalar', t: 'string' };

/** `letters` are the argument types: v(ector), m(atrix), s(calar), t(ext). */
function signature(letters: string, variadic = 0, returns: ValueType = 'vector'): Omit<Signature, 'experimental'> {
  return { args: [...letters].map((letter) => TYPE_OF[letter]!), variadic, returns };
}

const EXPERIMENTAL: ReadonlySet<string> = new Set([
  'double_exponential_smoothing',
  'end',
  'histogram_quantiles',
  'info',
  'mad_over_time',
  'max_of',
  'min_of',
  'range',
  'sort_by_label',
  'sort_by_label_desc',
  'start',
  'start_timestamp',
  'step',
  'ts_of_first_over_time',
  'ts_of_last_over_time',
  'ts_of_max_over_time',
  'ts_of_min_over_time',
]);

const VECTOR_ONLY =
  'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count ' +
  'histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp';
const RANGE_ONLY =
  'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate ' +
  'last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time ' +
  'stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time';
const DATES = 'day_of_month day_of_week day_of_year days_in_month hour minute month year';

/** Prometheus' table of functions (promql/parser/functions.go). */
const TABLE: readonly (readonly [string, Omit<Signature, 'experimental'>])[] = [
  ...VECTOR_ONLY.split(' ').map((name) => [name, signature('v')] as const),
  ...RANGE_ONLY.split(' ').map((name) => [name, signature('m')] as const),
  ...DATES.split(' ').map((name) => [name, signature('v', 1)] as const),
  ['clamp', signature('vss')],
  ['clamp_max', signature('vs')],
  ['clamp_min', signature('vs')],
  ['double_exponential_smoothing', signature('mss')],
  ['end', signature('', 0, 'scalar')],
  ['histogram_fraction', signature('ssv')],
  ['histogram_quantile', signature('sv')],
  ['histogram_quantiles', signature('vtss', 9)],
  ['info', signature('vv', 1)],
  ['label_join', signature('vttt', -1)],
  ['label_replace', signature('vtttt')],
  ['max_of', signature('ss', 0, 'scalar')],
  ['min_of', signature('ss', 0, 'scalar')],
  ['pi', signature('', 0, 'scalar')],
  ['predict_linear', signature('ms')],
  ['quantile_over_time', signature('sm')],
  ['range', signature('', 0, 'scalar')],
  ['round', signature('vs', 1)],
  ['scalar', signature('v', 0, 'scalar')],
  ['sort_by_label', signature('vt', -1)],
  ['sort_by_label_desc', signature('vt', -1)],
  ['start', signature('', 0, 'scalar')],
  ['start_timestamp', signature('v')],
  ['step', signature('', 0, 'scalar')],
  ['time', signature('', 0, 'scalar')],
  ['vector', signature('s')],
];

export const SIGNATURES: ReadonlyMap<string, Signature> = new Map(
  TABLE.map(([name, each]) => [name, { ...each, experimental: EXPERIMENTAL.has(name) }]),
);

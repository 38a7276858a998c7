/**
 * How far both servers must agree on a value, which decides what may be done with it. A sum taken in another order
 * differs in its last bits, and `floor` or `==` make that a difference as large as any: so such functions are generated
 * over what is computed without rounding only.
 */
export type Precision = 0 | 1 | 2;
/** A whole number of 1024ths, small enough that sums and differences are exact in any order. */
export const dyadic = 0;
/** One operation after the other as IEEE 754 defines it: the same bits on both sides. */
export const identical = 1;
/** Equal within the tolerance. */
export const approximate = 2;

export interface FunctionShape {
  readonly name: string;
  /** What its operand has to be, and what its result then is; `keeps` passes on what it got. */
  readonly operand: Precision;
  readonly result: Precision | 'keeps';
  /** Arguments that follow the operand, each as the kinds of scalars that it takes. */
  readonly parameters?: readonly ScalarKind[];
  /** Arguments that come before the operand. */
  readonly leading?: readonly ScalarKind[];
}

/** `factor`: from 0 to 1; `share`: around 0 to 1, with what is outside and NaN; `width`: positive; `any`. */
export type ScalarKind = 'factor' | 'share' | 'width' | 'seconds' | 'any';

const shapes = (
  names: string,
  operand: Precision,
  result: FunctionShape['result'],
  more: Pick<FunctionShape, 'parameters' | 'leading'> = {},
): FunctionShape[] => names.split(' ').map((name) => ({ name, operand, result, ...more }));

export const rangeFunctions: readonly FunctionShape[] = [
  ...shapes('min_over_time max_over_time last_over_time', approximate, 'keeps'),
  ...shapes('count_over_time present_over_time absent_over_time', approximate, dyadic),
  ...shapes('changes resets', identical, dyadic),
  ...shapes('sum_over_time', dyadic, dyadic),
  ...shapes('sum_over_time avg_over_time', approximate, approximate),
  ...shapes('idelta', identical, identical),
  ...shapes('rate irate increase delta deriv stddev_over_time stdvar_over_time', dyadic, approximate),
  ...shapes('rate irate increase', dyadic, approximate),
  ...shapes('predict_linear', dyadic, approximate, { parameters: ['seconds'] }),
  ...shapes('quantile_over_time', approximate, approximate, { leading: ['share'] }),
];

/** What Prometheus has learnt since 2.42. */
export const newerRangeFunctions: readonly FunctionShape[] = [
  ...shapes('first_over_time', approximate, 'keeps'),
  ...shapes('ts_of_first_over_time ts_of_last_over_time', approximate, identical),
  ...shapes('ts_of_min_over_time ts_of_max_over_time', identical, identical),
  ...shapes('mad_over_time', dyadic, approximate),
];

/** Those that `anchored` and `smoothed` are allowed with. */
export const anchoredFunctions = ['increase', 'rate', 'delta', 'resets', 'changes'];
export const smoothedFunctions = ['increase', 'rate', 'delta'];

export const smoothing: FunctionShape = {
  name: 'double_exponential_smoothing',
  operand: dyadic,
  result: approximate,
  parameters: ['factor', 'factor'],
};

export const vectorFunctions: readonly FunctionShape[] = [
  ...shapes('abs', approximate, 'keeps'),
  ...shapes('ceil floor sgn', identical, dyadic),
  ...shapes('round', identical, dyadic),
  ...shapes('round', identical, identical, { parameters: ['width'] }),
  ...shapes('clamp_min clamp_max', approximate, approximate, { parameters: ['any'] }),
  ...shapes('clamp', approximate, approximate, { parameters: ['any', 'any'] }),
  ...shapes('sqrt deg rad', identical, approximate),
  ...shapes('exp ln log2 log10', identical, approximate),
  ...shapes('sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh', identical, approximate),
  ...shapes('minute hour day_of_month day_of_week day_of_year days_in_month month year', identical, dyadic),
];

export const aggregations: readonly FunctionShape[] = [
  ...shapes('min max', approximate, 'keeps'),
  ...shapes('count group', approximate, dyadic),
  ...shapes('sum', dyadic, dyadic),
  ...shapes('sum avg', approximate, approximate),
  ...shapes('stddev stdvar', dyadic, approximate),
  ...shapes('quantile', approximate, approximate, { leading: ['share'] }),
];

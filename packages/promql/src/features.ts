/** What Prometheus keeps behind a flag; all off unless named. The comments say the flag's name there. */
export interface PromqlFeatures {
  /** `promql-experimental-functions`: `info`, `mad_over_time`, `sort_by_label`, `limitk`, `limit_ratio` and the others so marked. */
  readonly experimentalFunctions: boolean;
  /** `promql-duration-expr`, on by default there since 3.14 and so here: arithmetic, `step()`, `range()`, `min_of` and `max_of` in durations. */
  readonly durationExpressions: boolean;
  /** `promql-extended-range-selectors`: `anchored` and `smoothed`. */
  readonly extendedRangeSelectors: boolean;
  /** `promql-binop-fill-modifiers`: `fill`, `fill_left`, `fill_right`. */
  readonly fillModifiers: boolean;
  /** `promql-delayed-name-removal`. */
  readonly delayedNameRemoval: boolean;
  /** `type-and-unit-labels`: the labels `__type__` and `__unit__` belong to the name. */
  readonly typeAndUnitLabels: boolean;
  /** `use-start-timestamps`: `rate` and the like find resets by the start timestamp of a sample. */
  readonly startTimestamps: boolean;
}

export const DEFAULT_FEATURES: PromqlFeatures = {
  experimentalFunctions: false,
  durationExpressions: true,
  extendedRangeSelectors: false,
  fillModifiers: false,
  delayedNameRemoval: false,
  typeAndUnitLabels: false,
  startTimestamps: false,
};

/** What Prometheus' own test scripts are run with. */
export const SCRIPT_FEATURES: PromqlFeatures = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
  delayedNameRemoval: true,
  typeAndUnitLabels: false,
  startTimestamps: true,
};

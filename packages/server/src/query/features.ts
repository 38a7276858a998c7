import type { PromqlFeatures } from '@nightshift/promql';
import type { Config } from '../config/schema.ts';

/** Prometheus' name (`--enable-feature`) of something that PromQL can do beyond its defaults. */
export type FeatureFlag = Config['query']['features'][number];

const byFlag: Readonly<Record<FeatureFlag, keyof PromqlFeatures>> = {
  'promql-experimental-functions': 'experimentalFunctions',
  'promql-extended-range-selectors': 'extendedRangeSelectors',
  'promql-binop-fill-modifiers': 'fillModifiers',
  'promql-delayed-name-removal': 'delayedNameRemoval',
  'type-and-unit-labels': 'typeAndUnitLabels',
  'use-start-timestamps': 'startTimestamps',
};

/** What the flags switch on; everything else is as Prometheus has it by default. */
export function featuresOf(flags: readonly FeatureFlag[]): Partial<PromqlFeatures> {
  return Object.fromEntries(flags.map((flag) => [byFlag[flag], true]));
}

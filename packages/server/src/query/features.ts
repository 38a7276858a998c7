import type { PromqlFeatures, PromqlParseError } from '@nightshift/promql';
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

/** What is wrong with the query, and how to switch on what it needs, if that is all. */
export function describeParseError({ message, feature }: PromqlParseError): string {
  const flag = Object.entries(byFlag).find(([, name]) => name === feature)?.[0];
  return flag === undefined
    ? message
    : `${message}; add ${flag} to query.features in the configuration to switch it on`;
}

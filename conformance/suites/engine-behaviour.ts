import { createEvaluator } from '../../packages/promql/src/index.ts';
import { sourceOf } from './engine-results.ts';
import { type Check, checkEach, type GoValue, goNumber } from './go-tables.ts';

/** Tables about one property of answers: look-back, annotations, reset hints. */

interface LookbackCase {
  readonly name: string;
  readonly ts: GoValue;
  readonly engineLookback?: GoValue;
  readonly queryLookback?: GoValue;
  readonly expectSamples: boolean;
}

export const LOOKBACK: Check = (cases) => {
  const source = sourceOf('load 5m\nmetric 0 1 2');
  return checkEach(
    cases as LookbackCase[],
    ({ name }) => name,
    async ({ ts, engineLookback, queryLookback, expectSamples }) => {
      const options = engineLookback === undefined ? {} : { lookbackMs: goNumber(engineLookback) };
      const own = queryLookback === undefined ? {} : { lookbackMs: goNumber(queryLookback) };
      const result = await createEvaluator(source, options).instant('metric', goNumber(ts), own);
      const found = result.resultType === 'vector' && result.samples.length > 0;
      return found === expectSamples ? undefined : `has ${found ? '' : 'no '}samples`;
    },
  );
};

interface AnnotationCase {
  readonly data: string;
  readonly expr: string;
  readonly typeAndUnitLabelsEnabled?: boolean;
  readonly expectedWarningAnnotations: readonly string[];
  readonly expectedInfoAnnotations: readonly string[];
}

export const RATE_ANNOTATIONS: Check = (cases) =>
  checkEach(
    Object.entries(cases as Record<string, AnnotationCase>),
    ([name]) => name,
    async ([, { data, expr, typeAndUnitLabelsEnabled, expectedWarningAnnotations, expectedInfoAnnotations }]) => {
      const features = { delayedNameRemoval: true, typeAndUnitLabels: typeAndUnitLabelsEnabled ?? false };
      const source = sourceOf(`load 1m\n${data.trim()}`);
      const { warnings, infos } = await createEvaluator(source, { features }).instant(expr, 60_000);
      const got = JSON.stringify([warnings, infos]);
      const wanted = JSON.stringify([expectedWarningAnnotations, expectedInfoAnnotations]);
      return got === wanted ? undefined : `got ${got}, expected ${wanted}`;
    },
  );

interface ResetHintCase {
  readonly name: string;
  readonly query: string;
  readonly want: { readonly $ref: string };
}

export const RESET_HINTS: Check = (cases) => {
  const source = sourceOf('load 2m\ntest_histogram {{count:0}}+{{count:1}}x4');
  return checkEach(
    cases as ResetHintCase[],
    ({ name }) => name,
    async ({ query, want }) => {
      const result = await createEvaluator(source).instant(query, 120_000);
      const hint = result.resultType === 'vector' ? result.samples[0]?.histogram?.resetHint : undefined;
      const wanted = want.$ref === 'histogram.GaugeType' ? 'gauge' : 'not_reset';
      return hint === wanted ? undefined : `got the hint ${hint}, expected ${wanted}`;
    },
  );
};

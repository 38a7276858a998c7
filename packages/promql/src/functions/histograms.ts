import { dropName, newSeries, type StepSeries, vectorOf } from '../engine/values.ts';
import { identity, METRIC_NAME, withLabel, without } from '../labels.ts';
import { numberOf } from '../parser/literals.ts';
import { formatValue } from '../result/format.ts';
import { type Bucket, bucketFraction, bucketQuantile } from './buckets.ts';
import { type CallContext, type FunctionTable, ofCall } from './function.ts';
import { textArg } from './labelFunctions.ts';
import { scalarArg, vectorArg } from './scalars.ts';

interface ClassicHistogram {
  readonly base: StepSeries;
  readonly buckets: { readonly upperBound: number; readonly series: StepSeries }[];
}

/** Groups the series of `le` buckets to histograms; series without a readable `le` are left out with a warning. */
function classicHistograms(all: readonly StepSeries[], context: CallContext): ClassicHistogram[] {
  const delayed = context.evaluation.delayedNameRemoval;
  const histograms = new Map<string, ClassicHistogram>();
  for (const series of all) {
    const le = series.labels.get('le');
    const upperBound = le === undefined ? undefined : numberOf(le);
    if (upperBound === undefined) {
      context.evaluation.annotations.warn(
        `bucket label "le" is missing or has a malformed value of "${le ?? ''}" for metric name "${series.labels.get(METRIC_NAME) ?? ''}"`,
        context.call.args.at(-1)!.span,
      );
      continue;
    }
    const labels = without(series.labels, ['le']);
    const key = identity(delayed ? labels : without(labels, [METRIC_NAME]));
    const known = histograms.get(key);
    if (known) known.buckets.push({ upperBound, series });
    else histograms.set(key, { base: dropName({ ...series, labels }, delayed), buckets: [{ upperBound, series }] });
  }
  return [...histograms.values()];
}

function evaluateBuckets(
  histogram: ClassicHistogram,
  compute: (buckets: Bucket[], step: number) => number,
): StepSeries {
  const { base, buckets } = histogram;
  const result = newSeries(base.labels, base.values.length, base.dropName);
  for (let step = 0; step < result.values.length; step++) {
    const here: Bucket[] = [];
    for (const { upperBound, series } of buckets) {
      if (series.present[step] === 1) here.push({ upperBound, count: series.values[step]! });
    }
    if (here.length === 0) continue;
    result.present[step] = 1;
    result.values[step] = compute(here, step);
  }
  return result;
}

function quantiles(all: readonly StepSeries[], q: Float64Array, context: CallContext): StepSeries[] {
  const bad = q.find((value) => !(value >= 0 && value <= 1));
  if (bad !== undefined) {
    context.evaluation.annotations.warn(
      `quantile value should be between 0 and 1, got ${formatValue(bad)}`,
      context.call.args[0]!.span,
    );
  }
  return classicHistograms(all, context).map((histogram) =>
    evaluateBuckets(histogram, (buckets, step) => {
      const { value, forcedMonotonic } = bucketQuantile(q[step]!, buckets);
      if (forcedMonotonic) {
        const name = histogram.base.labels.get(METRIC_NAME) ?? '';
        context.evaluation.annotations.info(
          `input to histogram_quantile needed to be fixed for monotonicity for metric name "${name}"`,
          context.call.args[1]!.span,
        );
      }
      return value;
    }),
  );
}

async function histogramQuantile(context: CallContext) {
  const q = await scalarArg(context, context.call.args[0]!);
  return vectorOf(quantiles(await vectorArg(context, context.call.args[1]!), q, context));
}

async function histogramQuantiles(context: CallContext) {
  const [vector, label, ...wanted] = context.call.args;
  const all = await vectorArg(context, vector!);
  const name = textArg(label!);
  const results: StepSeries[] = [];
  for (const expr of wanted) {
    const q = await scalarArg(context, expr);
    const text = Number.isInteger(q[0]) ? `${formatValue(q[0]!)}.0` : formatValue(q[0]!);
    for (const each of quantiles(all, q, context))
      results.push({ ...each, labels: withLabel(each.labels, name, text) });
  }
  return vectorOf(results);
}

async function histogramFraction(context: CallContext) {
  const [lowerArg, upperArg, vector] = context.call.args;
  const lower = await scalarArg(context, lowerArg!);
  const upper = await scalarArg(context, upperArg!);
  const histograms = classicHistograms(await vectorArg(context, vector!), context);
  return vectorOf(
    histograms.map((each) =>
      evaluateBuckets(each, (buckets, step) => bucketFraction(lower[step]!, upper[step]!, buckets)),
    ),
  );
}

const NATIVE_ONLY = ['histogram_avg', 'histogram_count', 'histogram_sum', 'histogram_stddev', 'histogram_stdvar'];

export const HISTOGRAMS: FunctionTable = [
  ['histogram_quantile', ofCall(histogramQuantile)],
  ['histogram_quantiles', ofCall(histogramQuantiles)],
  ['histogram_fraction', ofCall(histogramFraction)],
  // These read native histograms and skip floats, and a source has only floats to give.
  ...NATIVE_ONLY.map(
    (name) =>
      [
        name,
        ofCall(async (context) => {
          await context.evaluate(context.call.args[0]!);
          return vectorOf([]);
        }),
      ] as const,
  ),
];

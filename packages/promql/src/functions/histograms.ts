import { mapHistograms } from '../engine/mapSamples.ts';
import { aboutMetric, invalidQuantile } from '../engine/remarks.ts';
import { isEmpty, type StepSeries, timeAt, vectorOf } from '../engine/values.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import {
  histogramFraction as fractionOf,
  histogramAverage,
  histogramVariance,
  histogramQuantile as quantileOf,
} from '../histogram/quantile.ts';
import { METRIC_NAME, withLabel, without } from '../labels.ts';
import type { Span } from '../parser/ast.ts';
import { formatGeneral } from '../result/numbers.ts';
import { bucketFraction, bucketQuantile } from './buckets.ts';
import { type CallContext, type FunctionTable, ofCall, type PromqlFunction, placeOf } from './function.ts';
import { type HistogramInput, type HistogramMath, histogramInput, overHistograms } from './histogramInput.ts';
import { textArg } from './labelFunctions.ts';
import { FORCED_MONOTONICITY, RaisedBuckets } from './monotonicity.ts';
import { scalarArg, vectorArg } from './scalars.ts';

function warnOfQuantiles(q: Float64Array, span: Span, { evaluation }: CallContext): void {
  const bad = new Set(q.filter((value) => !(value >= 0 && value <= 1)));
  for (const value of bad) evaluation.annotations.warn(invalidQuantile(formatGeneral(value)), span);
}

const NAN_REMARKS = {
  result: 'input to histogram_quantile has NaN observations, result is NaN',
  skew: 'input to histogram_quantile has NaN observations, result is skewed higher',
};

/** `span` is the place of the histograms in the query. */
function quantileMath(q: Float64Array, { evaluation, grid }: CallContext, span: Span): HistogramMath {
  const { annotations } = evaluation;
  return {
    ofNative(histogram, step, name) {
      const { value, nan } = quantileOf(q[step]!, histogram);
      if (nan) annotations.info(aboutMetric(NAN_REMARKS[nan], name), span);
      return value;
    },
    ofClassic(buckets, step, name) {
      const { value, raised } = bucketQuantile(q[step]!, buckets);
      if (raised) {
        const detail = new RaisedBuckets(raised, timeAt(grid, step));
        annotations.info(aboutMetric(FORCED_MONOTONICITY, name), span, detail);
      }
      return value;
    },
  };
}

async function histogramQuantile(context: CallContext) {
  const [qArg, vector] = context.call.args;
  const q = await scalarArg(context, qArg!);
  const all = await vectorArg(context, vector!);
  warnOfQuantiles(q, placeOf(context.call, 0), context);
  const span = placeOf(context.call, 1);
  const input = histogramInput(all, context, span);
  return vectorOf(overHistograms(input, quantileMath(q, context, span), context));
}

async function histogramQuantiles(context: CallContext) {
  const [vector, label, ...wanted] = context.call.args;
  const span = placeOf(context.call, 0);
  const all = await vectorArg(context, vector!);
  const quantiles: Float64Array[] = [];
  for (const expr of wanted) quantiles.push(await scalarArg(context, expr));
  quantiles.forEach((q, i) => {
    warnOfQuantiles(q, placeOf(context.call, i + 2), context);
  });
  const input = histogramInput(all, context, span);
  return vectorOf(quantiles.flatMap((q) => labelledQuantiles(input, q, textArg(label!), context, span)));
}

/** The label tells the quantile of each step, so a quantile that changes makes as many series as it has values. */
function labelledQuantiles(
  input: HistogramInput,
  q: Float64Array,
  label: string,
  context: CallContext,
  span: Span,
): StepSeries[] {
  const series = overHistograms(input, quantileMath(q, context, span), context);
  return [...new Set(q)].flatMap((value) =>
    series
      .map((each) => ({
        ...each,
        labels: withLabel(each.labels, label, openMetricsFloat(value)),
        present: each.present.map((there, step) => (sameQuantile(q[step]!, value) ? there : 0)),
      }))
      .filter((each) => !isEmpty(each)),
  );
}

function sameQuantile(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/** As OpenMetrics writes a float in a label (model/labels/float.go): with a point or an exponent. */
function openMetricsFloat(value: number): string {
  const text = formatGeneral(value === 0 ? 0 : value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

async function histogramFraction(context: CallContext) {
  const [lowerArg, upperArg, vector] = context.call.args;
  const lower = await scalarArg(context, lowerArg!);
  const upper = await scalarArg(context, upperArg!);
  const all = await vectorArg(context, vector!);
  const span = placeOf(context.call, 2);
  const math: HistogramMath = {
    ofNative(histogram, step, name) {
      const { value, nanExcluded } = fractionOf(lower[step]!, upper[step]!, histogram);
      if (nanExcluded) {
        const text = 'input to histogram_fraction has NaN observations, which are excluded from all fractions';
        context.evaluation.annotations.info(aboutMetric(text, name), span);
      }
      return value;
    },
    ofClassic: (buckets, step) => bucketFraction(lower[step]!, upper[step]!, buckets),
  };
  return vectorOf(overHistograms(histogramInput(all, context, span), math, context));
}

/** Of native histograms only; of the metadata labels the name alone is dropped at once (promql/functions.go, simpleHistogramFunc). */
function ofNative(compute: (histogram: FloatHistogram) => number): PromqlFunction {
  return ofCall(async (context) => {
    const all = await vectorArg(context, context.call.args[0]!);
    const results = all.map((series) => mapHistograms(series, compute)).filter((series) => !isEmpty(series));
    if (context.evaluation.delayedNameRemoval) return vectorOf(results.map((each) => ({ ...each, dropName: true })));
    return vectorOf(results.map((each) => ({ ...each, labels: without(each.labels, [METRIC_NAME]) })));
  });
}

export const HISTOGRAMS: FunctionTable = [
  ['histogram_avg', ofNative(histogramAverage)],
  ['histogram_count', ofNative(({ count }) => count)],
  ['histogram_fraction', ofCall(histogramFraction)],
  ['histogram_quantile', ofCall(histogramQuantile)],
  ['histogram_quantiles', ofCall(histogramQuantiles)],
  ['histogram_stddev', ofNative((histogram) => Math.sqrt(histogramVariance(histogram)))],
  ['histogram_stdvar', ofNative(histogramVariance)],
  ['histogram_sum', ofNative(({ sum }) => sum)],
];

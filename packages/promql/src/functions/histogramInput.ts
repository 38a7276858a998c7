import { floatsOf } from '../engine/mapSamples.ts';
import { aboutMetric, metricNameOf } from '../engine/remarks.ts';
import { dropName, isEmpty, newSeries, type StepSeries } from '../engine/values.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import { identity, without } from '../labels.ts';
import type { Span } from '../parser/ast.ts';
import { quote } from '../parser/quote.ts';
import type { Bucket } from './buckets.ts';
import type { CallContext } from './function.ts';

/** What `histogram_quantile` and the like compute at one step; `name` is the metric's, '' if it was dropped already. */
export interface HistogramMath {
  ofNative(histogram: FloatHistogram, step: number, name: string): number;
  /** Buckets in the order of their bounds, which are the callee's until it returns. */
  ofClassic(buckets: Bucket[], step: number, name: string): number;
}

interface ClassicHistogram {
  /** Its labels without `le`. */
  readonly base: StepSeries;
  readonly buckets: { readonly upperBound: number; readonly series: StepSeries }[];
}

/** The histograms of both kinds in an instant vector (promql/engine.go, resetHistograms). */
export interface HistogramInput {
  readonly natives: readonly StepSeries[];
  readonly classics: readonly ClassicHistogram[];
}

/** Series of floats without a readable `le` are left out, and steps where a native and a classic histogram share their labels; warnings say so. */
export function histogramInput(all: readonly StepSeries[], context: CallContext, span: Span): HistogramInput {
  const warn = (text: string, series: StepSeries) =>
    context.evaluation.annotations.warn(aboutMetric(text, nameOf(series, context)), span);
  const natives: StepSeries[] = [];
  const classics = new Map<string, ClassicHistogram>();
  for (const series of all) {
    if (series.histograms) natives.push(series);
    const floats = floatsOf(series);
    if (isEmpty(floats)) continue;
    const le = series.labels.get('le') ?? '';
    const upperBound = floatOf(le);
    if (upperBound === undefined) {
      warn(`bucket label "le" is missing or has a malformed value of ${quote(le)}`, series);
      continue;
    }
    const labels = without(series.labels, ['le']);
    const key = identity(labels);
    const known = classics.get(key) ?? { base: { ...series, labels }, buckets: [] };
    known.buckets.push({ upperBound, series: floats });
    classics.set(key, known);
  }
  return {
    classics: [...classics.values()],
    natives: natives.map((native) => {
      const classic = classics.get(identity(native.labels));
      if (!classic) return native;
      return withoutConflicts(native, classic, () =>
        warn('vector contains a mix of classic and native histograms', native),
      );
    }),
  };
}

/** Removes both histograms from the steps where there are both. */
function withoutConflicts(native: StepSeries, classic: ClassicHistogram, conflict: () => void): StepSeries {
  const present = native.present.slice();
  native.histograms?.forEach((histogram, step) => {
    if (histogram === undefined || present[step] === 0) return;
    if (!classic.buckets.some(({ series }) => series.present[step] === 1)) return;
    conflict();
    present[step] = 0;
    classic.buckets.forEach(({ upperBound, series }, i) => {
      if (series.present[step] === 0) return;
      const rest = series.present.slice();
      rest[step] = 0;
      classic.buckets[i] = { upperBound, series: { ...series, present: rest } };
    });
  });
  return { ...native, present };
}

/** One series for each histogram that there is. */
export function overHistograms({ natives, classics }: HistogramInput, math: HistogramMath, context: CallContext) {
  const delayed = context.evaluation.delayedNameRemoval;
  const checked = (series: StepSeries) => {
    context.evaluation.checkAborted();
    return nameOf(series, context);
  };
  const results = [
    ...natives.map((series) => overNative(series, math, checked(series))),
    ...classics.map((classic) => overClassic(classic, math, checked(classic.base))),
  ];
  return results.filter((series) => !isEmpty(series)).map((series) => dropName(series, delayed));
}

function nameOf({ labels }: StepSeries, { evaluation }: CallContext): string {
  return evaluation.delayedNameRemoval ? metricNameOf(labels) : '';
}

function overNative({ labels, present, histograms, dropName }: StepSeries, math: HistogramMath, name: string) {
  const result = newSeries(labels, present.length, dropName);
  histograms?.forEach((histogram, step) => {
    if (histogram === undefined || present[step] === 0) return;
    result.values[step] = math.ofNative(histogram, step, name);
    result.present[step] = 1;
  });
  return result;
}

function overClassic({ base, buckets }: ClassicHistogram, math: HistogramMath, name: string): StepSeries {
  const result = newSeries(base.labels, base.present.length, base.dropName);
  const ascending = [...buckets].sort((a, b) => a.upperBound - b.upperBound);
  const counted = ascending.map(({ upperBound }): Bucket => ({ upperBound, count: 0 }));
  const here: Bucket[] = [];
  for (let step = 0; step < result.values.length; step++) {
    here.length = 0;
    for (const [place, { series }] of ascending.entries()) {
      if (series.present[step] !== 1) continue;
      const bucket = counted[place]!;
      bucket.count = series.values[step]!;
      here.push(bucket);
    }
    if (here.length === 0) continue;
    result.values[step] = math.ofClassic(here, step, name);
    result.present[step] = 1;
  }
  return result;
}

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['inf', Number.POSITIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['nan', Number.NaN],
]);

/** A number as Go's strconv.ParseFloat reads it, hexadecimal ones apart; undefined if it is none. */
function floatOf(text: string): number | undefined {
  const [, sign, digits] = /^([+-]?)(.*)$/s.exec(text)!;
  const special = SPECIAL.get(digits!.toLowerCase());
  if (special === undefined && !/^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(digits!)) return undefined;
  const size = special ?? Number(digits);
  if (special === undefined && size === Number.POSITIVE_INFINITY) return undefined;
  return sign === '-' ? -size : size;
}

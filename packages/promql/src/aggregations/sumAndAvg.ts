import { boundsReconciled, metricNameOf, mixedExponentialAndCustom, resetsConflict } from '../engine/remarks.ts';
import type { StepSeries } from '../engine/values.ts';
import { HistogramMean, HistogramSum, IncompatibleSchemasError } from '../histogram/arithmetic.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import { stripParens } from '../parser/ast.ts';
import type { Reducer, Reduction } from './reducer.ts';
import { FloatMeans, FloatSums, type FloatTotals } from './totals.ts';

interface HistogramTotal {
  add(histogram: FloatHistogram): void;
  readonly resetCollision: boolean;
  readonly boundsReconciled: boolean;
  result(): FloatHistogram;
}

class Sum extends HistogramSum implements HistogramTotal {
  result(): FloatHistogram {
    return this.total();
  }
}

class Mean extends HistogramMean implements HistogramTotal {
  result(): FloatHistogram {
    return this.mean();
  }
}

function totalling(floats: (into: StepSeries) => FloatTotals, histograms: () => HistogramTotal): Reducer {
  return (members, into, reduction) => {
    const totals = floats(into);
    if (members.some((member) => member.histograms)) {
      return new MixedTotals(totals, histograms, into, reduction).reduce(members);
    }
    for (const { values, present } of reduction.evaluation.each(members)) totals.add(values, present);
    totals.finish();
    return into;
  };
}

const FLOAT = 1;
const HISTOGRAM = 2;
const INCOMPATIBLE = 4;

/** Floats and histograms at one step have no total, and neither have exponential with custom buckets. */
class MixedTotals {
  private readonly floats: FloatTotals;
  private readonly create: () => HistogramTotal;
  private readonly into: StepSeries;
  private readonly reduction: Reduction;
  private readonly met: Uint8Array;
  /** Absent at a step whose first sample is a float, as that has no histogram for a result anyway. */
  private readonly histograms: (HistogramTotal | undefined)[];

  constructor(floats: FloatTotals, create: () => HistogramTotal, into: StepSeries, reduction: Reduction) {
    this.floats = floats;
    this.create = create;
    this.into = into;
    this.reduction = reduction;
    this.met = new Uint8Array(into.values.length);
    this.histograms = new Array(into.values.length);
  }

  reduce(members: readonly StepSeries[]): StepSeries {
    for (const member of this.reduction.evaluation.each(members))
      this.floats.add(member.values, this.addHistograms(member));
    this.floats.finish();
    const results: (FloatHistogram | undefined)[] = new Array(this.met.length);
    for (let step = 0; step < this.met.length; step++) {
      results[step] = this.finish(step);
      this.into.present[step] = this.met[step] === FLOAT || results[step] ? 1 : 0;
    }
    return results.some((each) => each) ? { ...this.into, histograms: results } : this.into;
  }

  /** Says at which steps there is a float to be added. */
  private addHistograms(member: StepSeries): Uint8Array {
    const floats = new Uint8Array(this.met.length);
    for (let step = 0; step < this.met.length; step++) {
      const met = this.met[step]!;
      if (member.present[step] === 0 || (met & INCOMPATIBLE) !== 0) continue;
      const histogram = member.histograms?.[step];
      if (!histogram) {
        this.met[step] = met | FLOAT;
        floats[step] = 1;
        continue;
      }
      if (met === 0) this.histograms[step] = this.create();
      if (this.addHistogram(step, histogram)) this.met[step] = met | HISTOGRAM;
      else {
        this.met[step] = met | HISTOGRAM | INCOMPATIBLE;
        this.warn(mixedExponentialAndCustom(metricNameOf(member.labels)));
      }
    }
    return floats;
  }

  /** False if its buckets do not go with those before. */
  private addHistogram(step: number, histogram: FloatHistogram): boolean {
    try {
      this.histograms[step]?.add(histogram);
      return true;
    } catch (error) {
      if (error instanceof IncompatibleSchemasError) return false;
      throw error;
    }
  }

  private finish(step: number): FloatHistogram | undefined {
    const met = this.met[step]!;
    const total = this.histograms[step];
    const { annotations } = this.reduction.evaluation;
    if (total?.boundsReconciled)
      annotations.info(boundsReconciled('aggregation'), stripParens(this.reduction.expr.expr).span);
    if ((met & FLOAT) !== 0 && (met & HISTOGRAM) !== 0) {
      this.warn('encountered a mix of histograms and floats for aggregation');
      return undefined;
    }
    if (met === 0 || (met & INCOMPATIBLE) !== 0) return undefined;
    if (total?.resetCollision) this.warn(resetsConflict('aggregation'));
    return total?.result();
  }

  private warn(text: string): void {
    this.reduction.evaluation.annotations.warn(text, stripParens(this.reduction.expr.expr).span);
  }
}

export const sum = totalling(
  (into) => new FloatSums(into),
  () => new Sum(),
);

export const avg = totalling(
  (into) => new FloatMeans(into),
  () => new Mean(),
);

import { CompensatedHistogram } from './compensatedHistogram.ts';
import type { FloatHistogram } from './histogram.ts';
import { compact } from './resolution.ts';

/** What PromQL warns of after it has combined many histograms. */
class Observations {
  boundsReconciled = false;
  private resetSeen = false;
  private noResetSeen = false;

  note(histogram: FloatHistogram): void {
    this.resetSeen ||= histogram.resetHint === 'reset';
    this.noResetSeen ||= histogram.resetHint === 'not_reset';
  }

  get resetCollision(): boolean {
    return this.resetSeen && this.noResetSeen;
  }
}

/** The sum of at least one histogram, which also carries what floating point lost (Neumaier's variant of Kahan's). */
export class HistogramSum {
  private readonly seen = new Observations();
  private first: FloatHistogram | undefined;
  private state: CompensatedHistogram | undefined;

  /** @throws IncompatibleSchemasError if one has exponential buckets and another custom ones */
  add(histogram: FloatHistogram): void {
    this.seen.note(histogram);
    if (this.first === undefined) {
      this.first = histogram;
      return;
    }
    this.state ??= new CompensatedHistogram(this.first);
    if (this.state.add(histogram)) this.seen.boundsReconciled = true;
  }

  /** One histogram says that its counter was reset, another that it was not. */
  get resetCollision(): boolean {
    return this.seen.resetCollision;
  }

  /** Custom bounds differed, so only those that all have are left. */
  get boundsReconciled(): boolean {
    return this.seen.boundsReconciled;
  }

  total(): FloatHistogram {
    return this.state?.total() ?? compact(this.first!);
  }
}

/**
 * The mean of at least one histogram: their sum by their number, until that sum overflows; from there on the mean itself
 * is carried from one to the next (promql/engine.go, AVG).
 */
export class HistogramMean {
  private readonly seen = new Observations();
  private count = 0;
  private first: FloatHistogram | undefined;
  private state: CompensatedHistogram | undefined;
  private incremental = false;
  /** No figure of the sum can exceed this. */
  private limit = 0;

  /** @throws IncompatibleSchemasError if one has exponential buckets and another custom ones */
  add(histogram: FloatHistogram): void {
    this.seen.note(histogram);
    this.count++;
    this.limit += magnitude(histogram);
    if (this.first === undefined) {
      this.first = histogram;
      return;
    }
    this.state ??= new CompensatedHistogram(this.first);
    if (!this.incremental && this.addToSum(histogram)) return;
    if (!this.incremental) {
      this.incremental = true;
      this.state.divide(this.count - 1);
    }
    this.state.multiply((this.count - 1) / this.count);
    if (this.state.add(histogram, this.count)) this.seen.boundsReconciled = true;
  }

  /** False, and nothing added, if the sum would overflow. */
  private addToSum(histogram: FloatHistogram): boolean {
    if (this.limit <= Number.MAX_VALUE) {
      if (this.state!.add(histogram)) this.seen.boundsReconciled = true;
      return true;
    }
    const next = this.state!.copy();
    if (next.add(histogram)) this.seen.boundsReconciled = true;
    if (next.overflows()) return false;
    this.state = next;
    return true;
  }

  /** One histogram says that its counter was reset, another that it was not. */
  get resetCollision(): boolean {
    return this.seen.resetCollision;
  }

  /** Custom bounds differed, so only those that all have are left. */
  get boundsReconciled(): boolean {
    return this.seen.boundsReconciled;
  }

  mean(): FloatHistogram {
    if (this.state === undefined) return compact(this.first!);
    if (this.incremental) return this.state.total();
    const state = this.state.copy();
    state.divide(this.count);
    return state.total();
  }
}

/** All its figures together without sign; NaN does not count. An infinite bound makes it infinite, as in Prometheus. */
function magnitude({ count, sum, zeroCount, positive, negative, bounds }: FloatHistogram): number {
  if (bounds[0] === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY;
  let total = Math.abs(count || 0) + Math.abs(sum || 0) + Math.abs(zeroCount || 0);
  for (let i = 0; i < positive.counts.length; i++) total += Math.abs(positive.counts[i]! || 0);
  for (let i = 0; i < negative.counts.length; i++) total += Math.abs(negative.counts[i]! || 0);
  return total;
}

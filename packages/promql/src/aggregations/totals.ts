import type { RowMemory } from '../engine/rowMemory.ts';
import type { Row, Runs } from '../engine/rows.ts';
import type { StepSeries } from '../engine/values.ts';

/** Accumulates floats, one total for each step, in the columns of a series that is still without samples. */
export interface FloatTotals {
  /** Adds the values of the steps where `present` is 1. */
  add(values: Float64Array, present: Uint8Array): void;
  /** The same with the steps of the runs. */
  addRuns?(row: Pick<Row, 'values' | 'at'>, runs: Runs): void;
  /** Turns what was accumulated into the totals. */
  finish(): void;
}

const { POSITIVE_INFINITY: INF } = Number;

/** Neumaier's variant of Kahan's summation, as in `KahanSum`. */
export class FloatSums implements FloatTotals {
  private readonly into: StepSeries;
  private readonly lost: Float64Array;
  /** Those that were marked as seen last. */
  private runs: Runs | undefined;
  private readonly memory: RowMemory | undefined;
  private readonly sumsAt: number;
  private readonly lostAt: number;

  constructor(into: StepSeries, memory?: RowMemory) {
    this.into = into;
    const { length } = into.values;
    this.lost = memory?.doubles(length) ?? new Float64Array(length);
    this.sumsAt = memory?.addressOf(into.values) ?? -1;
    this.lostAt = memory?.addressOf(this.lost) ?? -1;
    this.memory = this.sumsAt >= 0 && this.lostAt >= 0 ? memory : undefined;
    // The only number that changes no other when it is added, zeros included.
    into.values.fill(-0);
  }

  add(values: Float64Array, present: Uint8Array): void {
    const { values: sums, present: seen } = this.into;
    const { lost } = this;
    for (let step = 0; step < sums.length; step++) {
      if (present[step] === 0) continue;
      seen[step] = 1;
      const value = values[step]!;
      const sum = sums[step]!;
      const next = sum + value;
      sums[step] = next;
      lost[step] = lost[step]! + lostBy(sum, value, next);
    }
  }

  addRuns({ values, at }: Pick<Row, 'values' | 'at'>, runs: Runs): void {
    const isNew = runs !== this.runs;
    this.runs = runs;
    const { lost } = this;
    const sums = this.into.values;
    const loops = at < 0 ? undefined : this.memory?.loops;
    for (let i = 0; i < runs.length; i += 2) {
      const [begin, end] = [runs[i]!, runs[i + 1]!];
      if (loops) loops.add(this.sumsAt, this.lostAt, at, begin, end);
      else addTo(sums, lost, values, begin, end);
      if (isNew) this.into.present.fill(1, runs[i]!, runs[i + 1]!);
    }
  }

  /** What was lost has no meaning any more once a sum is infinite, which it stays unless it becomes NaN. */
  finish(): void {
    const { values, present } = this.into;
    for (let step = 0; step < values.length; step++) {
      const sum = values[step]!;
      if (present[step] === 0) values[step] = 0;
      else if (sum !== INF && sum !== -INF) values[step] = sum + this.lost[step]!;
    }
  }
}

function addTo(sums: Float64Array, lost: Float64Array, values: Float64Array, from: number, to: number): void {
  for (let step = from; step < to; step++) {
    const value = values[step]!;
    const sum = sums[step]!;
    const next = sum + value;
    const part = next - sum;
    sums[step] = next;
    lost[step] = lost[step]! + (sum - (next - part) + (value - part));
  }
}

/** What `sum + value = next` lost in rounding, exactly (Knuth's TwoSum: without a branch, the same bits as Neumaier's two cases). */
function lostBy(sum: number, value: number, next: number): number {
  const part = next - sum;
  return sum - (next - part) + (value - part);
}

/** The mean as sum by count; from where the sum would overflow on, the mean itself is carried (promql/engine.go, AVG). */
export class FloatMeans implements FloatTotals {
  private readonly into: StepSeries;
  private readonly counts: Float64Array;
  private readonly lost: Float64Array;
  /** 1 where the column holds a mean and not a sum. */
  private readonly carried: Uint8Array;

  constructor(into: StepSeries) {
    const { length } = into.values;
    this.into = into;
    this.counts = new Float64Array(length);
    this.lost = new Float64Array(length);
    this.carried = new Uint8Array(length);
  }

  add(values: Float64Array, present: Uint8Array): void {
    const { values: sums, present: seen } = this.into;
    const { counts, lost, carried } = this;
    for (let step = 0; step < sums.length; step++) {
      if (present[step] === 0) continue;
      const value = values[step]!;
      counts[step] = counts[step]! + 1;
      if (seen[step] === 0) {
        seen[step] = 1;
        sums[step] = value;
        continue;
      }
      const sum = sums[step]!;
      const next = sum + value;
      if (carried[step] === 1 || next === INF || next === -INF) {
        this.carry(step, value);
        continue;
      }
      sums[step] = next;
      lost[step] = lost[step]! + lostBy(sum, value, next);
    }
  }

  private carry(step: number, value: number): void {
    const { values } = this.into;
    const count = this.counts[step]!;
    const before = count - 1;
    const unit = this.carried[step] === 1 ? 1 : before;
    const mean = (before / count) * (values[step]! / unit);
    const lost = (before / count) * (this.lost[step]! / unit);
    const next = mean + value / count;
    this.carried[step] = 1;
    this.lost[step] = next === INF || next === -INF ? 0 : lost + lostBy(mean, value / count, next);
    values[step] = next;
  }

  finish(): void {
    const { values } = this.into;
    const { counts, lost, carried } = this;
    for (let step = 0; step < values.length; step++) {
      const count = carried[step] === 1 ? 1 : counts[step]!;
      if (count > 0) values[step] = values[step]! / count + lost[step]! / count;
    }
  }
}

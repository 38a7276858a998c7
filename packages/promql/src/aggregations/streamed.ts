import type { RowMemory } from '../engine/rowMemory.ts';
import type { Runs } from '../engine/rows.ts';
import type { StepSeries } from '../engine/values.ts';
import { FloatMeans, FloatSums, type FloatTotals } from './totals.ts';

class Counts implements FloatTotals {
  private readonly into: StepSeries;
  private runs: Runs = [];
  /** Members at these runs that are not counted yet. */
  private members = 0;

  constructor(into: StepSeries) {
    this.into = into;
  }

  add(_: Float64Array, present: Uint8Array): void {
    const { values, present: seen } = this.into;
    for (let step = 0; step < values.length; step++) {
      values[step] = values[step]! + present[step]!;
      seen[step] = seen[step]! | present[step]!;
    }
  }

  addRuns(_: unknown, runs: Runs): void {
    if (runs !== this.runs) this.finish();
    this.runs = runs;
    this.members++;
  }

  finish(): void {
    if (this.members === 0) return;
    const { runs } = this;
    const { values, present: seen } = this.into;
    for (let i = 0; i < runs.length; i += 2) {
      seen.fill(1, runs[i]!, runs[i + 1]!);
      for (let step = runs[i]!; step < runs[i + 1]!; step++) values[step] = values[step]! + this.members;
    }
    this.members = 0;
  }
}

class Presence implements FloatTotals {
  private readonly into: StepSeries;

  constructor(into: StepSeries) {
    this.into = into;
  }

  add(_: Float64Array, present: Uint8Array): void {
    const { present: seen } = this.into;
    for (let step = 0; step < seen.length; step++) seen[step] = seen[step]! | present[step]!;
  }

  finish(): void {
    this.into.values.set(this.into.present);
  }
}

/** The largest of the values times `sign`; NaN only if there is nothing else. */
class Extremes implements FloatTotals {
  private readonly into: StepSeries;
  private readonly sign: 1 | -1;

  constructor(into: StepSeries, sign: 1 | -1) {
    this.into = into;
    this.sign = sign;
  }

  add(values: Float64Array, present: Uint8Array): void {
    const { values: best, present: seen } = this.into;
    const sign = this.sign;
    for (let step = 0; step < best.length; step++) {
      if (present[step] === 0) continue;
      const value = values[step]!;
      if (seen[step] === 1 && (sign * best[step]! >= sign * value || Number.isNaN(value))) continue;
      best[step] = value;
      seen[step] = 1;
    }
  }

  finish(): void {}
}

type BeginTotals = (into: StepSeries, memory?: RowMemory) => FloatTotals;

/** Aggregations of floats into which series can go one after the other, without being kept. */
export const STREAMED: ReadonlyMap<string, BeginTotals> = new Map<string, BeginTotals>([
  ['sum', (into, memory) => new FloatSums(into, memory)],
  ['avg', (into) => new FloatMeans(into)],
  ['min', (into) => new Extremes(into, -1)],
  ['max', (into) => new Extremes(into, 1)],
  ['count', (into) => new Counts(into)],
  ['group', (into) => new Presence(into)],
]);

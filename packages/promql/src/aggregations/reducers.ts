import type { StepSeries } from '../engine/values.ts';
import { KahanMean, KahanSum, quantileOf } from '../numeric.ts';

/** Reduces the members of one group to one series, step by step. `param` is the aggregation's scalar per step. */
export type Reducer = (members: readonly StepSeries[], into: StepSeries, param: Float64Array | undefined) => void;

interface Accumulator {
  add(value: number): void;
  result(): number;
}

/** Walks series by series, which reads memory in order, with one accumulator per step. */
function accumulate(create: () => Accumulator): Reducer {
  return (members, into) => {
    const states: (Accumulator | undefined)[] = new Array(into.values.length).fill(undefined);
    for (const { present, values } of members) {
      for (let step = 0; step < values.length; step++) {
        if (present[step] === 0) continue;
        const state = states[step] ?? create();
        states[step] = state;
        state.add(values[step]!);
      }
    }
    states.forEach((state, step) => {
      if (state) set(into, step, state.result());
    });
  };
}

/** For what needs no more state than the value so far. */
function fold(first: (value: number) => number, next: (soFar: number, value: number) => number): Reducer {
  return (members, into) => {
    for (const { present, values } of members) {
      for (let step = 0; step < values.length; step++) {
        if (present[step] === 0) continue;
        const value = values[step]!;
        set(into, step, into.present[step] === 0 ? first(value) : next(into.values[step]!, value));
      }
    }
  };
}

function set(series: StepSeries, step: number, value: number): void {
  series.values[step] = value;
  series.present[step] = 1;
}

class Sum implements Accumulator {
  private readonly total = new KahanSum();

  add(value: number): void {
    this.total.add(value);
  }

  result(): number {
    return this.total.total;
  }
}

class Mean implements Accumulator {
  private readonly mean = new KahanMean();

  add(value: number): void {
    this.mean.add(value);
  }

  result(): number {
    return this.mean.mean;
  }
}

/** Welford's method, as Prometheus. */
class Variance implements Accumulator {
  private count = 0;
  private mean = 0;
  private squares = 0;

  add(value: number): void {
    this.count++;
    const delta = value - this.mean;
    this.mean += delta / this.count;
    this.squares += delta * (value - this.mean);
  }

  result(): number {
    return this.squares / this.count;
  }
}

class Deviation extends Variance {
  override result(): number {
    return Math.sqrt(super.result());
  }
}

const quantile: Reducer = (members, into, param) => {
  for (let step = 0; step < into.values.length; step++) {
    const here = members.filter((each) => each.present[step] === 1).map((each) => each.values[step]!);
    if (here.length > 0) set(into, step, quantileOf(param![step]!, here));
  }
};

const same = (value: number) => value;

export const REDUCERS: ReadonlyMap<string, Reducer> = new Map<string, Reducer>([
  ['sum', accumulate(() => new Sum())],
  ['avg', accumulate(() => new Mean())],
  ['stdvar', accumulate(() => new Variance())],
  ['stddev', accumulate(() => new Deviation())],
  ['min', fold(same, (soFar, value) => (soFar > value || Number.isNaN(soFar) ? value : soFar))],
  ['max', fold(same, (soFar, value) => (soFar < value || Number.isNaN(soFar) ? value : soFar))],
  [
    'count',
    fold(
      () => 1,
      (soFar) => soFar + 1,
    ),
  ],
  [
    'group',
    fold(
      () => 1,
      () => 1,
    ),
  ],
  ['quantile', quantile],
]);

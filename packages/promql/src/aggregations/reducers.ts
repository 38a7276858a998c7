import type { StepSeries } from '../engine/values.ts';
import { quantileOf } from '../numeric.ts';
import { floatsOf, type Reducer, remarkIgnoredHistograms } from './reducer.ts';
import { avg, sum } from './sumAndAvg.ts';

const count: Reducer = (members, into) => {
  const { values: counts, present: seen } = into;
  for (const { present } of members) {
    for (let step = 0; step < counts.length; step++) {
      counts[step] = counts[step]! + present[step]!;
      seen[step] = seen[step]! | present[step]!;
    }
  }
  return into;
};

const group: Reducer = (members, into) => {
  for (const { present } of members) {
    for (let step = 0; step < present.length; step++) if (present[step] === 1) set(into, step, 1);
  }
  return into;
};

/** The largest of the values times `sign`; NaN only if there is nothing else. */
function largest(sign: 1 | -1): Reducer {
  return (members, into) => {
    const { values: best, present: seen } = into;
    for (const { present, values } of members) {
      for (let step = 0; step < best.length; step++) {
        if (present[step] === 0) continue;
        const value = values[step]!;
        const soFar = best[step]!;
        if (seen[step] === 1 && sign * soFar >= sign * value) continue;
        if (seen[step] === 1 && Number.isNaN(value)) continue;
        best[step] = value;
        seen[step] = 1;
      }
    }
    return into;
  };
}

function set(series: StepSeries, step: number, value: number): void {
  series.values[step] = value;
  series.present[step] = 1;
}

/** For what native histograms have no part in. */
function ofFloats(reduce: Reducer): Reducer {
  return (members, into, reduction) => {
    remarkIgnoredHistograms(members, reduction);
    return reduce(floatsOf(members), into, reduction);
  };
}

/** Welford's method, as Prometheus. */
function variance(finish: (variance: number) => number): Reducer {
  return (members, into) => {
    const counts = new Float64Array(into.values.length);
    const means = new Float64Array(into.values.length);
    const squares = into.values;
    for (const { present, values } of members) {
      for (let step = 0; step < values.length; step++) {
        if (present[step] === 0) continue;
        const value = values[step]!;
        const count = counts[step]! + 1;
        const delta = value - means[step]!;
        const mean = means[step]! + delta / count;
        counts[step] = count;
        means[step] = mean;
        squares[step] = squares[step]! + delta * (value - mean);
      }
    }
    for (let step = 0; step < counts.length; step++) {
      if (counts[step]! > 0) set(into, step, finish(squares[step]! / counts[step]!));
    }
    return into;
  };
}

const quantile: Reducer = (members, into, { param }) => {
  const here = new Float64Array(members.length);
  for (let step = 0; step < into.values.length; step++) {
    let count = 0;
    for (const { present, values } of members) if (present[step] === 1) here[count++] = values[step]!;
    if (count > 0) set(into, step, quantileOf(param![step]!, here.subarray(0, count)));
  }
  return into;
};

const same = (value: number) => value;

export const REDUCERS: ReadonlyMap<string, Reducer> = new Map<string, Reducer>([
  ['sum', sum],
  ['avg', avg],
  ['stdvar', ofFloats(variance(same))],
  ['stddev', ofFloats(variance(Math.sqrt))],
  ['min', ofFloats(largest(-1))],
  ['max', ofFloats(largest(1))],
  ['count', count],
  ['group', group],
  ['quantile', ofFloats(quantile)],
]);

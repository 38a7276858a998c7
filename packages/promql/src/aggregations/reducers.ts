import type { StepSeries } from '../engine/values.ts';
import { quantileOf } from '../numeric.ts';
import { floatsOf, type Reducer, remarkIgnoredHistograms } from './reducer.ts';
import { STREAMED } from './streamed.ts';
import { avg, sum } from './sumAndAvg.ts';

/** One member after the other, of which none need be kept. */
function streaming(op: string): Reducer {
  const totalsOf = STREAMED.get(op)!;
  return (members, into, { evaluation }) => {
    const totals = totalsOf(into);
    for (const { values, present } of evaluation.each(members)) totals.add(values, present);
    totals.finish();
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
  return (members, into, { evaluation }) => {
    const counts = new Float64Array(into.values.length);
    const means = new Float64Array(into.values.length);
    const squares = into.values;
    for (const { present, values } of evaluation.each(members)) {
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

const quantile: Reducer = (members, into, { param, evaluation }) => {
  const here = new Float64Array(members.length);
  for (let step = 0; step < into.values.length; step++) {
    evaluation.tick(members.length);
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
  ['min', ofFloats(streaming('min'))],
  ['max', ofFloats(streaming('max'))],
  ['count', streaming('count')],
  ['group', streaming('group')],
  ['quantile', ofFloats(quantile)],
]);

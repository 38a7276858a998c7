import type { StepSeries } from '../engine/values.ts';
import type { Reduction } from './reducer.ts';
import { REDUCERS } from './reducers.ts';
import { FloatMeans, FloatSums, type FloatTotals } from './totals.ts';

export type Totals = FloatTotals;

/** Those of `REDUCERS` that take their members one by one, for floats. */
function oneByOne(op: string): (into: StepSeries) => FloatTotals {
  const reduce = REDUCERS.get(op)!;
  return (into) => ({
    add: (values, present) => void reduce([{ ...into, values, present }], into, NO_REDUCTION),
    finish() {},
  });
}

/** What they do not look at where there are no histograms. */
const NO_REDUCTION = {} as Reduction;

/** Aggregations into which series can go one after the other, without being kept. */
export const STREAMED: ReadonlyMap<string, (into: StepSeries) => FloatTotals> = new Map([
  ['sum', (into) => new FloatSums(into)],
  ['avg', (into) => new FloatMeans(into)],
  ...['min', 'max', 'count', 'group'].map((op) => [op, oneByOne(op)] as const),
]);

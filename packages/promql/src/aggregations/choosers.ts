import { PromqlExecutionError } from '../engine/errors.ts';
import { isEmpty, type StepSeries } from '../engine/values.ts';
import { formatValue } from '../result/format.ts';

/** Keeps some members of a group at each step; in an instant query the result is in order of rank. */
export type Chooser = (members: readonly StepSeries[], param: Float64Array) => StepSeries[];

const MAX_INT64 = 2 ** 63;

/** The members ranked by `compare` (best first, equals in order), of which the first `k` stay. */
function firstRanked(compare: (a: number, b: number) => number): Chooser {
  return (members, param) => {
    const kept = members.map((each) => ({ ...each, present: new Uint8Array(each.present.length) }));
    let ranks: number[] = [];
    for (let step = 0; step < param.length; step++) {
      const k = countOf(param[step]!);
      if (k < 1) continue;
      ranks = members.map((_, i) => i).filter((i) => members[i]!.present[step] === 1);
      ranks.sort((a, b) => compare(members[a]!.values[step]!, members[b]!.values[step]!));
      ranks.length = Math.min(ranks.length, k);
      for (const index of ranks) kept[index]!.present[step] = 1;
    }
    return param.length === 1 ? ranks.map((i) => kept[i]!) : kept.filter((each) => !isEmpty(each));
  };
}

function countOf(param: number): number {
  if (Number.isNaN(param)) throw new PromqlExecutionError('Parameter value is NaN');
  if (param >= MAX_INT64) throw new PromqlExecutionError(`Scalar value ${formatValue(param)} overflows int64`);
  if (param <= -MAX_INT64) throw new PromqlExecutionError(`Scalar value ${formatValue(param)} underflows int64`);
  return Math.trunc(param);
}

/** NaN ranks last in both directions. */
function ranked(compare: (a: number, b: number) => number): (a: number, b: number) => number {
  return (a, b) => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return a === b ? 0 : compare(a, b);
  };
}

export const CHOOSERS: ReadonlyMap<string, Chooser> = new Map([
  ['topk', firstRanked(ranked((a, b) => b - a))],
  ['bottomk', firstRanked(ranked((a, b) => a - b))],
  ['limitk', firstRanked(() => 0)],
]);

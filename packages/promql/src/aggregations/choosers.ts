import type { Evaluation } from '../engine/evaluation.ts';
import { isEmpty, type StepSeries } from '../engine/values.ts';
import { labelHash } from './labelHash.ts';
import { countsOf, ratiosOf } from './parameters.ts';
import { Ranking } from './ranking.ts';
import type { Reduction } from './reducer.ts';

/** Keeps some members of each group at each step; in an instant query the result is in the order of Prometheus'. */
export type Chooser = (groups: readonly (readonly StepSeries[])[], reduction: Reduction) => StepSeries[];

/** The members of one group, as many as there are at one step, that are kept. */
type Choice = (members: readonly StepSeries[], step: number) => readonly number[];

function keep(evaluation: Evaluation, members: readonly StepSeries[], count: number, choose: Choice): StepSeries[] {
  const kept = members.map((each) => ({ ...each, present: new Uint8Array(count) }));
  let last: readonly number[] = [];
  for (let step = 0; step < count; step++) {
    evaluation.tick(members.length);
    last = choose(members, step);
    for (const index of last) kept[index]!.present[step] = 1;
  }
  return count === 1 ? last.map((index) => kept[index]!) : kept.filter((each) => !isEmpty(each));
}

/** Ranks by value times `sign`; histograms have no rank. */
function firstRanked(sign: 1 | -1): Chooser {
  return (groups, reduction) => {
    const counts = countsOf(reduction.param!);
    if (!counts) return [];
    remarkHistograms(groups, counts, reduction);
    return groups.flatMap((members) => {
      const keys = new Float64Array(members.length);
      const choose: Choice = (_, step) => rank(members, step, counts[step]!, sign, keys);
      return keep(reduction.evaluation, members, counts.length, choose);
    });
  };
}

function rank(
  members: readonly StepSeries[],
  step: number,
  count: number,
  sign: 1 | -1,
  keys: Float64Array,
): readonly number[] {
  if (count < 1) return [];
  const ranking = new Ranking(keys, count);
  for (let index = 0; index < members.length; index++) {
    const { present, values, histograms } = members[index]!;
    if (present[step] === 0 || histograms?.[step]) continue;
    keys[index] = sign * values[step]!;
    ranking.offer(index);
  }
  return ranking.sorted();
}

function remarkHistograms(
  groups: readonly (readonly StepSeries[])[],
  counts: Float64Array,
  { expr, evaluation }: Reduction,
): void {
  const ignored = groups.some((members) =>
    members.some(
      ({ histograms, present }) =>
        histograms?.some((histogram, step) => histogram && present[step] === 1 && counts[step]! >= 1) === true,
    ),
  );
  if (ignored) evaluation.annotations.info(`ignored histogram in ${expr.op} aggregation`, expr.span);
}

/** The order is that of a heap of their values, in which histograms count as 0. */
function heaped(members: readonly StepSeries[], step: number, indexes: readonly number[]): readonly number[] {
  const keys = Float64Array.from(members, ({ histograms, values }) => (histograms?.[step] ? 0 : values[step]!));
  const ranking = new Ranking(keys, indexes.length);
  for (const index of indexes) ranking.push(index);
  return ranking.members;
}

const firstMet: Chooser = (groups, { param, evaluation }) => {
  const counts = countsOf(param!);
  if (!counts) return [];
  return groups.flatMap((members) =>
    keep(evaluation, members, counts.length, (_, step) => {
      const found: number[] = [];
      for (let index = 0; index < members.length && found.length < counts[step]!; index++) {
        if (members[index]!.present[step] === 1) found.push(index);
      }
      return counts.length === 1 ? heaped(members, step, found) : found;
    }),
  );
};

const TWO_TO_64 = 2 ** 64;

/** Whether a series is in a share is a matter of its labels alone, so a ratio and its complement split any vector in two. */
const share: Chooser = (groups, reduction) => {
  const ratios = ratiosOf(reduction.param!, reduction);
  if (!ratios) return [];
  return groups.flatMap((members) => {
    const { evaluation } = reduction;
    const offsets = Array.from(evaluation.each(members), ({ labels }) => Number(labelHash(labels)) / TWO_TO_64);
    return keep(evaluation, members, ratios.length, (_, step) => {
      const ratio = ratios[step]!;
      const within = (offset: number) => (ratio >= 0 ? offset < ratio : offset >= 1 + ratio);
      const found: number[] = [];
      for (let index = 0; index < members.length; index++) {
        if (ratio !== 0 && members[index]!.present[step] === 1 && within(offsets[index]!)) found.push(index);
      }
      return ratios.length === 1 ? heaped(members, step, found) : found;
    });
  });
};

export const CHOOSERS: ReadonlyMap<string, Chooser> = new Map([
  ['topk', firstRanked(1)],
  ['bottomk', firstRanked(-1)],
  ['limitk', firstMet],
  ['limit_ratio', share],
]);

import type { StepSeries } from '../engine/values.ts';
import { formatLabels } from '../labels.ts';
import type { VectorMatching } from '../parser/ast.ts';
import type { Failures } from './failures.ts';
import { matchKeys, matchLabels } from './signature.ts';

/** Series whose labels match: `many` may have several per step, `one` at most one. */
export class MatchGroup {
  readonly many: StepSeries[] = [];
  readonly one: StepSeries[] = [];
  private readonly count: number;
  private matched: Uint8Array | undefined;
  /** For each set of labels: what it was marked with, or the two sides that a single pair of series was present at. */
  private readonly results = new Map<string, Uint8Array | readonly [Uint8Array, Uint8Array]>();

  constructor(count: number) {
    this.count = count;
  }

  /** 1 at the steps where anything was matched. */
  get used(): Uint8Array {
    this.matched ??= new Uint8Array(this.count);
    return this.matched;
  }

  /** The same of the results with one set of labels. */
  usedBy(labels: string): Uint8Array {
    const known = this.results.get(labels);
    if (known instanceof Uint8Array) return known;
    const used = new Uint8Array(this.count);
    if (known) for (let step = 0; step < this.count; step++) used[step] = known[0][step]! & known[1][step]!;
    this.results.set(labels, used);
    return used;
  }

  /** True if these are the first results with the labels, and are at all steps that both sides have; then none need be marked. */
  isFirst(labels: string, many: Uint8Array, one: Uint8Array): boolean {
    if (this.results.has(labels)) return false;
    this.results.set(labels, [many, one]);
    return true;
  }

  /** 1 at the steps where no series of the "one" side is. */
  withoutOne(): Uint8Array {
    const missing = new Uint8Array(this.count).fill(1);
    for (const { present } of this.one) {
      for (let step = 0; step < this.count; step++) if (present[step] === 1) missing[step] = 0;
    }
    return missing;
  }
}

/** Puts the series of both sides into their groups, which are given back for each series in order. */
export function groupSides(
  matching: VectorMatching,
  many: Iterable<StepSeries>,
  one: Iterable<StepSeries>,
  count: number,
): { readonly ofMany: readonly MatchGroup[]; readonly ofOne: readonly MatchGroup[] } {
  const keyOf = matchKeys(matching);
  const groups = new Map<string, MatchGroup>();
  const put = (side: 'many' | 'one') => (series: StepSeries) => {
    const key = keyOf(series.labels);
    const group = groups.get(key) ?? new MatchGroup(count);
    groups.set(key, group);
    group[side].push(series);
    return group;
  };
  return { ofMany: Array.from(many, put('many')), ofOne: Array.from(one, put('one')) };
}

/** Looks for steps at which a group has two series on the side that may have one; only those where `relevantSteps` is 1 count. */
export function checkUnique(
  matching: VectorMatching,
  one: readonly StepSeries[],
  groups: readonly MatchGroup[],
  relevantSteps: () => Uint8Array,
  failures: Failures,
): void {
  if (groups.every((group) => group.one.length < 2)) return;
  const relevant = relevantSteps();
  const side = matching.card === 'one-to-many' ? 'left' : 'right';
  const owners = new Map<MatchGroup, (StepSeries | undefined)[]>();
  one.forEach((series, order) => {
    const group = groups[order]!;
    if (group.one.length < 2) return;
    const owner = owners.get(group) ?? [];
    owners.set(group, owner);
    for (let step = 0; step < relevant.length; step++) {
      if (series.present[step] === 0 || relevant[step] === 0) continue;
      const other = owner[step];
      if (other) failures.add(step, 'one-side', order, () => duplicate(series, other, matching, side));
      owner[step] ??= series;
    }
  });
}

function duplicate(series: StepSeries, other: StepSeries, matching: VectorMatching, side: string): string {
  const group = formatLabels(matchLabels(series.labels, matching));
  const pair = `[${[formatLabels(other.labels), formatLabels(series.labels)].sort().join(', ')}]`;
  return `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ${pair};many-to-many matching not allowed: matching labels must be unique on one side`;
}

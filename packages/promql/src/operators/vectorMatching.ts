import { PromqlExecutionError } from '../engine/errors.ts';
import type { Evaluation } from '../engine/evaluation.ts';
import { mergeSameLabels, newSeries, type StepSeries } from '../engine/values.ts';
import { formatLabels, identity, keepOnly, withLabel, without, withoutMetadata } from '../labels.ts';
import type { BinaryExpr, VectorMatching } from '../parser/ast.ts';
import type { Labels } from '../source.ts';
import { OPERATORS, type Operator } from './arithmetic.ts';
import { matchKey, matchLabels } from './signature.ts';

/** Samples of one match group: `many` may hold several series per step, `one` at most one. */
interface MatchGroup {
  readonly many: StepSeries[];
  readonly one: StepSeries[];
}

/** An arithmetic or comparison operation between two vectors (prometheus promql/engine.go, VectorBinop). */
export function vectorOperation(
  expr: BinaryExpr,
  left: readonly StepSeries[],
  right: readonly StepSeries[],
  count: number,
  evaluation: Evaluation,
): StepSeries[] {
  const swapped = expr.matching.card === 'one-to-many';
  const groups = groupByMatch(expr.matching, swapped ? right : left, swapped ? left : right);
  const results = new Results(expr, count, evaluation.delayedNameRemoval, swapped);
  for (const group of groups.values()) {
    evaluation.checkAborted();
    checkUnique(group.one, expr.matching, swapped);
    results.match(group);
  }
  const series = results.series();
  evaluation.spend(series.length * count);
  return series;
}

function groupByMatch(
  matching: VectorMatching,
  many: readonly StepSeries[],
  one: readonly StepSeries[],
): Map<string, MatchGroup> {
  const groups = new Map<string, MatchGroup>();
  const put = (side: keyof MatchGroup) => (series: StepSeries) => {
    const key = matchKey(series.labels, matching);
    const group = groups.get(key) ?? { many: [], one: [] };
    groups.set(key, group);
    group[side].push(series);
  };
  many.forEach(put('many'));
  one.forEach(put('one'));
  return groups;
}

function checkUnique(one: readonly StepSeries[], matching: VectorMatching, swapped: boolean): void {
  if (one.length < 2) return;
  const owner: (StepSeries | undefined)[] = [];
  for (const series of one) {
    for (let step = 0; step < series.present.length; step++) {
      if (series.present[step] === 0) continue;
      const other = owner[step];
      if (other) throw duplicate(other, series, matching, swapped);
      owner[step] = series;
    }
  }
}

function duplicate(a: StepSeries, b: StepSeries, matching: VectorMatching, swapped: boolean): PromqlExecutionError {
  const pair = [formatLabels(a.labels), formatLabels(b.labels)].sort().join(', ');
  const group = formatLabels(matchLabels(a.labels, matching));
  return new PromqlExecutionError(
    `found duplicate series for the match group ${group} on the ${swapped ? 'left' : 'right'} hand-side of the operation: [${pair}];many-to-many matching not allowed: matching labels must be unique on one side`,
  );
}

class Results {
  private readonly expr: BinaryExpr;
  private readonly count: number;
  private readonly delayed: boolean;
  private readonly swapped: boolean;
  private readonly operator: Operator;
  private readonly all: StepSeries[] = [];

  constructor(expr: BinaryExpr, count: number, delayed: boolean, swapped: boolean) {
    this.expr = expr;
    this.count = count;
    this.delayed = delayed;
    this.swapped = swapped;
    this.operator = OPERATORS.get(expr.op)!;
  }

  /** Series that came from different groups may share labels, if they share no step. */
  series(): StepSeries[] {
    return [...mergeSameLabels(this.all)];
  }

  match(group: MatchGroup): void {
    // Prometheus applies the fill values after it has swapped sides, so `fill_left` is that of the "many" side.
    const { fillLeft: fillMany, fillRight: fillOne } = this.expr.matching;
    const used = new GroupUse(this.expr.matching, this.count);
    for (const many of group.many) {
      for (const one of group.one) this.pair(many, one, used);
      if (fillOne !== undefined) this.pair(many, this.filled(many, group.one, fillOne), used);
    }
    if (fillMany === undefined) return;
    for (const one of group.one) this.pair(this.filled(one, group.many, fillMany), one, used);
  }

  /** The stand-in for a side that is missing: present wherever none of `missing` is. */
  private filled(like: StepSeries, missing: readonly StepSeries[], value: number): StepSeries {
    const stand = newSeries(matchLabels(like.labels, this.expr.matching), this.count);
    stand.values.fill(value);
    for (let step = 0; step < this.count; step++) {
      stand.present[step] = missing.some((series) => series.present[step] === 1) ? 0 : 1;
    }
    return stand;
  }

  private pair(many: StepSeries, one: StepSeries, used: GroupUse): void {
    const labels = this.resultLabels(many.labels, one.labels);
    const { bool } = this.expr;
    const changesName = this.operator.kind === 'compute' || bool;
    const result = newSeries(labels, this.count, this.delayed && changesName ? true : many.dropName);
    const seen = used.of(labels);
    let any = false;
    for (let step = 0; step < this.count; step++) {
      if (many.present[step] === 0 || one.present[step] === 0) continue;
      used.mark(seen, step);
      const [a, b] = [many.values[step]!, one.values[step]!];
      const outcome = this.swapped ? this.operator.apply(b, a) : this.operator.apply(a, b);
      if (outcome === false && !bool) continue;
      const kept = this.swapped ? b : a;
      result.values[step] = this.operator.kind === 'compare' && !bool ? kept : Number(outcome);
      result.present[step] = 1;
      any = true;
    }
    if (any) this.all.push(result);
  }

  private resultLabels(many: Labels, one: Labels): Labels {
    const { matching, bool } = this.expr;
    const changesName = this.operator.kind === 'compute' || bool;
    let labels = changesName && !this.delayed ? withoutMetadata(many) : many;
    if (matching.card === 'one-to-one') {
      labels = matching.on ? keepOnly(labels, matching.labels) : without(labels, matching.labels);
    }
    for (const name of matching.include) labels = withLabel(labels, name, one.get(name) ?? '');
    return labels;
  }
}

/** Which steps of a match group already have a result: per group in one-to-one, per result labels in many-to-one. */
class GroupUse {
  private readonly oneToOne: boolean;
  private readonly count: number;
  private readonly steps = new Map<string, Uint8Array>();

  constructor(matching: VectorMatching, count: number) {
    this.oneToOne = matching.card === 'one-to-one';
    this.count = count;
  }

  of(labels: Labels): Uint8Array {
    const key = this.oneToOne ? '' : identity(labels);
    const known = this.steps.get(key) ?? new Uint8Array(this.count);
    this.steps.set(key, known);
    return known;
  }

  mark(seen: Uint8Array, step: number): void {
    if (seen[step] === 1) {
      throw new PromqlExecutionError(
        this.oneToOne
          ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
          : 'multiple matches for labels: grouping labels must ensure unique matches',
      );
    }
    seen[step] = 1;
  }
}

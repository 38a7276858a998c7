import type { Evaluation } from '../engine/evaluation.ts';
import { isEmpty, mergeSameLabels, newSeries, type StepSeries } from '../engine/values.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import { identity, keepOnly, withLabel, without, withoutMetadata } from '../labels.ts';
import type { BinaryExpr } from '../parser/ast.ts';
import type { Labels } from '../source.ts';
import { isTrim, OPERATORS, type Operator } from './arithmetic.ts';
import { combineSamples, incompatibleTypes, type Outcome } from './elements.ts';
import { Failures } from './failures.ts';
import { checkUnique, groupSides, type MatchGroup } from './matchGroups.ts';
import { StepNotes } from './notes.ts';
import { matchLabels } from './signature.ts';

/**
 * An arithmetic, comparison or trimming operation between two vectors (prometheus promql/engine.go, VectorBinop).
 * @throws PromqlExecutionError for what an evaluation step by step would have failed with first.
 */
export function vectorOperation(
  expr: BinaryExpr,
  left: readonly StepSeries[],
  right: readonly StepSeries[],
  count: number,
  evaluation: Evaluation,
): StepSeries[] {
  const operation = new VectorOperation(expr, count, evaluation);
  return expr.matching.card === 'one-to-many' ? operation.run(right, left) : operation.run(left, right);
}

/** False if the step has a result already. */
type Mark = (step: number) => boolean;

class VectorOperation {
  private readonly expr: BinaryExpr;
  private readonly count: number;
  private readonly evaluation: Evaluation;
  private readonly operator: Operator;
  /** The "many" side is the right one. */
  private readonly swapped: boolean;
  private readonly failures = new Failures();
  private readonly notes = new StepNotes();
  private readonly results: StepSeries[] = [];

  constructor(expr: BinaryExpr, count: number, evaluation: Evaluation) {
    this.expr = expr;
    this.count = count;
    this.evaluation = evaluation;
    this.operator = OPERATORS.get(expr.op)!;
    this.swapped = expr.matching.card === 'one-to-many';
  }

  run(many: readonly StepSeries[], one: readonly StepSeries[]): StepSeries[] {
    const { matching } = this.expr;
    // Prometheus applies the fill values after it has swapped sides, so `fill_left` is that of the "many" side.
    const { fillLeft: fillMany, fillRight: fillOne } = matching;
    const { ofMany, ofOne } = groupSides(matching, this.evaluation.each(many), this.evaluation.each(one), this.count);
    checkUnique(matching, one, ofOne, () => this.relevant(many), this.failures);
    for (const [order, series] of this.evaluation.each(many.entries())) {
      const group = ofMany[order]!;
      for (const other of group.one) this.pair(series, other, group, order);
      if (fillOne !== undefined) this.pair(series, this.filled(series, group.withoutOne(), fillOne), group, order);
    }
    if (fillMany !== undefined) {
      for (const [order, series] of this.evaluation.each(one.entries())) {
        const group = ofOne[order]!;
        const unused = group.used.map((used) => 1 - used);
        this.pair(this.filled(series, unused, fillMany), series, group, many.length + order);
      }
    }
    return this.finish();
  }

  /** Where one side has nothing at all, nothing is looked at, unless it is filled. */
  private relevant(many: readonly StepSeries[]): Uint8Array {
    const { fillLeft, fillRight } = this.expr.matching;
    const relevant = new Uint8Array(this.count);
    if (fillLeft !== undefined || fillRight !== undefined) return relevant.fill(1);
    for (const { present } of this.evaluation.each(many)) {
      for (let step = 0; step < this.count; step++) if (present[step] === 1) relevant[step] = 1;
    }
    return relevant;
  }

  /** The stand-in for a side that is missing where `present` is 1. */
  private filled(like: StepSeries, present: Uint8Array, value: number): StepSeries {
    const labels = matchLabels(like.labels, this.expr.matching);
    return { labels, present, values: new Float64Array(this.count).fill(value), dropName: false };
  }

  private pair(many: StepSeries, one: StepSeries, group: MatchGroup, order: number): void {
    const labels = this.resultLabels(many.labels, one.labels);
    const unnamed = this.expr.bool && this.evaluation.delayedNameRemoval;
    const plain = newSeries(labels, this.count, unnamed);
    const mixed = many.histograms !== undefined || one.histograms !== undefined || isTrim(this.expr.op);
    const mark = this.marker(many, one, group, labels, order, mixed);
    const result = mixed ? this.pairSamples(many, one, plain, mark) : this.pairFloats(many, one, plain, mark);
    if (isEmpty(result)) return;
    this.evaluation.spend(this.count);
    this.results.push(result);
  }

  /** Says whether a step of the group, or of the group's results with these labels, is still free, and takes it. */
  private marker(
    many: StepSeries,
    one: StepSeries,
    group: MatchGroup,
    labels: Labels,
    order: number,
    mixed: boolean,
  ): Mark | undefined {
    const { card, fillLeft } = this.expr.matching;
    if (group.many.length < 2 && fillLeft === undefined) return undefined;
    if (card === 'one-to-one') return this.marking(group.used, undefined, order);
    const key = identity(labels);
    if (!mixed && fillLeft === undefined && group.isFirst(key, many.present, one.present)) return undefined;
    return this.marking(group.usedBy(key), fillLeft === undefined ? undefined : group.used, order);
  }

  private marking(taken: Uint8Array, used: Uint8Array | undefined, order: number): Mark {
    const { card } = this.expr.matching;
    return (step) => {
      if (taken[step] === 1) {
        this.failures.add(step, 'match', order, () =>
          card === 'one-to-one'
            ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
            : 'multiple matches for labels: grouping labels must ensure unique matches',
        );
        return false;
      }
      taken[step] = 1;
      if (used) used[step] = 1;
      return true;
    };
  }

  private pairFloats(many: StepSeries, one: StepSeries, result: StepSeries, mark: Mark | undefined): StepSeries {
    const { values: left } = this.swapped ? one : many;
    const { values: right } = this.swapped ? many : one;
    const { bool } = this.expr;
    const filters = this.operator.kind === 'compare' && !bool;
    for (let step = 0; step < this.count; step++) {
      if (many.present[step] === 0 || one.present[step] === 0 || mark?.(step) === false) continue;
      const outcome = this.operator.apply(left[step]!, right[step]!);
      if (outcome === false && !bool) continue;
      result.values[step] = filters ? left[step]! : Number(outcome);
      result.present[step] = 1;
    }
    return result;
  }

  private pairSamples(many: StepSeries, one: StepSeries, plain: StepSeries, mark: Mark | undefined): StepSeries {
    const left = this.swapped ? one : many;
    const right = this.swapped ? many : one;
    const histograms: (FloatHistogram | undefined)[] = new Array(this.count);
    for (let step = 0; step < this.count; step++) {
      if (left.present[step] === 0 || right.present[step] === 0) continue;
      const sample = left.histograms?.[step] ?? left.values[step]!;
      const outcome = this.outcome(sample, right.histograms?.[step] ?? right.values[step]!);
      if (outcome.kind !== 'float' && outcome.kind !== 'comparison' && outcome.note) this.notes.add(step, outcome.note);
      if (outcome.kind === 'nothing' || mark?.(step) === false) continue;
      if (outcome.kind === 'comparison' && !outcome.holds && !this.expr.bool) continue;
      plain.present[step] = 1;
      if (outcome.kind === 'histogram') histograms[step] = outcome.histogram;
      else if (outcome.kind === 'float') plain.values[step] = outcome.value;
      else if (this.expr.bool) plain.values[step] = Number(outcome.holds);
      else if (typeof sample === 'number') plain.values[step] = sample;
      else histograms[step] = sample;
    }
    return histograms.some((each) => each) ? { ...plain, histograms } : plain;
  }

  private outcome(
    left: number | FloatHistogram,
    right: number | FloatHistogram,
  ): Outcome | { readonly kind: 'float'; readonly value: number } {
    const { op } = this.expr;
    if (typeof left !== 'number' || typeof right !== 'number') return combineSamples(op, left, right);
    if (isTrim(op)) return incompatibleTypes(op, left, right);
    return this.operator.kind === 'compare'
      ? { kind: 'comparison', holds: this.operator.apply(left, right) }
      : { kind: 'float', value: this.operator.apply(left, right) };
  }

  private resultLabels(many: Labels, one: Labels): Labels {
    const { matching, bool } = this.expr;
    const unnamed = this.operator.kind === 'compute' || (bool && !this.evaluation.delayedNameRemoval);
    let labels = unnamed ? withoutMetadata(many) : many;
    if (matching.card === 'one-to-one') {
      labels = matching.on ? keepOnly(labels, matching.labels) : without(labels, matching.labels);
    }
    for (const name of matching.include) labels = withLabel(labels, name, one.get(name) ?? '');
    return labels;
  }

  /** Series that came from different groups may share labels, if they share no step. */
  private finish(): StepSeries[] {
    const mayRepeat = this.count === 1 && this.evaluation.delayedNameRemoval;
    const repeats = !mayRepeat && this.checkLabels();
    this.failures.throwFirst();
    this.notes.annotate(this.expr, this.evaluation);
    return repeats ? [...mergeSameLabels(this.results, this.evaluation)] : this.results;
  }

  /** Says whether any labels are there more than once. */
  private checkLabels(): boolean {
    const taken = new Map<string, Uint8Array>();
    for (const { labels, present } of this.evaluation.each(this.results)) {
      const key = identity(labels);
      const known = taken.get(key);
      taken.set(key, known ? known.map((here, step) => here | present[step]!) : present);
      const shared = known ? present.findIndex((here, step) => here === 1 && known[step] === 1) : -1;
      if (shared >= 0)
        this.failures.add(shared, 'result', 0, () => 'vector cannot contain metrics with the same labelset');
    }
    return taken.size < this.results.length;
  }
}

import { groupLabels } from '../aggregations/groups.ts';
import { STREAMED } from '../aggregations/streamed.ts';
import type { FloatTotals } from '../aggregations/totals.ts';
import type { OverWindow } from '../functions/function.ts';
import { FUNCTIONS } from '../functions/registry.ts';
import { haveOneName, identity, identityOf, METADATA_LABELS, withoutMetadata } from '../labels.ts';
import { type AggregateExpr, type Expr, type MatrixSelector, stripParens, type VectorSelector } from '../parser/ast.ts';
import { resolvePositive } from '../parser/durations.ts';
import { rollupsFor } from '../rollup/evaluate.ts';
import type { Labels, SeriesSamples } from '../source.ts';
import type { Evaluation } from './evaluation.ts';
import { isStepInvariant } from './invariance.ts';
import { RowMemory } from './rowMemory.ts';
import { clearPresent, fillPresent, newRow, type Row, type RowFunction, type Runs } from './rows.ts';
import { extensionOf, referenceTimes, select } from './selector.ts';
import { hasNaN, staleTest, withoutStale } from './staleness.ts';
import { type Grid, isEmpty, type StepSeries } from './values.ts';
import { floatWindows } from './window.ts';

/**
 * An aggregation of a selector, or of a function over one, as one pass over the series: each becomes a row, and the row is
 * added to its group, so that the vector in between is never made. Same results, statistics and remarks as without.
 */
export interface Fusion {
  readonly selector: VectorSelector;
  /** Absent where the aggregation is of the selector itself. */
  readonly over?: {
    readonly range: MatrixSelector;
    readonly implementation: OverWindow;
    readonly rows: () => RowFunction;
  };
}

export function fusionOf(expr: AggregateExpr, grid: Grid, evaluation: Evaluation): Fusion | undefined {
  if (expr.param || !STREAMED.has(expr.op) || evaluation.delayedNameRemoval) return undefined;
  const inner = stripParens(expr.expr);
  if (grid.count > 1 && isStepInvariant(inner)) return undefined;
  if (inner.kind === 'VectorSelector') return extensionOf(inner) ? undefined : { selector: inner };
  if (!expr.without && expr.grouping.some((name) => METADATA_LABELS.includes(name))) return undefined;
  return ofCall(inner);
}

function ofCall(inner: Expr): Fusion | undefined {
  if (inner.kind !== 'Call' || inner.args.length !== 1) return undefined;
  const implementation = FUNCTIONS.get(inner.func);
  const range = stripParens(inner.args[0]!);
  if (implementation?.kind !== 'window' || !implementation.rows) return undefined;
  if (implementation.rescans || implementation.keepName) return undefined;
  if (range.kind !== 'MatrixSelector' || extensionOf(range.selector)) return undefined;
  return { selector: range.selector, over: { range, implementation, rows: implementation.rows } };
}

/** Undefined, with what was loaded kept for the ordinary way, if the series are not as they need to be. */
export async function aggregateRows(
  expr: AggregateExpr,
  { selector, over }: Fusion,
  grid: Grid,
  evaluation: Evaluation,
): Promise<StepSeries[] | undefined> {
  if (rollupsFor(selector, evaluation)) return undefined;
  const { samples, heldBytes } = evaluation;
  const references = referenceTimes(selector, grid, evaluation);
  const all = await select(selector, evaluation);
  const needsOthers = all.hasHistograms || (all.hasStartTimestamps && evaluation.settings.features.startTimestamps);
  if (needsOthers || (over && !haveOneName(all.labels))) {
    evaluation.preloaded.set(selector, all);
    return undefined;
  }
  const elements = new Float64Array(grid.count);
  samples.begin();
  const memory = RowMemory.take();
  try {
    const groups = new Groups(expr, grid.count, over !== undefined, evaluation, memory);
    const each = over
      ? overRanges(over, references, evaluation, memory)
      : lastSamples(references, !COUNTED.has(expr.op), evaluation);
    const row = newRow(grid.count, memory);
    const counts = new StepCounts(elements);
    for (const [place, labels] of all.labels.entries()) {
      const pause = evaluation.pauseAfter(grid.count);
      if (pause) await pause;
      const series = all.read(place);
      if (series.timestamps.length === 0) continue;
      if (each.fill(labels, series, row) === 0) continue;
      counts.add(row);
      groups.add(labels, row);
    }
    counts.finish();
    each.finish(elements);
    samples.end('passes', samples.vectorOf(elements));
    evaluation.release(heldBytes);
    return groups.finish();
  } finally {
    memory.giveBack();
  }
}

/** Counts the rows that have a sample at each step. */
class StepCounts {
  private readonly into: Float64Array;
  private runs: Runs = [];
  /** Rows with these runs that are not counted yet. */
  private rows = 0;

  constructor(into: Float64Array) {
    this.into = into;
  }

  add({ runs, present }: Row): void {
    if (!runs) {
      for (let step = 0; step < this.into.length; step++) this.into[step] = this.into[step]! + present[step]!;
      return;
    }
    if (runs !== this.runs) this.finish();
    this.runs = runs;
    this.rows++;
  }

  finish(): void {
    const { runs, into } = this;
    for (let i = 0; i < runs.length; i += 2) {
      for (let step = runs[i]!; step < runs[i + 1]!; step++) into[step] = into[step]! + this.rows;
    }
    this.rows = 0;
  }
}

interface RowMaker {
  /** Fills the row and says how many steps have a sample. */
  fill(labels: Labels, samples: SeriesSamples, row: Row): number;
  /** Called when all series are done. */
  finish(elements: Float64Array): void;
}

function overRanges(
  { range, implementation, rows }: NonNullable<Fusion['over']>,
  references: Float64Array,
  evaluation: Evaluation,
  memory: RowMemory,
): RowMaker {
  const windows = floatWindows(references, resolvePositive(range.range, evaluation.durations), evaluation, memory);
  const fill = rows();
  let isInspected = false;
  return {
    fill(labels, samples, row) {
      windows.place(withoutStale(samples));
      const size = fill(windows, row);
      evaluation.samples.windowedSteps(windows.largest, windows.last, size);
      if (size > 0 && !isInspected) {
        // What there is to remark is about the name, which all have in common.
        isInspected = true;
        const result = { ...row, labels, dropName: false };
        implementation.inspect?.(labels, result, range.span, evaluation);
      }
      return size;
    },
    finish: () => windows.finish(),
  };
}

/** Aggregations to which it does not matter what the values are. */
const COUNTED: ReadonlySet<string> = new Set(['count', 'group']);

/** The last sample within the look-back. */
function lastSamples(references: Float64Array, wantsValues: boolean, evaluation: Evaluation): RowMaker {
  const windows = floatWindows(references, evaluation.settings.lookbackMs, evaluation);
  return {
    fill(_, samples, row) {
      windows.look(samples);
      const { values, withoutNaN } = samples;
      const { from, to } = windows;
      const isStale = !withoutNaN && hasNaN(values) ? staleTest(values) : undefined;
      if (!isStale) {
        const { runs, size } = windows.stepsWith(1);
        fillPresent(row, runs);
        for (let i = 0; wantsValues && i < runs.length; i += 2) {
          for (let step = runs[i]!; step < runs[i + 1]!; step++) row.values[step] = values[to[step]! - 1]!;
        }
        return size;
      }
      clearPresent(row);
      let size = 0;
      for (let step = 0; step < references.length; step++) {
        const last = to[step]! - 1;
        if (last < from[step]! || isStale(last)) continue;
        row.values[step] = values[last]!;
        row.present[step] = 1;
        size++;
      }
      return size;
    },
    finish: (elements) => evaluation.samples.selectedSteps(elements),
  };
}

interface Group {
  readonly series: StepSeries;
  readonly totals: FloatTotals;
}

/** Groups in the order in which they are met. */
class Groups {
  private readonly groups = new Map<string, Group>();
  private readonly expr: AggregateExpr;
  private readonly count: number;
  private readonly dropsName: boolean;
  private readonly evaluation: Evaluation;
  private readonly memory: RowMemory;

  constructor(expr: AggregateExpr, count: number, dropsName: boolean, evaluation: Evaluation, memory: RowMemory) {
    this.expr = expr;
    this.count = count;
    this.dropsName = dropsName;
    this.evaluation = evaluation;
    this.memory = memory;
  }

  add(labels: Labels, row: Row): void {
    const key = this.keyOf(labels);
    let group = this.groups.get(key);
    if (!group) {
      group = this.create(labels);
      this.groups.set(key, group);
    }
    if (row.runs && group.totals.addRuns) group.totals.addRuns(row, row.runs);
    else group.totals.add(row.values, row.present);
  }

  private keyOf(labels: Labels): string {
    const { without, grouping } = this.expr;
    if (without) return identity(this.labelsOf(labels));
    return grouping.length === 1 ? (labels.get(grouping[0]!) ?? '') : identityOf(labels, grouping);
  }

  private labelsOf(labels: Labels): Labels {
    return groupLabels(this.expr, this.dropsName ? withoutMetadata(labels) : labels);
  }

  private create(labels: Labels): Group {
    this.evaluation.spend(this.count);
    const values = this.memory.doubles(this.count);
    const series = { labels: this.labelsOf(labels), values, present: new Uint8Array(this.count), dropName: false };
    return { series, totals: STREAMED.get(this.expr.op)!(series, this.memory) };
  }

  finish(): StepSeries[] {
    const all = [...this.groups.values()];
    for (const { totals } of all) totals.finish();
    const found = all.map(({ series }) => series).filter((series) => !isEmpty(series));
    return found.map((series) => ({ ...series, values: this.memory.kept(series.values) }));
  }
}

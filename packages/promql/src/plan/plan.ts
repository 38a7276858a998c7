import { type AtModifier, childrenOf, type Expr, stripParens, type VectorSelector } from '../parser/ast.ts';
import { type DurationScope, resolveDuration, resolvePositive } from '../parser/durations.ts';
import { rollupUseOf, type WindowEnds } from '../rollup/plan.ts';
import type { SelectRequest } from '../source.ts';
import { type PushdownSettings, pushdownOf } from './pushdown.ts';

/** The moments of a query in Unix milliseconds: `start`, and with more than one step `start + step` and so on. */
export interface PlanGrid {
  readonly start: number;
  readonly step: number;
  readonly count: number;
  /** Where the query was to end, if that can be past the last step. */
  readonly end?: number;
}

export interface PlanSettings extends PushdownSettings {
  readonly lookbackMs: number;
  /** Step of a subquery that states none. */
  readonly subqueryStepMs: number;
}

/** What one selector will ask of the source. */
export type PlannedSelect = Omit<SelectRequest, 'signal' | 'budget'>;

export type SelectPlan = ReadonlyMap<VectorSelector, PlannedSelect>;

/**
 * What a query will need, for every selector in it, before anything is evaluated: enough for all of its steps, and the hints
 * that Prometheus gives its storage (promql/engine.go, populateSeries). Only `info` asks for more, when it knows for which series.
 * @throws PromqlExecutionError if a duration comes to nothing that is one.
 */
export function planSelects(expr: Expr, grid: PlanGrid, settings: PlanSettings): SelectPlan {
  const planner = new Planner(grid, settings);
  planner.visit(expr, []);
  return planner.plan;
}

class Planner {
  readonly plan = new Map<VectorSelector, PlannedSelect>();
  private readonly grid: PlanGrid;
  private readonly settings: PlanSettings;
  private readonly end: number;

  constructor(grid: PlanGrid, settings: PlanSettings) {
    this.grid = grid;
    this.settings = settings;
    this.end = grid.end ?? grid.start + (grid.count - 1) * grid.step;
  }

  private get durations(): DurationScope {
    return { step: this.grid.step, range: this.end - this.grid.start };
  }

  /** `path` holds what is around the expression, the outermost first, without parentheses. */
  visit(expr: Expr, path: readonly Expr[]): void {
    const inner = stripParens(expr);
    if (inner.kind === 'VectorSelector') this.plan.set(inner, this.requestOf(inner, path));
    else for (const child of evaluatedIn(inner)) this.visit(child, [...path, inner]);
  }

  private requestOf(selector: VectorSelector, path: readonly Expr[]): PlannedSelect {
    const parent = path.at(-1);
    const range = parent?.kind === 'MatrixSelector' ? resolvePositive(parent.range, this.durations) : 0;
    const grouped = parent?.kind === 'AggregateExpr' ? parent : undefined;
    const pushdown = pushdownOf(selector, path, range, this.settings);
    const reach = range === 0 ? this.settings.lookbackMs : range;
    const rollup = rollupUseOf(selector, path, reach, this.endsOf(selector, path), this.settings.features);
    return {
      matchers: selector.matchers,
      ...this.timesOf(selector, path, range),
      step: this.stepOf(path),
      func: funcOf(path),
      range,
      grouping: grouped?.grouping ?? [],
      by: grouped !== undefined && !grouped.without,
      ...(pushdown ? { pushdown } : {}),
      ...(rollup ? { rollup } : {}),
    };
  }

  private timesOf(selector: VectorSelector, path: readonly Expr[], range: number): { start: number; end: number } {
    const { lookbackMs } = this.settings;
    const outer = this.subqueryTimes(path);
    const fixed = this.timeOf(selector.at);
    const offset = resolveDuration(selector.offset, this.durations);
    const extended = selector.anchored || selector.smoothed;
    const reach = range === 0 ? lookbackMs : range + (extended ? lookbackMs : 0);
    return {
      start: (fixed ?? outer.start) - offset - reach + 1,
      end: (fixed ?? outer.end) - offset + (selector.smoothed ? lookbackMs : 0),
    };
  }

  /** A subquery evaluates what is in it at absolute multiples of its step. */
  private endsOf(selector: VectorSelector, path: readonly Expr[]): WindowEnds {
    const fixed = this.timeOf(selector.at);
    const offset = resolveDuration(selector.offset, this.durations);
    if (fixed !== undefined) return { phase: fixed - offset, step: 0 };
    if (path.some(({ kind }) => kind === 'Subquery')) return { phase: -offset, step: this.stepOf(path) };
    return { phase: this.grid.start - offset, step: this.grid.count === 1 ? 0 : this.grid.step };
  }

  /** The first and last moment at which the subqueries around a selector evaluate it. */
  private subqueryTimes(path: readonly Expr[]): { start: number; end: number } {
    let { start } = this.grid;
    let { end } = this;
    for (const node of path) {
      if (node.kind !== 'Subquery') continue;
      const fixed = this.timeOf(node.at);
      const offset = resolveDuration(node.offset, this.durations);
      start = (fixed ?? start) - offset - resolvePositive(node.range, this.durations);
      end = (fixed ?? end) - offset;
    }
    return { start, end };
  }

  private timeOf(at: AtModifier | undefined): number | undefined {
    if (at === 'start') return this.grid.start;
    return at === 'end' ? this.end : at;
  }

  private stepOf(path: readonly Expr[]): number {
    const subquery = path.findLast((node) => node.kind === 'Subquery');
    if (subquery?.kind !== 'Subquery') return this.grid.step;
    return subquery.step ? resolvePositive(subquery.step, this.durations) : this.settings.subqueryStepMs;
  }
}

/** `info` takes its second argument for matchers only; what it asks for depends on the series of the first. */
function evaluatedIn(expr: Expr): readonly Expr[] {
  return expr.kind === 'Call' && expr.func === 'info' ? expr.args.slice(0, 1) : childrenOf(expr);
}

/** The nearest function or aggregation around a selector, '' if a binary operator is nearer. */
function funcOf(path: readonly Expr[]): string {
  const nearest = path.findLast(({ kind }) => kind === 'Call' || kind === 'AggregateExpr' || kind === 'BinaryExpr');
  if (nearest?.kind === 'Call') return nearest.func;
  return nearest?.kind === 'AggregateExpr' ? nearest.op : '';
}

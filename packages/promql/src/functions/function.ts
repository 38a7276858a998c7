import type { Evaluation } from '../engine/evaluation.ts';
import type { Grid, StepSeries, Value } from '../engine/values.ts';
import type { Sliding, WindowFunction } from '../engine/window.ts';
import { type Call, type Expr, type Span, stripParens } from '../parser/ast.ts';

/** What a function that is more than a mapping of samples gets to work with. */
export interface CallContext {
  readonly call: Call;
  readonly grid: Grid;
  readonly evaluation: Evaluation;
  /** Evaluates an argument over the grid of the call. */
  evaluate(expr: Expr): Promise<Value>;
  /** Applies a window function to the range that is an argument of the call. */
  overWindows(over: OverWindow): Promise<StepSeries[]>;
}

/** Over the samples of a range. */
export interface OverWindow {
  readonly kind: 'window';
  readonly apply: WindowFunction;
  readonly keepName: boolean;
  readonly rows?: Sliding['rows'];
  readonly rescans?: Sliding['rescans'];
  readonly inspect?: Sliding['inspect'];
}

export type PromqlFunction =
  | OverWindow
  /** From one float to one; histograms are left out. `scalars` are the other arguments at the same step. */
  | { readonly kind: 'sample'; readonly apply: (value: number, scalars: readonly number[]) => number }
  | { readonly kind: 'call'; readonly apply: (context: CallContext) => Promise<Value> };

export type FunctionTable = readonly (readonly [string, PromqlFunction])[];

export function overWindow(apply: WindowFunction, keepName = false): OverWindow {
  return { kind: 'window', apply, keepName };
}

export function perSample(apply: (value: number, scalars: readonly number[]) => number): PromqlFunction {
  return { kind: 'sample', apply };
}

export function ofCall(apply: (context: CallContext) => Promise<Value>): PromqlFunction {
  return { kind: 'call', apply };
}

/** Where an argument of a call is, without its parentheses. */
export function placeOf({ args }: Call, index: number): Span {
  return stripParens(args[index]!).span;
}

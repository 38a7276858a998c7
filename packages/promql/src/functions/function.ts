import type { Evaluation } from '../engine/evaluation.ts';
import type { Grid, Value } from '../engine/values.ts';
import type { WindowFunction } from '../engine/window.ts';
import type { Call, Expr } from '../parser/ast.ts';

/** What a function that is more than a mapping of samples gets to work with. */
export interface CallContext {
  readonly call: Call;
  readonly grid: Grid;
  readonly evaluation: Evaluation;
  /** Evaluates an argument over the grid of the call. */
  evaluate(expr: Expr): Promise<Value>;
}

export type PromqlFunction =
  /** Over the samples of a range. */
  | { readonly kind: 'window'; readonly apply: WindowFunction; readonly keepName: boolean }
  /** From one sample to one; `scalars` are the other arguments at the same step. */
  | { readonly kind: 'sample'; readonly apply: (value: number, scalars: readonly number[]) => number }
  | { readonly kind: 'call'; readonly apply: (context: CallContext) => Promise<Value> };

export type FunctionTable = readonly (readonly [string, PromqlFunction])[];

export function overWindow(apply: WindowFunction, keepName = false): PromqlFunction {
  return { kind: 'window', apply, keepName };
}

export function perSample(apply: (value: number, scalars: readonly number[]) => number): PromqlFunction {
  return { kind: 'sample', apply };
}

export function ofCall(apply: (context: CallContext) => Promise<Value>): PromqlFunction {
  return { kind: 'call', apply };
}

import type { PromqlFeatures } from '../features.ts';
import type { Expr, VectorSelector } from '../parser/ast.ts';
import type { RollupUse } from '../source.ts';
import { CURRENT_TIME, CURRENT_VALUE, ROLLUP_FUNCTIONS, type RollupFunction } from './functions.ts';

/** Where the windows of a selector end: at `phase` plus the multiples of `step`, or at `phase` alone. */
export interface WindowEnds {
  readonly phase: number;
  readonly step: number;
}

/** Those that find a counter reset by start timestamps as well, where that is switched on: roll-ups have none. */
const OF_COUNTERS: ReadonlySet<string> = new Set(['increase', 'rate', 'resets']);

/** The function that is evaluated over the roll-ups of a selector. `path` is what is around it, the outermost first. */
function functionOf(
  path: readonly Expr[],
  features: Pick<PromqlFeatures, 'startTimestamps'>,
): RollupFunction | undefined {
  const [parent, around] = path.toReversed();
  if (parent?.kind !== 'MatrixSelector') {
    if (parent?.kind !== 'Call') return CURRENT_VALUE;
    if (parent.func === 'start_timestamp') return undefined;
    return parent.func === 'timestamp' ? CURRENT_TIME : CURRENT_VALUE;
  }
  if (around?.kind !== 'Call' || (features.startTimestamps && OF_COUNTERS.has(around.func))) return undefined;
  return ROLLUP_FUNCTIONS.get(around.func);
}

/** Undefined where only samples will do. `range` in milliseconds, the look-back for an instant selector. */
export function rollupUseOf(
  selector: VectorSelector,
  path: readonly Expr[],
  range: number,
  { phase, step }: WindowEnds,
  features: Pick<PromqlFeatures, 'startTimestamps'>,
): RollupUse | undefined {
  if (selector.anchored || selector.smoothed) return undefined;
  const own = functionOf(path, features);
  if (!own || ![phase, step, range].every(Number.isSafeInteger)) return undefined;
  return { columns: own.columns, edges: divisorOf([phase, step, range]), range, step, phase };
}

/** The greatest number that divides all. */
function divisorOf(numbers: readonly number[]): number {
  let divisor = 0;
  for (const number of numbers) {
    let rest = Math.abs(number);
    while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  }
  return divisor;
}

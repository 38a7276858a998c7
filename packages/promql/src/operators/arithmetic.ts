import type { BinaryOp } from '../parser/ast.ts';
import { power } from './power.ts';

/** A comparison answers whether the left value stays; everything else computes. */
export type Operator =
  | { readonly kind: 'compute'; readonly apply: (left: number, right: number) => number }
  | { readonly kind: 'compare'; readonly apply: (left: number, right: number) => boolean };

const compute = (apply: (left: number, right: number) => number): Operator => ({ kind: 'compute', apply });
const compare = (apply: (left: number, right: number) => boolean): Operator => ({ kind: 'compare', apply });

export const OPERATORS: ReadonlyMap<BinaryOp, Operator> = new Map<BinaryOp, Operator>([
  ['+', compute((a, b) => a + b)],
  ['-', compute((a, b) => a - b)],
  ['*', compute((a, b) => a * b)],
  ['/', compute((a, b) => a / b)],
  ['%', compute((a, b) => a % b)],
  ['^', compute(power)],
  ['atan2', compute(Math.atan2)],
  ['==', compare((a, b) => a === b)],
  ['!=', compare((a, b) => a !== b)],
  ['>', compare((a, b) => a > b)],
  ['<', compare((a, b) => a < b)],
  ['>=', compare((a, b) => a >= b)],
  ['<=', compare((a, b) => a <= b)],
  ['</', compare(() => false)],
  ['>/', compare(() => false)],
]);

/** What is for histograms alone. */
export function isTrim(op: BinaryOp): boolean {
  return op === '</' || op === '>/';
}

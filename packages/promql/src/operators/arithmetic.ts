import type { BinaryOp } from '../parser/ast.ts';

/** A comparison answers whether the left value stays; everything else computes. */
export type Operator =
  | { readonly kind: 'compute'; readonly apply: (left: number, right: number) => number }
  | { readonly kind: 'compare'; readonly apply: (left: number, right: number) => boolean };

const compute = (apply: (left: number, right: number) => number): Operator => ({ kind: 'compute', apply });
const compare = (apply: (left: number, right: number) => boolean): Operator => ({ kind: 'compare', apply });

/** IEEE 754 pow as in Go: 1 to any power is 1, and so is -1 to an infinite one. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}

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

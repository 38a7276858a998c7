import { maxOf, minOf } from './extremes.ts';
import { type FunctionTable, perSample } from './function.ts';
import { acosh, asinh, log, log2, log10 } from './logarithms.ts';
import { acos, asin, atan, cos, sin, tan } from './trigonometry.ts';

function round(value: number, [nearest = 1]: readonly number[]): number {
  // Multiplying with the inverse loses less precision than dividing.
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}

export const MATH: FunctionTable = [
  ...Object.entries({ acos, acosh, asin, asinh, atan, cos, log10, log2, sin, tan }).map(
    ([name, apply]) => [name, perSample((value) => apply(value))] as const,
  ),
  ...(['abs', 'atanh', 'ceil', 'cosh', 'exp', 'floor', 'sinh', 'sqrt', 'tanh'] as const).map(
    (name) => [name, perSample((value) => Math[name](value))] as const,
  ),
  ['ln', perSample((value) => log(value))],
  ['rad', perSample((value) => (value * Math.PI) / 180)],
  ['deg', perSample((value) => (value * 180) / Math.PI)],
  ['sgn', perSample((value) => Math.sign(value))],
  ['round', perSample(round)],
  ['clamp_min', perSample((value, [least]) => maxOf(value, least!))],
  ['clamp_max', perSample((value, [most]) => minOf(value, most!))],
];

import { maxOf, minOf } from './extremes.ts';
import { type FunctionTable, perSample } from './function.ts';
import { acosh, asinh, log, log2, log10 } from './logarithms.ts';
import { acos, asin, atan, cos, sin, tan } from './trigonometry.ts';

function round(value: number, [nearest = 1]: readonly number[]): number {
  // Multiplying with the inverse loses less precision than dividing.
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** Above 21 the other exponential is below the last place; where e^x overflows so does the result, as in Go (math/sinh.go). */
function sinh(value: number): number {
  return Math.abs(value) > 21 ? (Math.sign(value) * Math.exp(Math.abs(value))) / 2 : Math.sinh(value);
}

function cosh(value: number): number {
  return Math.abs(value) > 21 ? Math.exp(Math.abs(value)) / 2 : Math.cosh(value);
}

export const MATH: FunctionTable = [
  ...Object.entries({ acos, acosh, asin, asinh, atan, cos, cosh, log10, log2, sin, sinh, tan }).map(
    ([name, apply]) => [name, perSample((value) => apply(value))] as const,
  ),
  ...(['abs', 'atanh', 'ceil', 'exp', 'floor', 'sqrt', 'tanh'] as const).map(
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

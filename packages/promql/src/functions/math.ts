import { maxOf, minOf } from './extremes.ts';
import { type FunctionTable, perSample } from './function.ts';

function round(value: number, [nearest = 1]: readonly number[]): number {
  // Multiplying with the inverse loses less precision than dividing.
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}

export const MATH: FunctionTable = [
  ...(['abs', 'ceil', 'floor', 'exp', 'sqrt', 'log2'] as const).map(
    (name) => [name, perSample((value) => Math[name](value))] as const,
  ),
  ...(['sin', 'cos', 'tan', 'asin', 'acos', 'atan'] as const).map(
    (name) => [name, perSample((value) => Math[name](value))] as const,
  ),
  ...(['sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'] as const).map(
    (name) => [name, perSample((value) => Math[name](value))] as const,
  ),
  ['ln', perSample((value) => Math.log(value))],
  ['log10', perSample((value) => Math.log10(value))],
  ['rad', perSample((value) => (value * Math.PI) / 180)],
  ['deg', perSample((value) => (value * 180) / Math.PI)],
  ['sgn', perSample((value) => Math.sign(value))],
  ['round', perSample(round)],
  ['clamp_min', perSample((value, [least]) => maxOf(value, least!))],
  ['clamp_max', perSample((value, [most]) => minOf(value, most!))],
];

/**
 * Logarithms as Go's math package computes them, so that results have the digits of Prometheus; JavaScript's differ in the
 * last places. `log` is the method of FreeBSD's e_log.c, which both share, with the operations in Go's order.
 */

/** `fraction` in [1/2, 1) and `exponent` of the positive, finite number `fraction · 2^exponent`. */
export function split(value: number): { fraction: number; exponent: number } {
  let exponent = Math.min(1023, Math.floor(Math.log2(value)) + 1);
  let fraction = exponent < -1000 ? value * 2 ** 600 * 2 ** (-exponent - 600) : value / 2 ** exponent;
  while (fraction >= 1) [fraction, exponent] = [fraction / 2, exponent + 1];
  while (fraction < 0.5) [fraction, exponent] = [fraction * 2, exponent - 1];
  return { fraction, exponent };
}

/** ln 2 in two parts, the first short enough for products without rounding. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** Of odd and even powers of s² in the series of ln((1 + s) / (1 - s)). */
const ODD = [0.14798198605116586, 0.1818357216161805, 0.2857142874366239, 0.6666666666666735] as const;
const EVEN = [0.15313837699209373, 0.22222198432149784, 0.3999999999940942] as const;

export function log(value: number): number {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) return Math.log(value);
  const { fraction, exponent } = split(value);
  const low = fraction < Math.SQRT1_2;
  const f = (low ? fraction * 2 : fraction) - 1;
  const k = low ? exponent - 1 : exponent;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const odd = s2 * (((ODD[0] * s4 + ODD[1]) * s4 + ODD[2]) * s4 + ODD[3]);
  const even = s4 * ((EVEN[0] * s4 + EVEN[1]) * s4 + EVEN[2]);
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + (odd + even)) + k * LN2_LOW) - f);
}

export function log2(value: number): number {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) return Math.log2(value);
  const { fraction, exponent } = split(value);
  return fraction === 0.5 ? exponent - 1 : log(fraction) * Math.LOG2E + exponent;
}

export function log10(value: number): number {
  return log(value) * Math.LOG10E;
}

/** From here on 1 is lost beside the square. */
const LARGE = 2 ** 28;

export function asinh(value: number): number {
  if (Number.isNaN(value) || Math.abs(value) === Number.POSITIVE_INFINITY) return value;
  const size = Math.abs(value);
  const square = size * size;
  let result = size;
  if (size > LARGE) result = log(size) + Math.LN2;
  else if (size > 2) result = log(2 * size + 1 / (Math.sqrt(square + 1) + size));
  else if (size >= 1 / LARGE) result = Math.log1p(size + square / (1 + Math.sqrt(1 + square)));
  return value < 0 || Object.is(value, -0) ? -result : result;
}

export function acosh(value: number): number {
  if (!(value >= 1)) return Number.NaN;
  if (value >= LARGE) return log(value) + Math.LN2;
  if (value > 2) return log(2 * value - 1 / (value + Math.sqrt(value * value - 1)));
  const above = value - 1;
  return Math.log1p(above + Math.sqrt(2 * above + above * above));
}

import { log, split } from '../functions/logarithms.ts';

/**
 * `base` to the power of `exponent` with the operations of Go's math.Pow in their order (math/pow.go), so that results have the
 * digits of Prometheus for whole exponents and ±1/2; beyond these the last digit hangs on e^x, which each platform rounds in
 * its own way.
 */
export function power(base: number, exponent: number): number {
  if (exponent === 0 || base === 1) return 1;
  if (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY) return 1;
  if (base === 0 || !Number.isFinite(base) || !Number.isFinite(exponent)) return base ** exponent;
  if (exponent === 0.5) return Math.sqrt(base);
  if (exponent === -0.5) return 1 / Math.sqrt(base);
  const size = Math.abs(exponent);
  let whole = Math.trunc(size);
  let rest = size - whole;
  if (rest !== 0 && base < 0) return Number.NaN;
  if (whole >= 2 ** 63) return base ** exponent;
  let fraction = 1;
  if (rest !== 0) {
    if (rest > 0.5) {
      rest--;
      whole++;
    }
    fraction = Math.exp(rest * log(base));
  }
  return raised(base, whole, fraction, exponent < 0);
}

/** Beyond this exponent the result over- or underflows whatever follows. */
const LAST_EXPONENT = 2 ** 12;

/** `base^whole · factor`, or its inverse, by squaring; powers of two are counted apart so that nothing overflows on the way. */
function raised(base: number, whole: number, factor: number, inverse: boolean): number {
  const parts = split(Math.abs(base));
  let square = base < 0 ? -parts.fraction : parts.fraction;
  let squareExponent = parts.exponent;
  let result = factor;
  let exponent = 0;
  for (let bits = whole; bits !== 0; bits = Math.floor(bits / 2)) {
    if (Math.abs(squareExponent) > LAST_EXPONENT) {
      exponent += squareExponent;
      break;
    }
    if (bits % 2 === 1) {
      result *= square;
      exponent += squareExponent;
    }
    square *= square;
    squareExponent *= 2;
    if (square < 0.5) {
      square *= 2;
      squareExponent--;
    }
  }
  return inverse ? scale(1 / result, -exponent) : scale(result, exponent);
}

/** `value · 2^exponent`, rounded once. */
function scale(value: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return value * 2 ** half * 2 ** (exponent - half);
}

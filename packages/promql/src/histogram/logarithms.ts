/**
 * Binary logarithm and power in the steps of Go's math.Log2 and math.Exp2 (after FreeBSD's msun), so that interpolated
 * values end in the same digits as Prometheus'; `Math.log2` and `**` differ in the last place.
 */

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** For positive finite x. */
export function log2(x: number): number {
  const normal = x >= 2 ** -1022;
  float[0] = normal ? x : x * 2 ** 52;
  const exponent = (words[HIGH]! >>> 20) - 1022 - (normal ? 0 : 52);
  words[HIGH] = (words[HIGH]! & 0xfffff) | (1022 << 20);
  const fraction = float[0];
  return fraction === 0.5 ? exponent - 1 : logOfFraction(fraction) * (1 / Math.LN2) + exponent;
}

/** Natural logarithm of a value from 0.5 to 1. */
function logOfFraction(fraction: number): number {
  const low = fraction < Math.SQRT1_2;
  const f = (low ? fraction * 2 : fraction) - 1;
  const k = low ? -1 : 0;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const odd =
    s2 * (0.6666666666666735 + s4 * (0.2857142874366239 + s4 * (0.1818357216161805 + s4 * 0.14798198605116586)));
  const even = s4 * (0.3999999999940942 + s4 * (0.22222198432149784 + s4 * 0.15313837699209373));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + odd + even) + k * LN2_LOW) - f);
}

const P1 = 0.16666666666666666;
const P2 = -0.0027777777777015593;
const P3 = 0.00006613756321437934;
const P4 = -0.0000016533902205465252;
const P5 = 4.1381367970572385e-8;

export function exp2(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 1023.9999999999999) return Number.POSITIVE_INFINITY;
  if (x < -1074) return 0;
  const whole = Math.trunc(x > 0 ? x + 0.5 : x - 0.5);
  const rest = x - whole;
  const high = rest * LN2_HIGH;
  const low = -rest * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c = r - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))));
  const y = 1 - (low - (r * c) / (2 - c) - high);
  return whole > -1022 ? y * 2 ** (whole - 1) * 2 : y * 2 ** -1022 * 2 ** (whole + 1022);
}

/**
 * Sine, tangent and their kin as Go computes them, so that results have the digits of Prometheus; JavaScript's differ in the
 * last places. The method is that of S. L. Moshier's Cephes Mathematical Library, by way of Go's math package.
 */

type Coefficients = readonly number[];

/** Highest power first. */
function polynomial(x: number, coefficients: Coefficients): number {
  let value = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) value = value * x + coefficients[i]!;
  return value;
}

const SINE: Coefficients = [
  1.5896230157654656e-10, -2.5050747762857807e-8, 0.0000027557313621385722, -0.0001984126982958954,
  0.008333333333322118, -0.1666666666666663,
];
const COSINE: Coefficients = [
  -1.1358536521387682e-11, 2.087570084197473e-9, -2.755731417929674e-7, 0.000024801587288851704, -0.0013888888888873056,
  0.041666666666666595,
];

function nearSine(z: number): number {
  const square = z * z;
  return z + z * square * polynomial(square, SINE);
}

function nearCosine(z: number): number {
  const square = z * z;
  return 1 - 0.5 * square + square * square * polynomial(square, COSINE);
}

export function sin(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x === 0 ? x : Number.NaN;
  const { octant, rest } = reduce(Math.abs(x));
  const value = octant === 2 || octant === 6 ? nearCosine(rest) : nearSine(rest);
  return x < 0 !== octant > 3 ? -value : value;
}

export function cos(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  const { octant, rest } = reduce(Math.abs(x));
  const value = octant === 2 || octant === 6 ? nearSine(rest) : nearCosine(rest);
  return octant === 2 || octant === 4 ? -value : value;
}

const TANGENT_OVER: Coefficients = [-13093.693918138379, 1153516.6483858742, -17956525.197648488];
const TANGENT_UNDER: Coefficients = [
  1, 13681.296347069296, -1320892.3444021097, 25008380.18233579, -53869575.592945464,
];

export function tan(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x === 0 ? x : Number.NaN;
  const { octant, rest } = reduce(Math.abs(x));
  const square = rest * rest;
  let value = rest;
  if (square > 1e-14) {
    value = rest + rest * ((square * polynomial(square, TANGENT_OVER)) / polynomial(square, TANGENT_UNDER));
  }
  if (octant === 2 || octant === 6) value = -1 / value;
  return x < 0 ? -value : value;
}

const ARC_OVER: Coefficients = [
  -0.8750608600031904, -16.157537187333652, -75.00855792314705, -122.88666844901361, -64.85021904942025,
];
const ARC_UNDER: Coefficients = [
  1, 24.858464901423062, 165.02700983169885, 432.88106049129027, 485.3903996359137, 194.5506571482614,
];
/** What π/2 loses as a float64. */
const HALF_PI_REST = 6.123233995736766e-17;
/** tan(3π/8) */
const TAN_3_PI_8 = 2.414213562373095;

function arcSeries(x: number): number {
  const square = x * x;
  return x * ((square * polynomial(square, ARC_OVER)) / polynomial(square, ARC_UNDER)) + x;
}

function arcOfPositive(x: number): number {
  if (x <= 0.66) return arcSeries(x);
  if (x > TAN_3_PI_8) return Math.PI / 2 - arcSeries(1 / x) + HALF_PI_REST;
  return Math.PI / 4 + arcSeries((x - 1) / (x + 1)) + 0.5 * HALF_PI_REST;
}

export function atan(x: number): number {
  if (x === 0) return x;
  return x > 0 ? arcOfPositive(x) : -arcOfPositive(-x);
}

export function asin(x: number): number {
  const size = Math.abs(x);
  if (x === 0 || !(size <= 1)) return x === 0 ? x : Number.NaN;
  const adjacent = Math.sqrt(1 - size * size);
  const value = size > 0.7 ? Math.PI / 2 - arcOfPositive(adjacent / size) : arcOfPositive(size / adjacent);
  return x < 0 ? -value : value;
}

export function acos(x: number): number {
  return Math.PI / 2 - asin(x);
}

/** π/4 in three parts, the first two short enough for products without rounding. */
const QUARTER_PI_PARTS = [0.7853981256484985, 3.774894707930798e-8, 2.6951514290790595e-15] as const;
const FOUR_BY_PI = 1.2732395447351628;
/** From here on three parts are not precise enough. */
const LARGE = 2 ** 29;

interface Reduced {
  /** The nearest quarter of a turn, in eighths: 0, 2, 4 or 6. */
  readonly octant: number;
  /** Radians from there, between -π/4 and π/4. */
  readonly rest: number;
}

function reduce(x: number): Reduced {
  if (x >= LARGE) return reduceLarge(x);
  let eighths = Math.trunc(x * FOUR_BY_PI);
  if (eighths % 2 === 1) eighths++;
  const [a, b, c] = QUARTER_PI_PARTS;
  return { octant: eighths % 8, rest: x - eighths * a - eighths * b - eighths * c };
}

/** The binary digits of 4/π, 63 zeros and one place before the point first. */
const FOUR_BY_PI_DIGITS = BigInt(
  `0x${[
    '000000000000000145f306dc9c882a53f84eafa3ea69bb81b6c52b3278872083fca2c757bd778ac36e48dc74849ba5c0',
    '0c925dd413a32439fc3bd63962534e7dd1046bea5d768909d338e04d68befc827323ac7306a673e93908bf177bf25076',
    '3ff12fffbc0b301fde5e2316b414da3eda6cfd9e4f96136e9e8c7ecd3cbfd45aea4f758fd7cbe2f67a0e73ef14a525d4',
    'd7f6bf623f1aba10ac06608df8f6d757',
  ].join('')}`,
);
const DIGIT_COUNT = 1280;
const MASK_64 = (1n << 64n) - 1n;
const FRACTION_BITS = 52;
const EXPONENT_BIAS = 1023;
const bits = new DataView(new ArrayBuffer(8));

/** Multiplies with just those digits of 4/π that decide the fraction (Payne and Hanek). */
function reduceLarge(x: number): Reduced {
  bits.setFloat64(0, x);
  const raw = bits.getBigUint64(0);
  const exponent = Number(raw >> BigInt(FRACTION_BITS)) - EXPONENT_BIAS - FRACTION_BITS;
  const mantissa = (raw & ((1n << BigInt(FRACTION_BITS)) - 1n)) | (1n << BigInt(FRACTION_BITS));
  const digits = (FOUR_BY_PI_DIGITS >> BigInt(DIGIT_COUNT - 192 - (exponent + 61))) & ((1n << 192n) - 1n);
  const product = (digits >> 64n) * mantissa + (((digits & MASK_64) * mantissa) >> 64n);
  const high = (product >> 64n) & MASK_64;
  const low = product & MASK_64;
  const octant = Number(high >> 61n);
  const fraction = ((high << 3n) | (low >> 61n)) & MASK_64;
  const zeros = 64 - fraction.toString(2).length + (fraction === 0n ? 1 : 0);
  const normal = ((fraction << BigInt(zeros + 1)) | (low >> BigInt(63 - zeros))) & MASK_64;
  bits.setBigUint64(0, (normal >> 12n) | (BigInt(EXPONENT_BIAS - zeros - 1) << BigInt(FRACTION_BITS)));
  const part = bits.getFloat64(0);
  if (octant % 2 === 0) return { octant, rest: part * (Math.PI / 4) };
  return { octant: (octant + 1) & 7, rest: (part - 1) * (Math.PI / 4) };
}

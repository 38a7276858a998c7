/** A number as OpenMetrics writes it in `le` and `quantile`: shortest, with a point or an exponent (`1.0`, `0.25`, `1e+06`). */
export function openMetricsFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0.0';
  if (value === 0) return '0.0';
  const [digits, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  // As FormatFloat(x, "g", -1, 64) of Go.
  if (exponent < -4 || exponent >= 6) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** The number that a label's value says; undefined for NaN, and for any other text, such as a number beyond all doubles. */
export function numberOf(text: string): number | undefined {
  if (NUMBER.test(text)) {
    const number = Number(text);
    return Number.isFinite(number) ? number : undefined;
  }
  const infinite = INFINITE.exec(text);
  return infinite ? (infinite[1] === '-' ? -Infinity : Infinity) : undefined;
}

/** A label's value, made uniform where it is a number; any other text stays as it is. */
export function uniformFloat(text: string): string {
  const number = numberOf(text);
  return number === undefined ? text : openMetricsFloat(number);
}

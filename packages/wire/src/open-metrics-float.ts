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

/** A label's value, made uniform where it is a number; any other text stays as it is. */
export function uniformFloat(text: string): string {
  if (NUMBER.test(text)) return openMetricsFloat(Number(text));
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text);
  return infinite ? (infinite[1] === '-' ? '-Inf' : '+Inf') : text;
}

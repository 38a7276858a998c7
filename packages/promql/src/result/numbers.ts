/** A number as Go's strconv.FormatFloat(v, 'f', -1, 64) writes it: the shortest digits, never with an exponent. */
export function formatValue(value: number): string {
  const special = specialText(value);
  if (special !== undefined) return special;
  const shortest = String(value);
  return shortest.includes('e') ? withoutExponent(shortest) : shortest;
}

/** A sample value as Prometheus' HTTP API writes it (util/jsonutil, MarshalFloat): below 1e-6 and from 1e21 with an exponent. */
export function formatSample(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size !== Number.POSITIVE_INFINITY && (size < 1e-6 || size >= 1e21)) return withExponent(value);
  return formatValue(value);
}

/** Go's `%g` and `%v`: the shortest digits, with an exponent below 1e-4 and from 1e6. */
export function formatGeneral(value: number): string {
  const special = specialText(value);
  if (special !== undefined || value === 0) return special ?? '0';
  const size = Math.abs(value);
  return size < 1e-4 || size >= 1e6 ? withExponent(value) : formatValue(value);
}

function specialText(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Object.is(value, -0) ? '-0' : undefined;
}

/** Go writes at least two digits of an exponent. */
function withExponent(value: number): string {
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

function withoutExponent(text: string): string {
  const [, sign, whole, fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text)!;
  const digits = whole! + fraction;
  const point = whole!.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}

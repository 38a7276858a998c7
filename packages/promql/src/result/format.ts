import type { Labels } from '../source.ts';
import type { QueryResult } from './result.ts';

/** A sample value as Prometheus writes it: Go's strconv.FormatFloat(v, 'f', -1, 64), so never with an exponent. */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  const shortest = String(value);
  return shortest.includes('e') ? withoutExponent(shortest) : shortest;
}

function withoutExponent(text: string): string {
  const [, sign, whole, fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text)!;
  const digits = whole! + fraction;
  const point = whole!.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}

export type ApiSample = readonly [seconds: number, value: string];

/** The `data` object of Prometheus' HTTP API for a query. */
export type ApiData =
  | { resultType: 'scalar' | 'string'; result: ApiSample }
  | { resultType: 'vector'; result: { metric: Record<string, string>; value: ApiSample }[] }
  | { resultType: 'matrix'; result: { metric: Record<string, string>; values: ApiSample[] }[] };

/** Converts to the HTTP API's shape: seconds with three decimals at most, values as text. */
export function toApiData(result: QueryResult): ApiData {
  switch (result.resultType) {
    case 'scalar':
      return { resultType: 'scalar', result: [result.time / 1000, formatValue(result.value)] };
    case 'string':
      return { resultType: 'string', result: [result.time / 1000, result.value] };
    case 'vector':
      return {
        resultType: 'vector',
        result: result.samples.map(({ labels, time, value }) => ({
          metric: metricOf(labels),
          value: [time / 1000, formatValue(value)],
        })),
      };
    case 'matrix':
      return {
        resultType: 'matrix',
        result: result.series.map(({ labels, timestamps, values }) => ({
          metric: metricOf(labels),
          values: Array.from(timestamps, (time, i) => [time / 1000, formatValue(values[i]!)] as const),
        })),
      };
  }
}

function metricOf(labels: Labels): Record<string, string> {
  return Object.fromEntries(labels);
}

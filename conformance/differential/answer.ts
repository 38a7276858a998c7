import type { Peer } from '../peers/process.ts';
import type { Question } from './generate.ts';
import { toText } from './query.ts';

/** One series of an answer: its labels as text that is equal for equal labels, and its points as the server wrote them. */
export interface AnswerSeries {
  readonly labels: string;
  readonly points: readonly (readonly [time: number, value: string])[];
}

export type Answer =
  | { readonly kind: 'refused'; readonly statusClass: number; readonly message: string }
  | {
      readonly kind: 'data';
      /** `vector`, `matrix`, `scalar` or `string`. */
      readonly resultType: string;
      /** In the order of the answer. */
      readonly series: readonly AnswerSeries[];
      readonly warnings: readonly string[];
      readonly infos: readonly string[];
    };

type Pair = [number, string];
type Metric = Record<string, string>;

interface Body {
  readonly status: string;
  readonly error?: string;
  readonly warnings?: string[];
  readonly infos?: string[];
  readonly data?: { resultType: string; result: unknown };
}

export function labelsText(metric: Metric): string {
  const { __name__: name = '', ...labels } = metric;
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}{${entries.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(', ')}}`;
}

function seriesOf(resultType: string, result: unknown): AnswerSeries[] {
  if (resultType === 'scalar' || resultType === 'string') return [{ labels: '', points: [result as Pair] }];
  const each = result as { metric: Metric; value?: Pair; values?: Pair[] }[];
  return each.map(({ metric, value, values }) => ({
    labels: labelsText(metric),
    points: values ?? (value ? [value] : []),
  }));
}

const asIs = (text: string): string => text;

/**
 * Asks a server over HTTP, in its own spelling. Throws where it does not answer with JSON of Prometheus' form.
 */
export async function ask(
  { name, url, headers }: Peer,
  { query, time, range }: Question,
  spell = asIs,
): Promise<Answer> {
  const seconds = (ms: number) => (ms / 1000).toFixed(3);
  const text = spell(toText(query));
  const form: Record<string, string> = range
    ? { query: text, start: seconds(time), end: seconds(range.end), step: seconds(range.step) }
    : { query: text, time: seconds(time) };
  const response = await fetch(`${url}/api/v1/${range ? 'query_range' : 'query'}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(60_000),
  });
  const body = await response.text();
  const statusClass = Math.floor(response.status / 100);
  let parsed: Body;
  try {
    parsed = JSON.parse(body) as Body;
  } catch {
    throw new Error(`${name} answers ${text} with ${response.status} ${body.slice(0, 200)}`);
  }
  if (parsed.status !== 'success' || !parsed.data) {
    return { kind: 'refused', statusClass, message: parsed.error ?? '' };
  }
  const { resultType, result } = parsed.data;
  const { warnings = [], infos = [] } = parsed;
  return { kind: 'data', resultType, series: seriesOf(resultType, result), warnings, infos };
}

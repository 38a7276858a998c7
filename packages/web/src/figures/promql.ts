import type { Graph } from '@nightshift/server/api';
import type { Labels, QueryData } from '../api/prometheus.ts';

/** `name{a="b"}` as Prometheus writes a series; `{}` for one without labels. */
export function seriesName(metric: Labels): string {
  const { __name__: name = '', ...rest } = metric;
  const labels = Object.entries(rest).map(([label, value]) => `${label}=${quoted(value)}`);
  return labels.length === 0 && name !== '' ? name : `${name}{${labels.join(', ')}}`;
}

/** A label value as PromQL writes it; direction marks are written out, so that a value cannot turn its neighbours around. */
const quoted = (value: string): string =>
  JSON.stringify(value).replace(
    /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** More lines than this cannot be told apart on one graph. */
export const LINE_LIMIT = 24;

/** A matrix as a graph: one moment per step of any series, null where a series has no value there. */
export function matrixGraph(data: QueryData, title: string): Graph {
  const series = data.resultType === 'matrix' ? data.result.slice(0, LINE_LIMIT) : [];
  const t = [...new Set(series.flatMap(({ values = [] }) => values.map(([at]) => Math.round(at * 1000))))].sort(
    (a, b) => a - b,
  );
  const place = new Map(t.map((at, index) => [at, index]));
  const lines = series.map(({ metric, values = [] }) => {
    const line: (number | null)[] = new Array(t.length).fill(null);
    for (const [at, value] of values) {
      const number = Number(value.replace('Inf', 'Infinity'));
      line[place.get(Math.round(at * 1000))!] = Number.isFinite(number) ? number : null;
    }
    return { name: seriesName(metric), values: line };
  });
  return { title, unit: 'count', t, lines };
}

export interface ParsePlace {
  /** From 1, as Prometheus counts. */
  line: number;
  column: number;
}

/** Where a Prometheus parse error points: the first `line:column:` of its message; null where it names none. */
export function parsePlace(message: string): ParsePlace | null {
  const match = /(?:^|[\s"])(\d+):(\d+): /.exec(message);
  return match ? { line: Number(match[1]), column: Number(match[2]) } : null;
}

/** The offending line of the query and a caret below the place, for a fixed-width font. */
export function caretLines(query: string, { line, column }: ParsePlace): string {
  const text = query.split('\n')[line - 1] ?? '';
  const before = text.slice(0, Math.max(0, column - 1)).replace(/[^\t]/g, ' ');
  return `${text}\n${before.padEnd(Math.min(column - 1, text.length), ' ')}^`;
}

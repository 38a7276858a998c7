import { queryOptions } from '@tanstack/react-query';
import { type RangeSearch, rangeKey, resolveRange } from '../time/range.ts';
import { get } from './http.ts';

export type Labels = Record<string, string>;

/** The `data` of Prometheus' /query and /query_range (https://prometheus.io/docs/prometheus/latest/querying/api/). */
export type QueryData =
  | { resultType: 'vector'; result: { metric: Labels; value?: [number, string] }[] }
  | { resultType: 'matrix'; result: { metric: Labels; values?: [number, string][] }[] }
  | { resultType: 'scalar' | 'string'; result: [number, string] };

interface Answer {
  data: QueryData;
  warnings?: string[];
}

export interface QueryResult {
  data: QueryData;
  warnings: string[];
  /** Seconds. */
  start: number;
  end: number;
}

const answered = (answer: Answer, start: number, end: number): QueryResult => ({
  data: answer.data,
  warnings: answer.warnings ?? [],
  start,
  end,
});

/** The value at the end of the range. */
export const instantQuery = (query: string, range: RangeSearch) =>
  queryOptions({
    queryKey: ['query', query, rangeKey(range)],
    enabled: query !== '',
    queryFn: async ({ signal }) => {
      const end = resolveRange(range, Date.now()).end / 1000;
      return answered(await get<Answer>('query', { query, time: end }, signal), end, end);
    },
  });

/** About 240 steps over the range, none shorter than a second. */
export const rangeQuery = (query: string, range: RangeSearch) =>
  queryOptions({
    queryKey: ['query_range', query, rangeKey(range)],
    enabled: query !== '',
    queryFn: async ({ signal }) => {
      const resolved = resolveRange(range, Date.now());
      const step = Math.max(1, Math.round((resolved.end - resolved.start) / 240_000));
      const end = Math.ceil(resolved.end / 1000 / step) * step;
      const start = Math.floor(resolved.start / 1000 / step) * step;
      return answered(await get<Answer>('query_range', { query, start, end, step }, signal), start, end);
    },
  });

import type { LogEntry } from '@nightshift/server/api';
import { queryOptions } from '@tanstack/react-query';
import { type RangeSearch, rangeKey, resolveRange } from '../time/range.ts';
import { get } from './http.ts';

/** More lines than this are not asked for: a person narrows the search instead. */
export const LOG_LIMIT = 500;

export interface LogSearch {
  service: string;
  /** Smallest OpenTelemetry severity number, '' for all. */
  severity: string;
  q: string;
  trace: string;
}

/** Lines of the range, newest first, at most LOG_LIMIT. */
export const logsQuery = (range: RangeSearch, search: LogSearch) =>
  queryOptions({
    queryKey: ['logs', rangeKey(range), search],
    queryFn: async ({ signal }) => {
      const { start, end } = resolveRange(range, Date.now());
      const params = { start, end, ...search, limit: LOG_LIMIT, order: 'newest' };
      return (await get<{ logs: LogEntry[] }>('logs', params, signal)).logs;
    },
  });

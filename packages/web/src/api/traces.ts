import type { SpanEntry } from '@nightshift/server/api';
import { queryOptions } from '@tanstack/react-query';
import { get } from './http.ts';

/** The spans of one trace; empty where no span of it is stored. */
export const traceQuery = (id: string) =>
  queryOptions({
    queryKey: ['trace', id],
    queryFn: async ({ signal }) =>
      (await get<{ spans: SpanEntry[] }>(`traces/${encodeURIComponent(id)}`, {}, signal)).spans,
  });

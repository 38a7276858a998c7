import type { ServiceSummary } from '@nightshift/server/api';
import { queryOptions } from '@tanstack/react-query';
import { type RangeSearch, rangeKey, resolveRange } from '../time/range.ts';
import { get } from './http.ts';

/** Every service that was seen in the range; empty where nothing has sent anything yet. */
export const servicesQuery = (range: RangeSearch) =>
  queryOptions({
    queryKey: ['services', rangeKey(range)],
    queryFn: async ({ signal }) => {
      const { start, end } = resolveRange(range, Date.now());
      return (await get<{ services: ServiceSummary[] }>('services', { start, end }, signal)).services;
    },
    refetchInterval: 5_000,
  });

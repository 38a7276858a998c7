import type { CardinalityReport } from '@nightshift/server/api';
import { queryOptions } from '@tanstack/react-query';
import { get } from './http.ts';

/** What the series that the selector chooses are made of; '' for all. */
export const cardinalityQuery = (match: string) =>
  queryOptions({
    queryKey: ['cardinality', match],
    queryFn: ({ signal }) => get<CardinalityReport>('cardinality', { 'match[]': match }, signal),
    refetchInterval: 30_000,
  });

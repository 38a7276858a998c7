import type { Status } from '@nightshift/server/api';
import { queryOptions } from '@tanstack/react-query';
import { get } from './http.ts';

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => get<Status>('status', {}, signal),
  refetchInterval: 5_000,
});

import type { Release } from '@nightshift/server/api';
import { queryOptions } from '@tanstack/react-query';
import { change, get } from './http.ts';

export const releasesQuery = queryOptions({
  queryKey: ['releases'],
  queryFn: async ({ signal }) => (await get<{ releases: Release[] }>('releases', {}, signal)).releases,
  refetchInterval: 3_000,
});

/** Puts the last good version of a service back; 409 where there is none. */
export const rollBack = (service: string, reason: string): Promise<Release> =>
  change<Release>('POST', 'releases/rollback', { service, reason });

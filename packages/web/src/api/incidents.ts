import type { Incident, IncidentState, IncidentSummary } from '@nightshift/server/api';
import { queryOptions } from '@tanstack/react-query';
import { address, change, get, getText } from './http.ts';

export const incidentsQuery = queryOptions({
  queryKey: ['incidents'],
  queryFn: async ({ signal }) => (await get<{ incidents: IncidentSummary[] }>('incidents', {}, signal)).incidents,
  refetchInterval: 3_000,
});

export const incidentQuery = (id: string) =>
  queryOptions({
    queryKey: ['incident', id],
    queryFn: ({ signal }) => get<Incident>(`incidents/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: 5_000,
  });

/** The report as an HTML document. */
export const reportQuery = (id: string) =>
  queryOptions({
    queryKey: ['report', id],
    queryFn: ({ signal }) => getText(`incidents/${encodeURIComponent(id)}/report`, { format: 'html' }, signal),
  });

export const reportAddress = (id: string, format: 'md' | 'html'): string =>
  address(`incidents/${encodeURIComponent(id)}/report`, { format });

export const setIncidentState = (id: string, state: IncidentState): Promise<Incident> =>
  change<Incident>('POST', `incidents/${encodeURIComponent(id)}/state`, { state });

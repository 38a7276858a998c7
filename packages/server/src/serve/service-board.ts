import type { ServiceSummary } from '../api/api.ts';
import type { Control } from '../control/control.ts';
import type { ServiceBoard } from '../http/deps.ts';
import type { MetricQueries } from '../query/promql.ts';
import { type Red, redOfServices } from '../query/red.ts';
import type { ReleaseService } from '../respond/index.ts';

const live = new Set(['live', 'good']);

const quiet = (service: string, environment: string): Omit<Red, 'requestsPerSecond'> & { requestsPerSecond: null } => ({
  service,
  environment,
  requestsPerSecond: null,
  errorRatio: null,
  p50Ms: null,
  p99Ms: null,
  spark: { t: [], rate: [], errors: [] },
});

/** Every service that had traffic in the range or has a release, with what is known of both, by name. */
export function createServiceBoard(queries: MetricQueries, releases: ReleaseService, control: Control): ServiceBoard {
  return {
    async summaries(range): Promise<ServiceSummary[]> {
      const [reds, all] = await Promise.all([redOfServices(queries, range), releases.list()]);
      const rows = new Map<string, Red | ReturnType<typeof quiet>>(reds.map((red) => [red.service, red]));
      for (const { service, environment } of all)
        if (!rows.has(service)) rows.set(service, quiet(service, environment));
      const incidents = control.incidents.list();
      return [...rows.values()]
        .sort((a, b) => (a.service < b.service ? -1 : 1))
        .map((red) => {
          const release = all.find(({ service, state }) => service === red.service && live.has(state));
          const open = incidents.find(
            ({ service, state }) => service === red.service && state !== 'resolved' && state !== 'reviewed',
          );
          return {
            ...red,
            liveVersion: release?.version ?? null,
            url: release?.url ?? null,
            openIncident: open?.id ?? null,
          };
        });
    },
  };
}

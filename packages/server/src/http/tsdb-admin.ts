/**
 * POST or PUT /api/v1/admin/tsdb/… of the Prometheus HTTP API, with the right `admin` and only where the configuration
 * switches it on, as `--web.enable-admin-api` does there.
 */
import { RegexpSyntaxError } from '@nightshift/promql';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { SeriesDeletion } from '../collect/series-deletion.ts';
import type { NightshiftStore } from '../store/open.ts';
import { principalOf } from './auth.ts';
import type { Log } from './deps.ts';
import { takeForms } from './form-body.ts';
import { badData, PrometheusError, sendFailure } from './prometheus/failure.ts';
import { Parameters } from './prometheus/parameters.ts';

export interface TsdbAdminDeps {
  readonly store: Pick<NightshiftStore, 'deleteSeries' | 'freeDeleted'>;
  /** http.adminApi */
  readonly enabled: boolean;
  readonly log: Log;
}

function deletionOf(request: FastifyRequest): SeriesDeletion {
  const parameters = new Parameters(request);
  const selectors = parameters.selectors();
  if (selectors.length === 0) throw badData('no match[] parameter provided');
  return { selectors, ...parameters.range() };
}

async function deleteSeries({ store, log }: TsdbAdminDeps, request: FastifyRequest): Promise<void> {
  const deletion = deletionOf(request);
  try {
    await store.deleteSeries(deletion);
  } catch (error) {
    if (error instanceof RegexpSyntaxError) throw badData(error.message);
    throw error;
  }
  log.warn({ by: principalOf(request).name, ...deletion }, 'series were deleted');
}

const actions: Readonly<Record<string, (deps: TsdbAdminDeps, request: FastifyRequest) => Promise<void>>> = {
  delete_series: deleteSeries,
  clean_tombstones: ({ store }) => store.freeDeleted(),
  snapshot: async () => {
    throw new PrometheusError('unavailable', 'snapshots are not supported: back the data directory up instead');
  },
};

export function tsdbAdminRoutes(app: FastifyInstance, deps: TsdbAdminDeps): void {
  app.register(async (scope) => {
    takeForms(scope);
    scope.setErrorHandler((error, request, reply) => sendFailure(error, request, reply, deps.log));
    for (const [name, action] of Object.entries(actions)) {
      scope.route({
        method: ['POST', 'PUT'],
        url: `/api/v1/admin/tsdb/${name}`,
        config: { right: 'admin' },
        handler: async (request, reply) => {
          if (!deps.enabled) throw new PrometheusError('unavailable', 'admin APIs disabled');
          await action(deps, request);
          return reply.code(204).send();
        },
      });
    }
  });
}

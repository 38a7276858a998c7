/** GET or POST /api/v1/query_exemplars of the Prometheus HTTP API. */
import { formatValue, type Matcher, parse, selectorsOf } from '@nightshift/promql';
import { compareWireLabels } from '@nightshift/wire';
import type { FastifyInstance } from 'fastify';
import { type FeatureFlag, featuresOf } from '../query/features.ts';
import type { ExemplarStore, SeriesExemplars } from '../store/store.ts';
import { clientGone } from './client-gone.ts';
import type { Log } from './deps.ts';
import { takeForms } from './form-body.ts';
import { badData, sendFailure } from './prometheus/failure.ts';
import { Parameters } from './prometheus/parameters.ts';

export interface ExemplarDeps {
  readonly exemplars: ExemplarStore;
  readonly timeoutMs: number;
  /** What of PromQL is switched on beyond its defaults. */
  readonly features: readonly FeatureFlag[];
  readonly log: Log;
}

/** The selectors of all series that the query reads, wherever they stand in it. */
function matchersOf(query: string, features: readonly FeatureFlag[]): (readonly Matcher[])[] {
  return selectorsOf(parse(query, featuresOf(features))).map(({ matchers }) => matchers);
}

function answerOf(found: readonly SeriesExemplars[]): object[] {
  return found
    .map(({ labels, exemplars }) => ({ pairs: [...labels], exemplars }))
    .sort((a, b) => compareWireLabels(a.pairs, b.pairs))
    .map(({ pairs, exemplars }) => ({
      seriesLabels: Object.fromEntries(pairs),
      exemplars: exemplars.map(({ labels, value, timestamp }) => ({
        labels: Object.fromEntries(labels),
        value: formatValue(value),
        timestamp: timestamp / 1000,
      })),
    }));
}

export function exemplarRoutes(app: FastifyInstance, { exemplars, timeoutMs, features, log }: ExemplarDeps): void {
  app.register(async (scope) => {
    takeForms(scope);
    scope.setErrorHandler((error, request, reply) => sendFailure(error, request, reply, log));
    scope.route({
      method: ['GET', 'POST'],
      url: '/api/v1/query_exemplars',
      config: { right: 'read' },
      handler: async (request, reply) => {
        const parameters = new Parameters(request);
        const range = parameters.range();
        if (range.end < range.start) throw badData('end timestamp must not be before start timestamp');
        const selectors = matchersOf(parameters.text('query'), features);
        const signal = AbortSignal.any([clientGone(request, reply), AbortSignal.timeout(timeoutMs)]);
        // No selector would mean every series.
        const found = selectors.length === 0 ? [] : await exemplars.exemplars(selectors, range, signal);
        return reply.send({ status: 'success', data: answerOf(found) });
      },
    });
  });
}

import type { FastifyInstance } from 'fastify';
import { NightshiftError } from '../../errors/catalogue.ts';
import { clientGone } from '../client-gone.ts';
import { type Answer, bodyOf } from './answer.ts';
import type { PrometheusDeps } from './deps.ts';
import { expressionRoutes } from './expressions.ts';
import { sendFailure } from './failure.ts';
import { metadataRoutes } from './metadata.ts';
import { Parameters } from './parameters.ts';
import { queryRoutes } from './query.ts';
import { ruleRoutes } from './rules.ts';
import { seriesRoutes } from './series.ts';
import { statusRoutes } from './status.ts';
import { targetRoutes } from './targets.ts';

const routes = [queryRoutes, expressionRoutes, seriesRoutes, metadataRoutes, targetRoutes, ruleRoutes, statusRoutes];

/** What is cut short for a client that went away fails in words of its own, which are no fault of anybody. */
async function unlessGone(signal: AbortSignal, work: () => Promise<Answer> | Answer): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    throw signal.aborted ? new NightshiftError('QUERY_CANCELED') : error;
  }
}

/** The Prometheus HTTP API v1 under /api/v1, each path with the right `read`; by form POST as well where Prometheus takes that. */
export function prometheusRoutes(app: FastifyInstance, deps: PrometheusDeps): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, new URLSearchParams(body as string)),
    );
    // As in Prometheus, a body of another type is no offence: vmalert says application/json and sends none.
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null, undefined));
    scope.setErrorHandler((error, request, reply) => sendFailure(error, request, reply, deps.log));
    for (const { path, post, handle } of routes.flatMap((make) => make(deps))) {
      scope.route({
        method: post ? ['GET', 'POST'] : ['GET'],
        url: `/api/v1${path}`,
        config: { right: 'read' },
        handler: async (request, reply) => {
          const signal = clientGone(request, reply);
          const path = request.params as Record<string, string>;
          const answer = await unlessGone(signal, () => handle({ parameters: new Parameters(request), path, signal }));
          return reply.type('application/json').send(bodyOf(answer));
        },
      });
    }
  });
}

import { PromqlExecutionError, PromqlLimitError, PromqlParseError, toApiData } from '@nightshift/promql';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { NightshiftError } from '../errors/catalogue.ts';
import { parseLimit, parseStep, parseTime } from '../query/parameters.ts';
import { type MetricQueries, parseSelectors } from '../query/promql.ts';
import type { MetricStore, TimeRange } from '../store/store.ts';
import type { RuleManager } from '../watch/rule-manager.ts';

export interface PrometheusDeps {
  readonly queries: MetricQueries;
  readonly metrics: MetricStore;
  readonly rules: RuleManager;
  readonly now: () => number;
}

/** Query string and form body together, the body last: Grafana posts, promtool gets, some do both. */
class Parameters {
  readonly #values: URLSearchParams;

  constructor(request: FastifyRequest) {
    const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?') + 1) : '';
    this.#values = new URLSearchParams(query);
    if (request.body instanceof URLSearchParams)
      for (const [key, value] of request.body) this.#values.append(key, value);
  }

  one(name: string): string | undefined {
    return this.#values.get(name) ?? undefined;
  }

  all(name: string): string[] {
    return this.#values.getAll(name);
  }

  required(name: string): string {
    const value = this.one(name);
    if (!value) throw new NightshiftError('PARAMETER_INVALID', { name, reason: 'is missing.' });
    return value;
  }

  timeout(): number | undefined {
    const value = this.one('timeout');
    return value === undefined ? undefined : parseStep('timeout', value);
  }

  range(now: number): TimeRange {
    return { start: parseTime('start', this.one('start'), 0), end: parseTime('end', this.one('end'), now) };
  }
}

const unlimited = Number.MAX_SAFE_INTEGER;

interface Failure {
  readonly status: number;
  readonly errorType: string;
  readonly message: string;
}

/** Prometheus' errorType and status of every error that can come up here (web/api/v1 of Prometheus). */
function failureOf(error: unknown): Failure {
  if (error instanceof PromqlParseError) {
    return { status: 400, errorType: 'bad_data', message: `invalid parameter "query": ${error.message}` };
  }
  if (error instanceof PromqlLimitError || error instanceof PromqlExecutionError) {
    return { status: 422, errorType: 'execution', message: error.message };
  }
  if (error instanceof NightshiftError) {
    const types: Record<number, string> = { 400: 'bad_data', 422: 'execution', 404: 'not_found', 503: 'unavailable' };
    return { status: error.status, errorType: types[error.status] ?? 'internal', message: error.message };
  }
  if (
    error instanceof Error &&
    'statusCode' in error &&
    typeof error.statusCode === 'number' &&
    error.statusCode < 500
  ) {
    return { status: error.statusCode, errorType: 'bad_data', message: error.message };
  }
  return { status: 500, errorType: 'internal', message: 'internal error' };
}

function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, errorType, message } = failureOf(error);
  if (status === 500) request.log.error(error);
  if (error instanceof NightshiftError && error.retryAfter) reply.header('retry-after', error.retryAfter);
  reply.code(status).send({ status: 'error', errorType, error: message });
}

type Handler = (parameters: Parameters, request: FastifyRequest, signal: AbortSignal) => Promise<unknown>;

/** Aborted when the client goes away before its answer: what runs for it is then given up. */
function signalOf(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return request.raw.destroyed ? AbortSignal.abort() : controller.signal;
}

const answerOf = (data: unknown): string => JSON.stringify({ status: 'success', data });

function handlers({ queries, metrics, rules, now }: PrometheusDeps): Record<string, Handler> {
  return {
    '/query': async (p, _request, signal) => {
      const at = parseTime('time', p.one('time'), now());
      return toApiData(await queries.instant(p.required('query'), at, p.timeout(), signal));
    },
    '/query_range': async (p, _request, signal) => {
      const range = {
        start: parseTime('start', p.one('start')),
        end: parseTime('end', p.one('end')),
        step: parseStep('step', p.one('step')),
      };
      return toApiData(await queries.range(p.required('query'), range, p.timeout(), signal));
    },
    '/series': async (p) => {
      const selectors = parseSelectors(p.all('match[]'));
      if (selectors.length === 0)
        throw new NightshiftError('PARAMETER_INVALID', { name: 'match[]', reason: 'no match[] parameter provided.' });
      const found = await metrics.series(selectors, p.range(now()), parseLimit(p.one('limit'), unlimited));
      return found.map((labels) => Object.fromEntries(labels));
    },
    '/labels': (p) =>
      metrics.labelNames(
        parseSelectors(p.all('match[]')),
        p.range(now()),
        parseLimit(p.one('limit'), unlimited),
      ) as Promise<unknown>,
    '/label/:name/values': (p, request) => {
      const { name } = request.params as { name: string };
      return metrics.labelValues(
        name,
        parseSelectors(p.all('match[]')),
        p.range(now()),
        parseLimit(p.one('limit'), unlimited),
      );
    },
    '/metadata': async (p) => {
      const byName: Record<string, { type: string; help: string; unit: string }[]> = Object.create(null);
      for (const { name, ...rest } of await metrics.metadata(p.one('metric'), parseLimit(p.one('limit'), unlimited))) {
        byName[name] = [...(byName[name] ?? []), rest];
      }
      return byName;
    },
    '/rules': async () => rules.rulesAnswer(),
    '/alerts': async () => rules.alertsAnswer(),
    '/status/buildinfo': async () => ({
      version: '2.55.0',
      revision: '',
      branch: '',
      buildUser: '',
      buildDate: '',
      goVersion: '',
    }),
  };
}

/** The Prometheus HTTP API v1 under /api/v1, by GET and by form POST, each with the right `read`. */
export function prometheusRoutes(app: FastifyInstance, deps: PrometheusDeps): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, new URLSearchParams(body as string)),
    );
    // As in Prometheus, a body of another type is no offence: vmalert says application/json and sends none.
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null, undefined));
    scope.setErrorHandler(sendFailure);
    for (const [path, handler] of Object.entries(handlers(deps))) {
      scope.route({
        method: ['GET', 'POST'],
        url: `/api/v1${path}`,
        config: { right: 'read' },
        handler: async (request, reply) => {
          const data = await handler(new Parameters(request), request, signalOf(request, reply));
          return reply.type('application/json').send(answerOf(data));
        },
      });
    }
  });
}

import { PromqlParseError, PromqlTypeError, type QueryResult } from '@nightshift/promql';
import { describeParseError } from '../../query/features.ts';
import type { MetricQueries, QueryAnswer, QueryAsk } from '../../query/promql.ts';
import { type Answer, truncated } from './answer.ts';
import type { PrometheusDeps } from './deps.ts';
import { badData, invalidParameter } from './failure.ts';
import { durationOf, type Parameters } from './parameters.ts';
import { resultJson } from './result-json.ts';
import { getOrPost, type Request, type Route } from './route.ts';
import { statsOf, statsWarnings } from './stats.ts';

function lookbackOf(parameters: Parameters): number | undefined {
  const text = parameters.text('lookback_delta');
  if (text === '') return undefined;
  const ms = durationOf(text);
  if (ms === undefined) {
    throw badData(`error parsing lookback delta duration: cannot parse ${JSON.stringify(text)} to a valid duration`);
  }
  // As there, 0 stands for the default.
  return ms > 0 ? ms : undefined;
}

function askOf({ parameters, signal }: Request): QueryAsk {
  const timeoutMs = parameters.optionalDuration('timeout');
  const lookbackMs = lookbackOf(parameters);
  return {
    signal,
    statistics: parameters.text('stats') !== '',
    ...(timeoutMs === undefined ? {} : { timeoutMs: Math.max(0, timeoutMs) }),
    ...(lookbackMs === undefined ? {} : { lookbackMs }),
  };
}

/** What is wrong with the query itself is wrong with the parameter. */
async function askedFor(answer: Promise<QueryAnswer>): Promise<QueryAnswer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PromqlParseError) throw invalidParameter('query', describeParseError(error));
    if (error instanceof PromqlTypeError) throw invalidParameter('query', error.message);
    throw error;
  }
}

function limited(result: QueryResult, limit: number): { result: QueryResult; warnings: string[] } {
  if (result.resultType === 'vector' && result.samples.length > limit) {
    return { result: { ...result, samples: result.samples.slice(0, limit) }, warnings: [truncated] };
  }
  if (result.resultType === 'matrix' && result.series.length > limit) {
    return { result: { ...result, series: result.series.slice(0, limit) }, warnings: [truncated] };
  }
  return { result, warnings: [] };
}

async function answer(
  parameters: Parameters,
  limit: number,
  asked: Promise<QueryAnswer>,
  grid: { start: number; step: number },
): Promise<Answer> {
  const whole = await askedFor(asked);
  const { result, warnings } = limited(whole, limit);
  const stats = parameters.text('stats');
  return {
    data: undefined,
    json: await resultJson(result, stats === '' ? undefined : statsOf(whole, grid, stats === 'all')),
    warnings: [...result.warnings, ...warnings, ...statsWarnings(stats)],
    infos: result.infos,
  };
}

async function instant(queries: MetricQueries, now: number, request: Request): Promise<Answer> {
  const { parameters } = request;
  const limit = parameters.limit();
  const at = parameters.timeOr('time', now);
  const asked = queries.instant(parameters.text('query'), at, askOf(request));
  return answer(parameters, limit, asked, { start: at, step: 0 });
}

async function range(queries: MetricQueries, request: Request): Promise<Answer> {
  const { parameters } = request;
  const limit = parameters.limit();
  const start = parameters.time('start');
  const end = parameters.time('end');
  if (end < start) throw invalidParameter('end', 'end timestamp must not be before start time');
  const step = Math.trunc(parameters.duration('step'));
  if (step <= 0) {
    const reason = 'zero or negative query resolution step widths are not accepted. Try a positive integer';
    throw invalidParameter('step', reason);
  }
  const asked = queries.range(parameters.text('query'), { start, end, step }, askOf(request));
  return answer(parameters, limit, asked, { start, step });
}

export const queryRoutes = ({ queries, now }: PrometheusDeps): Route[] => [
  getOrPost('/query', (request) => instant(queries, now(), request)),
  getOrPost('/query_range', (request) => range(queries, request)),
];

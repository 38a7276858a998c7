import { PromqlExecutionError, PromqlParseError, RegexpSyntaxError } from '@nightshift/promql';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, NightshiftError } from '../../errors/catalogue.ts';
import { describeParseError } from '../../query/features.ts';

/** Every `errorType` of the Prometheus HTTP API with its status (web/api/v1/api.go there); 499 is nginx' for a client that left. */
const statuses = {
  bad_data: 400,
  execution: 422,
  canceled: 499,
  timeout: 503,
  internal: 500,
  unavailable: 503,
  not_found: 404,
} as const;

export type ErrorType = keyof typeof statuses;

/** A refusal in the words of the Prometheus HTTP API. */
export class PrometheusError extends Error {
  override readonly name = 'PrometheusError';
  constructor(
    readonly errorType: ErrorType,
    message: string,
  ) {
    super(message);
  }
}

export const badData = (message: string): PrometheusError => new PrometheusError('bad_data', message);

export const invalidParameter = (name: string, reason: string): PrometheusError =>
  badData(`invalid parameter "${name}": ${reason}`);

/** Errors of the catalogue whose type does not follow from their status. */
const byCode: Partial<Record<ErrorCode, ErrorType>> = { QUERY_TIMEOUT: 'timeout', QUERY_CANCELED: 'canceled' };

const byStatus: Readonly<Record<number, ErrorType>> = {
  400: 'bad_data',
  404: 'not_found',
  422: 'execution',
  503: 'unavailable',
};

interface Failure {
  readonly status: number;
  readonly errorType: string;
  readonly message: string;
}

function failureOf(error: unknown): Failure {
  if (error instanceof PrometheusError) {
    return { status: statuses[error.errorType], errorType: error.errorType, message: error.message };
  }
  if (error instanceof PromqlParseError) {
    return { status: 400, errorType: 'bad_data', message: describeParseError(error) };
  }
  if (error instanceof RegexpSyntaxError) return { status: 400, errorType: 'bad_data', message: error.message };
  if (error instanceof PromqlExecutionError) return { status: 422, errorType: 'execution', message: error.message };
  if (error instanceof NightshiftError) {
    const errorType = byCode[error.code] ?? byStatus[error.status] ?? 'internal';
    return { status: error.status, errorType, message: error.message };
  }
  if (error instanceof Error && error.name === 'TimeoutError') {
    const message = 'the request took longer than query.timeout; ask for less or raise it';
    return { status: statuses.timeout, errorType: 'timeout', message };
  }
  // Fastify's own complaints about a request: the body is too large, or of another type.
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

/** Answers with the Prometheus HTTP API's form of an error. What went wrong inside goes to `log`, not to the client. */
export function sendFailure(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: { error(fields: object, message: string): void },
): void {
  const { status, errorType, message } = failureOf(error);
  if (status === 500) log.error({ err: error, path: request.url.split('?')[0] }, 'a request failed inside');
  if (error instanceof NightshiftError && error.retryAfter) reply.header('retry-after', Math.ceil(error.retryAfter));
  reply.code(status).send({ status: 'error', errorType, error: message });
}

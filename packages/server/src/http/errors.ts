import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiError } from '../api/api.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import type { Log } from './deps.ts';

/** Fastify's own complaints about a request, as errors of the catalogue; anything else is INTERNAL and goes to the log. */
export function toNightshiftError(error: unknown, request: FastifyRequest, log: Log): NightshiftError {
  if (error instanceof NightshiftError) return error;
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new NightshiftError('BODY_TOO_LARGE', { limit: request.routeOptions.bodyLimit ?? '?', which: 'as sent' });
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const got = request.headers['content-type'] ?? '(none)';
    return new NightshiftError('CONTENT_TYPE', { got, allowed: 'application/json' });
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new NightshiftError('BODY_INVALID', { reason: message ?? 'The request cannot be read.' });
  }
  const id = randomBytes(6).toString('hex');
  log.error({ id, err: error, method: request.method, path: request.url.split('?')[0] }, 'a request failed inside');
  return new NightshiftError('INTERNAL', { id });
}

/** Retry-After and WWW-Authenticate where they belong. */
export function setErrorHeaders(reply: FastifyReply, error: NightshiftError): void {
  if (error.retryAfter !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(error.retryAfter)));
  if (error.code === 'AUTH_MISSING' || error.code === 'AUTH_INVALID') reply.header('www-authenticate', 'Bearer');
}

/** The contract's JSON. */
export function sendError(reply: FastifyReply, error: NightshiftError): FastifyReply {
  setErrorHeaders(reply, error);
  const body: ApiError = { error: { code: error.code, message: error.message } };
  return reply.code(error.status).type('application/json; charset=utf-8').send(body);
}

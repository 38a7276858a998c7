import { PromqlExecutionError, PromqlParseError, RegexpSyntaxError } from '@nightshift/promql';
import { TooLargeError, WireError } from '@nightshift/wire';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NightshiftError } from '../errors/catalogue.ts';

/** Errors of remote read and federation: plain text, as Prometheus answers there and as its clients show it. */
export function sendPlainFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, message } = failureOf(error);
  if (status === 500) request.log.error(error);
  if (error instanceof NightshiftError && error.retryAfter) reply.header('retry-after', error.retryAfter);
  reply.code(status).type('text/plain; charset=utf-8').send(`${message}\n`);
}

function failureOf(error: unknown): { status: number; message: string } {
  if (error instanceof NightshiftError) return { status: error.status, message: error.message };
  if (!(error instanceof Error)) return { status: 500, message: 'internal error' };
  const { message } = error;
  if (error instanceof TooLargeError) return { status: 413, message };
  if (error instanceof WireError || error instanceof RegexpSyntaxError || error instanceof PromqlParseError) {
    return { status: 400, message };
  }
  if (error instanceof PromqlExecutionError) return { status: 422, message };
  if (error.name === 'TimeoutError') {
    return { status: 422, message: 'the query took longer than query.timeout; ask for less or raise it' };
  }
  return { status: 500, message: 'internal error' };
}

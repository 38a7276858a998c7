import type { FastifyReply, FastifyRequest } from 'fastify';

/** Aborted when the client goes away before its answer is complete: what runs for it is then given up. */
export function clientGone(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  if (request.raw.destroyed && !request.raw.complete) return AbortSignal.abort();
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

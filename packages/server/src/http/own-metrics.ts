import type { FastifyInstance } from 'fastify';
import type { Family } from '../collect/host/family.ts';
import { familyText } from '../collect/host/family-text.ts';

const path = '/-/metrics';

/**
 * `/metrics` is a page of the web application: whoever does not ask for HTML, as Prometheus does not, gets the metrics of
 * Nightshift itself. Gives the address that a request is routed by.
 */
export function withOwnMetrics(url: string, accept: string | undefined): string {
  const isPage = accept?.includes('text/html') ?? false;
  return !isPage && /^\/metrics(\?|$)/.test(url) ? path + url.slice('/metrics'.length) : url;
}

/** What Nightshift measures of itself, in Prometheus' text format. */
export function ownMetricsRoutes(app: FastifyInstance, families: () => readonly Family[]): void {
  app.get(path, { config: { right: 'read' } }, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(familyText(families())),
  );
}

import type { FastifyRequest } from 'fastify';
import { NightshiftError } from '../errors/catalogue.ts';

const safe = new Set(['GET', 'HEAD', 'OPTIONS']);

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/**
 * Refuses a change (AUTH_ORIGIN) that a page of another origin makes a browser send with our cookie. Every browser that
 * knows SameSite sends Origin with a change; a request without it is not from a page.
 */
export function checkOrigin(request: FastifyRequest, publicUrl: string): void {
  if (safe.has(request.method)) return;
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isOurs = origin === undefined || [host, hostOf(publicUrl)].includes(hostOf(origin) ?? '(opaque)');
  const isSameSite = site === undefined || site === 'same-origin' || site === 'none';
  if (!isOurs || !isSameSite) throw new NightshiftError('AUTH_ORIGIN', { origin: origin ?? `sec-fetch-site: ${site}` });
}

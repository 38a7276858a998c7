import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Me } from '../api/api.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import type { HttpDeps } from './deps.ts';
import { checkOrigin } from './origin.ts';

export const sessionCookie = 'nightshift_session';

/** Who asks. `secret` is the session's own, to end it. */
export type Principal = Me & ({ readonly kind: 'user'; readonly secret: string } | { readonly kind: 'token' });

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null;
  }
}

/** The value of a cookie, undefined where it is not sent. RFC 6265, section 4.2.1. */
function cookie(header: string | undefined, name: string): string | undefined {
  const pair = header?.split(';').find((part) => part.trim().startsWith(`${name}=`));
  return pair?.slice(pair.indexOf('=') + 1).trim();
}

function bearer(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
}

/** Whoever the request proves to be: a token wins over a cookie. Throws AUTH_MISSING or AUTH_INVALID. */
function authenticate(request: FastifyRequest, { control }: HttpDeps): Principal {
  if (request.headers.authorization !== undefined) {
    const token = bearer(request.headers.authorization);
    const info = token === undefined ? null : control.tokens.verify(token);
    if (!info) throw new NightshiftError('AUTH_INVALID');
    return { kind: 'token', name: `token ${info.name}`, rights: info.rights, mustChangePassword: false };
  }
  const secret = cookie(request.headers.cookie, sessionCookie);
  if (!secret) throw new NightshiftError('AUTH_MISSING');
  const name = control.sessions.user(secret);
  const user = name === null ? null : control.users.get(name);
  if (!user) throw new NightshiftError('AUTH_INVALID');
  return { kind: 'user', name: user.name, rights: [...user.rights], mustChangePassword: user.mustChange, secret };
}

/** Answers a request for which there is no route. */
export type NotFound = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** Checks every request to a route before its body is read. */
export function requireRights(app: FastifyInstance, deps: HttpDeps, notFound: NotFound): void {
  app.decorateRequest('principal', null);
  app.addHook('onRequest', async (request, reply) => {
    // Answered here, before the body is read: nobody needs a token to be told that there is nothing.
    if (request.is404) {
      notFound(request, reply);
      return reply;
    }
    const right = request.routeOptions.config.right ?? 'admin';
    if (right !== 'open') request.principal = authenticate(request, deps);
    if (request.principal?.kind !== 'token') checkOrigin(request, deps.config.http.publicUrl);
    if (right === 'open' || right === 'self') return;
    const rights = request.principal?.rights ?? [];
    if (!rights.includes(right)) {
      const have = rights.length > 0 ? rights.map((name) => `\`${name}\``).join(', ') : 'none';
      throw new NightshiftError('AUTH_RIGHT', { right, have });
    }
  });
}

/** The principal of a route that is not open. */
export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new NightshiftError('AUTH_MISSING');
  return request.principal;
}

/** Sets the session cookie, or clears it where `secret` is ''. `maxAgeMs` as long as the session lives unused. */
export function setSessionCookie(reply: FastifyReply, deps: HttpDeps, secret: string, maxAgeMs: number): void {
  const secure = deps.config.http.publicUrl.startsWith('https:') ? '; Secure' : '';
  const age = Math.floor(maxAgeMs / 1000);
  reply.header('set-cookie', `${sessionCookie}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${age}${secure}`);
}

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Me } from '../api/api.ts';
import { sessionMs } from '../control/sessions.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import { type Principal, principalOf, setSessionCookie } from './auth.ts';
import type { HttpDeps } from './deps.ts';
import { LoginLimit } from './login-limit.ts';
import { readBody } from './parameters.ts';

const loginBody = z.strictObject({ name: z.string().min(1).max(200), password: z.string().min(1).max(1000) });
// NIST SP 800-63B: length is what counts; nothing is demanded of the characters.
const passwordBody = z.strictObject({ current: z.string().max(1000), next: z.string().min(12).max(1000) });

const meOf = ({ name, rights, mustChangePassword }: Principal): Me => ({ name, rights, mustChangePassword });

/** Login, logout, who am I, change of the password. */
export function loginRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const { users, sessions } = deps.control;
  const limit = new LoginLimit(deps.now);

  app.post('/api/v1/login', { config: { right: 'open' } }, async (request, reply): Promise<Me> => {
    const { name, password } = readBody(loginBody, request.body);
    limit.attempt(request.ip);
    const user = await users.verify(name, password);
    if (!user) {
      deps.log.warn({ name, address: request.ip }, 'a login failed');
      throw new NightshiftError('AUTH_LOGIN');
    }
    limit.succeeded(request.ip);
    setSessionCookie(reply, deps, sessions.open(user.name), sessionMs);
    return { name: user.name, rights: [...user.rights], mustChangePassword: user.mustChange };
  });

  app.post('/api/v1/logout', { config: { right: 'self' } }, async (request, reply) => {
    const principal = principalOf(request);
    if (principal.kind === 'user') sessions.close(principal.secret);
    setSessionCookie(reply, deps, '', 0);
    return reply.code(204).send();
  });

  app.get('/api/v1/me', { config: { right: 'self' } }, async (request): Promise<Me> => meOf(principalOf(request)));

  app.post('/api/v1/password', { config: { right: 'self' } }, async (request, reply) => {
    const principal = principalOf(request);
    const { current, next } = readBody(passwordBody, request.body);
    if (principal.kind !== 'user') throw new NightshiftError('CONFLICT', { reason: 'A token has no password.' });
    limit.attempt(request.ip);
    if (!(await users.verify(principal.name, current))) throw new NightshiftError('AUTH_LOGIN');
    limit.succeeded(request.ip);
    await users.setPassword(principal.name, next);
    // All sessions of the user ended with the old password; this one goes on as a new one.
    setSessionCookie(reply, deps, sessions.open(principal.name), sessionMs);
    return reply.code(204).send();
  });
}

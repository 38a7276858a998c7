import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Right, TokenInfo } from '../../src/api/api.ts';
import { keepRouteTable } from '../../src/http/route-table.ts';
import { type Served, serve } from './served.ts';

const allRights: Right[] = ['ingest', 'read', 'release', 'admin'];
const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { code: string } }).error.code;
const cookieOf = (response: Response): string => response.headers.get('set-cookie')?.split(';')[0] ?? '';

let served: Served;
beforeAll(async () => {
  served = await serve({
    extra: (app) => {
      app.get('/api/v1/test/broken', { config: { right: 'read' } }, async () => {
        throw new Error('secret detail');
      });
      app.register(async (scope) => {
        scope.removeAllContentTypeParsers();
        scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
        scope.post('/api/v1/test/raw', { config: { right: 'ingest' } }, async (request) => {
          let bytes = 0;
          for await (const chunk of request.body as AsyncIterable<Buffer>) bytes += chunk.length;
          return { bytes };
        });
      });
    },
  });
});
afterAll(async () => served.close());

describe('every registered route', () => {
  const closed = () => served.app.routeTable.routes.filter(({ right }) => right !== 'open');
  const actual = (path: string) => path.replace(/:\w+/g, 'x1').replaceAll('*', 'x1');

  it('is in the table, the API as well as the page', () => {
    const listed = served.app.routeTable.routes.map(({ method, path }) => `${method} ${path}`);
    expect(listed).toEqual(
      expect.arrayContaining(['POST /api/v1/login', 'GET /health', 'GET /', 'POST /api/v1/test/raw']),
    );
    expect(closed().length).toBeGreaterThan(20);
  });

  it('is 401 without a token, and with an unknown one', async () => {
    for (const { method, path } of closed()) {
      const none = await served.ask(actual(path), { method });
      const unknown = await served.ask(actual(path), { method, headers: { authorization: 'Bearer ns_unknown' } });
      expect([method, path, none.status, unknown.status]).toEqual([method, path, 401, 401]);
      expect(none.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('is 403 with a token that has every right but the one it needs', async () => {
    for (const { method, path, right } of closed()) {
      if (right === 'self') continue;
      const rights = allRights.filter((other) => other !== right);
      const response = await served.ask(actual(path), { method, rights });
      expect([method, path, response.status]).toEqual([method, path, 403]);
    }
  });

  it('cannot be registered without a declared right', () => {
    const app = Fastify();
    keepRouteTable(app);
    expect(() => app.get('/forgotten', async () => 'x')).toThrow('GET /forgotten declares no right');
  });
});

describe('tokens', () => {
  it('rotate without a gap: old and new work until the grace is over, then only the new', async () => {
    const created = await served.ask('/api/v1/tokens', {
      method: 'POST',
      rights: ['admin'],
      json: { name: 'agent', rights: ['read'] },
    });
    expect(created.status).toBe(201);
    const old = (await created.json()) as TokenInfo & { token: string };
    const rotated = await served.ask(`/api/v1/tokens/${old.id}/rotate`, {
      method: 'POST',
      rights: ['admin'],
      json: { graceSeconds: 60 },
    });
    const next = (await rotated.json()) as TokenInfo & { token: string };
    const works = async (token: string) =>
      (await served.ask('/api/v1/status', { headers: { authorization: `Bearer ${token}` } })).status;
    expect([await works(old.token), await works(next.token)]).toEqual([200, 200]);
    served.clock.now += 59_999;
    expect([await works(old.token), await works(next.token)]).toEqual([200, 200]);
    served.clock.now += 1;
    expect([await works(old.token), await works(next.token)]).toEqual([401, 200]);
  });

  it('end at once when deleted', async () => {
    const { id, token } = served.control.tokens.create('gone', ['read']);
    expect((await served.ask(`/api/v1/tokens/${id}`, { method: 'DELETE', rights: ['admin'] })).status).toBe(204);
    expect((await served.ask('/api/v1/status', { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
  });
});

describe('a session', () => {
  const login = (password: string, headers: Record<string, string> = {}) =>
    served.ask('/api/v1/login', { method: 'POST', json: { name: 'admin', password }, headers });

  it('begins with the one-time password, is told to change it, and goes on with the new one', async () => {
    const first = await login(served.control.firstPassword ?? '');
    expect(await first.json()).toEqual({ name: 'admin', rights: allRights, mustChangePassword: true });
    expect(first.headers.get('set-cookie')).toMatch(
      /^nightshift_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/,
    );
    const changed = await served.ask('/api/v1/password', {
      method: 'POST',
      headers: { cookie: cookieOf(first) },
      json: { current: served.control.firstPassword, next: 'a longer password' },
    });
    expect(changed.status).toBe(204);
    const me = (cookie: string) => served.ask('/api/v1/me', { headers: { cookie } });
    expect((await me(cookieOf(first))).status).toBe(401);
    expect(await (await me(cookieOf(changed))).json()).toMatchObject({ mustChangePassword: false });
    expect(await codeOf(await login(served.control.firstPassword ?? ''))).toBe('AUTH_LOGIN');
  });

  it('cannot be used for a change by a page of another origin', async () => {
    const cookie = cookieOf(await login('a longer password'));
    const logout = (headers: Record<string, string>) =>
      served.ask('/api/v1/logout', { method: 'POST', headers: { cookie, ...headers } });
    expect(await codeOf(await logout({ origin: 'https://evil.example' }))).toBe('AUTH_ORIGIN');
    expect(await codeOf(await logout({ origin: 'null' }))).toBe('AUTH_ORIGIN');
    expect(await codeOf(await login('a longer password', { origin: 'https://evil.example' }))).toBe('AUTH_ORIGIN');
    expect((await logout({ origin: served.url })).status).toBe(204);
    expect((await served.ask('/api/v1/me', { headers: { cookie } })).status).toBe(401);
  });

  it('is refused after ten wrong passwords in a minute, with the time to wait', async () => {
    served.clock.now += 60_000;
    for (let i = 0; i < 10; i++) expect((await login('wrong')).status).toBe(401);
    served.clock.now += 20_000;
    const refused = await login('a longer password');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '40']);
    served.clock.now += 40_000;
    expect((await login('a longer password')).status).toBe(200);
  });
});

describe('an error', () => {
  it('is JSON with a code for a path that does not exist, and names the methods of one that does', async () => {
    const missing = await served.ask('/api/v1/nothing');
    expect([missing.status, await codeOf(missing)]).toEqual([404, 'NOT_FOUND']);
    const method = await served.ask('/api/v1/tokens/x/rotate', { method: 'PUT' });
    expect([method.status, method.headers.get('allow'), await codeOf(method)]).toEqual([
      405,
      'POST',
      'METHOD_NOT_ALLOWED',
    ]);
  });

  it('from inside keeps its detail in the log', async () => {
    const response = await served.ask('/api/v1/test/broken', { rights: ['read'] });
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).not.toContain('secret detail');
    const id = /under ([0-9a-f]{12})/.exec(text)?.[1];
    expect(served.logLines.at(-1)?.fields).toMatchObject({ id, path: '/api/v1/test/broken' });
  });

  it.each([
    ['a body that is not JSON', { 'content-type': 'application/json' }, '{', 400, 'BODY_INVALID'],
    ['another content type', { 'content-type': 'text/plain' }, 'x', 415, 'CONTENT_TYPE'],
    ['a body too large', { 'content-type': 'application/json' }, ' '.repeat(2 ** 20 + 1), 413, 'BODY_TOO_LARGE'],
    ['an unknown field', { 'content-type': 'application/json' }, '{"name":"a","rihts":[]}', 400, 'BODY_INVALID'],
  ])('says so for %s', async (_name, headers, body, status, code) => {
    const authorization = `Bearer ${served.token('admin')}`;
    const response = await fetch(`${served.url}/api/v1/tokens`, {
      method: 'POST',
      headers: { ...headers, authorization },
      body,
    });
    expect([response.status, await codeOf(response)]).toEqual([status, code]);
  });

  it('is not made of a body that a raw route of its own scope takes', async () => {
    const authorization = `Bearer ${served.token('ingest')}`;
    const response = await fetch(`${served.url}/api/v1/test/raw`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', authorization },
      body: new Uint8Array(3 * 2 ** 20),
    });
    expect(await response.json()).toEqual({ bytes: 3 * 2 ** 20 });
  });
});

describe('the page', () => {
  it('is served for client routes with a policy for its own origin only, its assets for ever', async () => {
    const page = await served.ask('/incidents/INC-1');
    expect(await page.text()).toContain('<title>Nightshift</title>');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const asset = await served.ask('/assets/app-1a2b3c.js');
    expect([asset.status, asset.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    expect((await served.ask('/icon.svg')).headers.get('content-type')).toBe('image/svg+xml');
  });

  it('does not give out what is beside its directory', async () => {
    for (const path of [
      '/assets/..%2f..%2fcontrol.db',
      '/assets/%2e%2e/index.html',
      '/control.db',
      '/assets/missing.js',
    ]) {
      const response = await served.ask(path);
      expect([path, response.status, await codeOf(response)]).toEqual([path, 404, 'NOT_FOUND']);
    }
  });
});

describe('the service itself', () => {
  it('is live and ready for anybody, and tells its health only to a token', async () => {
    expect([(await served.ask('/live')).status, (await served.ask('/ready')).status]).toEqual([200, 200]);
    expect(await (await served.ask('/health', { rights: ['read'] })).json()).toMatchObject({ status: 'up' });
  });

  it('sends the session cookie over TLS only where the public address is https', async () => {
    const secure = await serve({ env: { NIGHTSHIFT_HTTP_PUBLIC_URL: 'https://night.example' } });
    const json = { name: 'admin', password: secure.control.firstPassword };
    const headers = { origin: 'https://night.example' };
    const response = await secure.ask('/api/v1/login', { method: 'POST', json, headers });
    expect(response.headers.get('set-cookie')).toMatch(/; Secure$/);
    expect(response.headers.get('strict-transport-security')).toBe('max-age=31536000');
    await secure.close();
  });

  it('closes within the grace while a client keeps its request open', async () => {
    let begun = () => {};
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const own = await serve({
      extra: (app) => {
        app.get('/api/v1/test/never', { config: { right: 'open' } }, () => {
          begun();
          return new Promise(() => {});
        });
      },
    });
    const open = own.ask('/api/v1/test/never').catch((error: unknown) => error);
    await started;
    const before = Date.now();
    await own.close();
    expect(Date.now() - before).toBeLessThan(5000);
    expect(await open).toBeInstanceOf(Error);
  });
});

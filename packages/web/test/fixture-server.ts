import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import * as data from './fixture-data.ts';

/** `full`: a night with an incident; `empty`: nothing was ever sent; `failing`: everything but the session answers 503. */
export type Scenario = 'full' | 'empty' | 'failing';

export interface FixtureServer {
  readonly url: string;
  scenario: Scenario;
  /** Changes that pages asked for: `POST /api/v1/…` and what was sent. */
  readonly changes: { path: string; body: unknown }[];
  close(): Promise<void>;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'";
const COOKIE = 'nightshift_session=fixture';

/** Serves a built application from `dist` and the API of the contract on a free port. For tests only: it checks no password but `wrong`. */
export async function startFixtureServer(dist: string): Promise<FixtureServer> {
  const fixture = {
    scenario: 'full' as Scenario,
    changes: [] as FixtureServer['changes'],
    state: 'mitigated',
    mustChange: true,
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const answer = path.startsWith('/api/v1/') ? answerApi(path, request, response) : answerFile(dist, path, response);
    answer.catch(() => response.writeHead(500).end());
  });

  async function answerApi(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const json = (status: number, body: unknown) =>
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(body === undefined ? '' : JSON.stringify(body));
    const name = path.slice('/api/v1/'.length);
    const method = request.method ?? 'GET';
    const query = new URL(request.url ?? '/', 'http://x').searchParams;
    const sent = method === 'POST' ? await readJson(request) : {};
    if (method !== 'GET') fixture.changes.push({ path, body: sent });
    if (name === 'login') {
      if (sent.password === 'wrong')
        return void json(401, { error: { code: 'AUTH_LOGIN', message: 'Name or password is wrong.' } });
      response.setHeader('set-cookie', `${COOKIE}; HttpOnly; SameSite=Strict; Path=/`);
      return void json(200, me(fixture.mustChange));
    }
    if (!(request.headers.cookie ?? '').includes(COOKIE))
      return void json(401, { error: { code: 'AUTH_MISSING', message: 'This path needs a session.' } });
    if (name === 'me') return void json(200, me(fixture.mustChange));
    if (name === 'logout' || name === 'password') {
      if (name === 'password') fixture.mustChange = false;
      return void json(204, undefined);
    }
    if (fixture.scenario === 'failing')
      return void json(503, {
        error: { code: 'ENGINE_DOWN', message: 'The storage engine is not up (exit 139); try again.' },
      });
    if (name.endsWith('/report'))
      return void response.writeHead(200, { 'content-type': 'text/html' }).end(data.reportHtml);
    if (name.endsWith('/state')) fixture.state = String(sent.state);
    const body = apiBody(name, query, fixture.scenario === 'empty', fixture.state);
    json(body.status, body.body);
  }

  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  return Object.assign(fixture, {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  });
}

const me = (mustChangePassword: boolean) => ({ name: 'mira', rights: ['admin'], mustChangePassword });

function apiBody(
  name: string,
  query: URLSearchParams,
  empty: boolean,
  state: string,
): { status: number; body: unknown } {
  const ok = (body: unknown) => ({ status: 200, body });
  const missing = { status: 404, body: { error: { code: 'NOT_FOUND', message: 'There is no such thing here.' } } };
  if (name === 'services') return ok({ services: empty ? [] : data.services });
  if (name === 'releases') return ok({ releases: empty ? [] : data.releases });
  if (name === 'releases/rollback') return ok(data.releases[1]);
  if (name === 'incidents') return ok({ incidents: empty ? [] : data.incidents });
  if (/^incidents\/INC-7(\/state)?$/.test(name)) return empty ? missing : ok({ ...data.incident, state });
  if (name === 'logs')
    return ok({ logs: empty ? [] : data.logs.filter((line) => line.severity >= Number(query.get('severity') ?? 0)) });
  if (name === `traces/${data.TRACE}`) return ok({ spans: empty ? [] : data.spans });
  if (name === 'status') return ok(data.status);
  if (name === 'cardinality') return ok(data.cardinality(query.get('match[]') ?? '', empty));
  if (name === 'tokens/tok-1') return { status: 204, body: undefined };
  if (name === 'tokens')
    return ok(
      query.size === 0 && empty ? { tokens: [] } : { tokens: data.tokens, ...data.tokens[0], token: 'nst_shown_once' },
    );
  if (name.endsWith('/rotate')) return ok({ ...data.tokens[0], token: 'nst_rotated' });
  if (name === 'query' || name === 'query_range') return promBody(name, query, empty);
  return missing;
}

function promBody(name: string, query: URLSearchParams, empty: boolean): { status: number; body: unknown } {
  const asked = query.get('query') ?? '';
  if (asked.includes('(('))
    return {
      status: 400,
      body: {
        status: 'error',
        errorType: 'bad_data',
        error: 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
      },
    };
  const metric = { __name__: 'up', job: 'shop', instance: data.HOSTILE };
  const end = Number(query.get('end') ?? query.get('time'));
  if (name === 'query')
    return {
      status: 200,
      body: {
        status: 'success',
        data: { resultType: 'vector', result: empty ? [] : [{ metric, value: [end, '12345.678'] }] },
      },
    };
  const values = Array.from({ length: 120 }, (_, index) => [end - (120 - index) * 30, String(index % 17)]);
  return {
    status: 200,
    body: { status: 'success', data: { resultType: 'matrix', result: empty ? [] : [{ metric, values }] } },
  };
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

async function answerFile(dist: string, path: string, response: ServerResponse): Promise<void> {
  const file = /^\/(assets\/[\w.-]+|favicon\.svg)$/.test(path) ? path.slice(1) : 'index.html';
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': CSP,
  });
  response.end(await readFile(join(dist, file)));
}

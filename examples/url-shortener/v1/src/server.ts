import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Nightshift } from '@nightshift/node';
import type { Log } from './log.ts';
import { operationsOf } from './operations.ts';
import { listPage } from './pages.ts';
import type { LinkStore } from './store.ts';

const BODY_LIMIT = 8 * 1024;

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

interface Route {
  method: 'GET' | 'POST';
  path: RegExp;
  /** Its path for people, the same for all links. */
  name: string;
  answer(request: IncomingMessage, match: readonly string[]): Promise<Answer | undefined>;
}

const json = (status: number, value: unknown, headers = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: `${JSON.stringify(value)}\n`,
});

const html = (status: number, body: string): Answer => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body,
});

/** The application; `publicDir` holds the files it serves as they are. */
export function createApp(store: LinkStore, log: Log, publicDir: URL, ns: Nightshift): Server {
  const routes = createRoutes(store, publicDir);
  const operations = operationsOf(ns);
  const notFound = async () => html(404, await readFile(new URL('404.html', publicDir), 'utf8'));
  return createServer(async (request, response) => {
    const startedAt = performance.now();
    const id = randomBytes(2).toString('hex');
    const method = request.method ?? 'GET';
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const operation = operations.get(path);
    if (operation) {
      ns.route(request, path);
      return operation(request, response);
    }
    const fitting = routes.filter((route) => route.path.test(path));
    if (fitting[0]) ns.route(request, fitting[0].name);
    const answer = await dispatch(fitting, request, method, path)
      .then((found) => found ?? notFound())
      .catch((error: unknown) => {
        if (error instanceof Refused) return json(error.status, { error: error.message }, { connection: 'close' });
        log.error(`${method} ${path} req=${id} trace=${traceId(request) || '-'}`, error);
        return json(500, { error: 'Something went wrong.' });
      });
    send(response, answer, method === 'HEAD');
    log.request({ method, path, id, status: answer.status, startedAt });
  });
}

function createRoutes(store: LinkStore, publicDir: URL): Route[] {
  return [
    { method: 'GET', path: /^\/healthz$/, name: '/healthz', answer: async () => ({ status: 200, body: 'ok\n' }) },
    { method: 'GET', path: /^\/$/, name: '/', answer: async () => html(200, listPage(await store.all())) },
    { method: 'GET', path: /^\/style\.css$/, name: '/style.css', answer: () => styleSheet(publicDir) },
    { method: 'GET', path: /^\/api\/links$/, name: '/api/links', answer: async () => json(200, await store.all()) },
    { method: 'POST', path: /^\/api\/links$/, name: '/api/links', answer: (request) => shorten(request, store) },
    { method: 'GET', path: /^\/([\w-]{6})$/, name: '/:code', answer: (_, match) => redirect(store, match[1] ?? '') },
  ];
}

/** The answer of the first route with this method, undefined where no path fits. */
async function dispatch(
  fitting: Route[],
  request: IncomingMessage,
  method: string,
  path: string,
): Promise<Answer | undefined> {
  const wanted = method === 'HEAD' ? 'GET' : method;
  const route = fitting.find((candidate) => candidate.method === wanted);
  if (route) return route.answer(request, path.match(route.path) ?? []);
  if (fitting.length === 0) return undefined;
  const allow = fitting.map((candidate) => candidate.method).join(', ');
  return json(405, { error: `${method} is not allowed here; allowed: ${allow}.` }, { allow });
}

async function redirect(store: LinkStore, code: string): Promise<Answer | undefined> {
  const link = await store.find(code);
  return link && { status: 302, headers: { location: link.url } };
}

async function shorten(request: IncomingMessage, store: LinkStore): Promise<Answer> {
  const body = await readBody(request);
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  const link = await store.add(checkedUrl(isForm ? new URLSearchParams(body).get('url') : urlOf(body)));
  return isForm ? { status: 303, headers: { location: '/' } } : json(201, link, { location: `/${link.code}` });
}

function urlOf(body: string): unknown {
  try {
    return (JSON.parse(body) as { url?: unknown } | null)?.url;
  } catch {
    throw new Refused(400, 'The body is not JSON.');
  }
}

function checkedUrl(value: unknown): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new Refused(400, 'url: an http(s) address is wanted.');
  return url.href;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new Refused(413, `The body has more than ${BODY_LIMIT} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function styleSheet(publicDir: URL): Promise<Answer> {
  const body = await readFile(new URL('style.css', publicDir), 'utf8');
  return { status: 200, headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'max-age=300' }, body };
}

/** The trace that the caller started (W3C Trace Context), '' where it did not. */
function traceId(request: IncomingMessage): string {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(String(request.headers.traceparent ?? ''))?.[1] ?? '';
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: Answer, isHead: boolean): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(isHead ? undefined : body);
}

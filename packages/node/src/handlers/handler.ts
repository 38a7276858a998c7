import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Guard } from '../core/guard.ts';
import { text } from './answers.ts';
import { type Answer, type Answering, type Asked, splitTarget } from './exchange.ts';

/** What is used of a context of Koa. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly originalUrl: string;
  readonly secure: boolean;
  status: number;
  body: unknown;
  set(headers: Record<string, string>): void;
}

/** What is used of a request and a reply of Fastify. */
export interface FastifyRequest {
  readonly raw: IncomingMessage | Http2ServerRequest;
  readonly originalUrl: string;
}
export interface FastifyReply {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: unknown): unknown;
}

type NodeRequest = IncomingMessage | Http2ServerRequest;
type NodeResponse = ServerResponse | Http2ServerResponse;

/**
 * Answers whatever request it is given: which path it has is said where it is mounted. The function itself is for
 * node:http, HTTP/2, Express, Connect and Nest (`app.use('/ops', handler)`); `next` is never called.
 */
export interface Handler {
  (request: NodeRequest, response: NodeResponse, next?: (error?: unknown) => void): void;
  /** For Hono (`app.all('/ops', (c) => handler.fetch(c.req.raw))`), Next.js (`export const GET = handler.fetch`), Bun, Deno. */
  fetch(this: void, request: Request): Promise<Response>;
  /** For Koa: `router.all('/ops', handler.koa)`. */
  koa(this: void, context: KoaContext): Promise<void>;
  /** For Fastify: `app.all('/ops', handler.fastify)`. */
  fastify(this: void, request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
}

/** `place` names the handler where an error of the library's own is counted; the answer is then a 500. */
export function createHandler(guard: Guard, place: string, answering: Answering): Handler {
  const answer = async (ask: () => Asked): Promise<Answer> => {
    try {
      guard.inject?.(place);
      const asked = ask();
      const found = await answering(asked);
      return asked.method === 'HEAD' ? { ...found, body: '' } : found;
    } catch (error) {
      guard.report(place, error);
      return text(500, 'An error of @nightshift/node; it was said on standard error.');
    }
  };
  const handler = (request: NodeRequest, response: NodeResponse): void => {
    answer(() => askedOfNode(request, request)).then((found) =>
      guard.run(place, () => send(response as ServerResponse, found), undefined),
    );
  };
  return Object.assign(handler, {
    async fetch(request: Request): Promise<Response> {
      const { status, headers, body } = await answer(() => askedOfFetch(request));
      return new Response(body as ConstructorParameters<typeof Response>[0], { status, headers });
    },
    async koa(context: KoaContext): Promise<void> {
      const { status, headers, body } = await answer(() =>
        askedOfNode(context.req, context, context.originalUrl, context.secure),
      );
      context.status = status;
      context.set(headers);
      context.body = typeof body === 'string' ? body : Buffer.from(body);
    },
    async fastify(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
      const { status, headers, body } = await answer(() => askedOfNode(request.raw, request, request.originalUrl));
      reply.code(status);
      reply.headers(headers);
      reply.send(typeof body === 'string' ? body : Buffer.from(body));
      return reply;
    },
  });
}

function askedOfNode(request: NodeRequest, native: object, target = targetOf(request), secure = false): Asked {
  const first = (name: string) => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  return {
    method: request.method ?? 'GET',
    ...splitTarget(target),
    header: first,
    secure: secure || 'encrypted' in request.socket || first('x-forwarded-proto') === 'https',
    address: request.socket.remoteAddress ?? '',
    native,
  };
}

/** Express and Connect keep what the browser sent beside what the router left of it. */
const targetOf = (request: NodeRequest & { readonly originalUrl?: string }): string =>
  request.originalUrl ?? request.url ?? '/';

function askedOfFetch(request: Request): Asked {
  const { protocol, pathname, searchParams } = new URL(request.url);
  const header = (name: string) => request.headers.get(name) ?? undefined;
  return {
    method: request.method,
    path: pathname,
    query: searchParams,
    // Next.js drops `content-encoding` from a response and leaves its body compressed; servers of others compress themselves.
    header: (name) => (name === 'accept-encoding' ? undefined : header(name)),
    secure: protocol === 'https:' || header('x-forwarded-proto') === 'https',
    address: '',
    native: request,
  };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.headersSent || response.writableEnded) return;
  // Of a HEAD request Node sends no body, and the length would be that of none.
  const length = body.length > 0 ? { 'content-length': Buffer.byteLength(body) } : {};
  response.writeHead(status, { ...headers, ...length });
  response.end(body);
}

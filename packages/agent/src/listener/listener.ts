import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from '../config/settings.ts';
import { destinationsAnswer } from './destinations.ts';
import { metricsPage } from './metrics.ts';
import type { AgentState } from './state.ts';
import { targetsAnswer } from './targets.ts';

export interface Listener {
  readonly url: string;
  close(): Promise<void>;
}

/** The address cannot be listened on. */
class ListenError extends Error {
  // The command prints the message alone for an error of this name.
  override readonly name = 'NightshiftError';
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body: string;
}

type Page = (query: URLSearchParams) => Answer | Promise<Answer>;

const text = (body: string, status = 200): Answer => ({ status, body: `${body}\n` });

const json = (body: object): Answer => ({ status: 200, type: 'application/json', body: JSON.stringify(body) });

function pagesOf(state: AgentState, reload: () => Promise<void>): Record<string, { methods: string[]; page: Page }> {
  const get = (page: Page) => ({ methods: ['GET', 'HEAD'], page });
  return {
    '/metrics': get(() => ({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: metricsPage(state),
    })),
    '/targets': get((query) => json(targetsAnswer(state.scraper, query))),
    '/api/v1/targets': get((query) => json(targetsAnswer(state.scraper, query))),
    '/destinations': get(() => json(destinationsAnswer(state.destinations))),
    '/-/healthy': get(() => text('The agent is healthy.')),
    '/-/ready': get(() => text('The agent is ready.')),
    '/-/reload': {
      methods: ['POST', 'PUT'],
      page: async () => {
        try {
          await reload();
          return text('The configuration was read anew.');
        } catch (error) {
          return text(`failed to reload config: ${error instanceof Error ? error.message : error}`, 500);
        }
      },
    },
  };
}

/** A page of another site must not make a browser of this machine change something here. */
const isForeign = ({ headers }: IncomingMessage): boolean => {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
};

/** Opens the agent's own pages. */
export async function listen(
  { host, port }: Address,
  state: AgentState,
  reload: () => Promise<void>,
): Promise<Listener> {
  const pages = pagesOf(state, reload);
  const answer = async (request: IncomingMessage): Promise<Answer & { allow?: string }> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://agent');
    const found = Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
    if (!found) return text(`There is no such page; there are ${Object.keys(pages).join(', ')}.`, 404);
    const method = request.method ?? 'GET';
    if (!found.methods.includes(method)) {
      return { ...text(`${method} is not allowed here.`, 405), allow: found.methods.join(', ') };
    }
    if (method !== 'GET' && method !== 'HEAD' && isForeign(request)) return text('Not from another site.', 403);
    return found.page(searchParams);
  };
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    const { status, type = 'text/plain; charset=utf-8', body, allow } = await answer(request);
    response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff', ...(allow && { allow }) });
    response.end(request.method === 'HEAD' ? '' : body);
  };
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(`${error instanceof Error ? error.message : error}\n`);
    });
  });
  server.requestTimeout = 10_000;
  server.maxConnections = 64;
  await new Promise<void>((up, failed) => {
    server.once('error', (error) => {
      failed(new ListenError(`Cannot listen on ${host}:${port} (NIGHTSHIFT_AGENT_LISTEN): ${error.message}`));
    });
    server.listen(port, host, up);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

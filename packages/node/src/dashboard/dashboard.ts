import { createHash } from 'node:crypto';
import type { Started } from '../core/start.ts';
import type { Resource } from '../export/encode-common.ts';
import { resourceOf } from '../export/resource.ts';
import { type Access, type AccessOptions, Gate } from '../handlers/access.ts';
import { answer, compressed, json, notAllowed, text } from '../handlers/answers.ts';
import type { Answer, Asked } from '../handlers/exchange.ts';
import { createHandler, type Handler } from '../handlers/handler.ts';
import { History, POINT_MS } from './history.ts';
import { createHttpReader } from './http-counts.ts';
import { closedPage, dashboardPage, loginPage, type Page, refusedPage } from './pages.ts';
import { createRuntimeReader } from './runtime.ts';
import { cachedKinds, type ExportState, snapshotOf } from './snapshot.ts';

export type DashboardOptions = AccessOptions;

export interface Dashboard {
  /** One more handler of the same history. */
  handler(options?: DashboardOptions): Handler;
  /** Ends what is gathered. Idempotent. */
  close(): void;
}

/** Gathers from when the first handler is made; until then nothing runs. `exports` says how pushing goes. */
export function createDashboard(started: Started, exports?: ExportState): Dashboard {
  const { settings, guard, meters, recorder } = started;
  let gathering: { readonly history: History; readonly resource: Resource; readonly end: () => void } | undefined;
  const gather = () => {
    const reader = createRuntimeReader();
    const history = new History({
      http: createHttpReader(meters.registry),
      totals: () => recorder.totals(),
      runtime: () => reader.read(),
      now: Date.now,
    });
    const tick = () => guard.run('dashboard.tick', () => history.tick(), undefined);
    const timer = settings.enabled ? setInterval(tick, POINT_MS).unref() : undefined;
    const end = () => {
      clearInterval(timer);
      reader.close();
    };
    return { history, resource: resourceOf(settings), end };
  };
  const kinds = cachedKinds(recorder);
  return {
    handler(options = {}) {
      gathering ??= gather();
      const { history, resource } = gathering;
      const gate = new Gate(settings.dashboardToken, options.check?.bind(options), guard);
      return createHandler(guard, 'dashboard.handler', async (asked) => {
        const { method, query } = asked;
        if (method === 'POST') return session(gate, asked);
        if (method !== 'GET' && method !== 'HEAD') return notAllowed('GET, HEAD, POST');
        const access = await gate.judge(asked);
        if (access !== 'granted') return denied(access, query.has('data'));
        if (!query.has('data')) return compressed(asked, page(200, dashboardPage));
        const minutes = MINUTES.find((one) => String(one) === query.get('minutes')) ?? MINUTES[0];
        return compressed(asked, json(200, await snapshotOf(started, resource, history, minutes, exports, kinds)));
      });
    },
    close() {
      gathering?.end();
    },
  };
}

/** That the page offers. */
const MINUTES = [5, 15, 30] as const;

const MESSAGES: Readonly<Record<Exclude<Access, 'granted'>, readonly [status: number, text: string, page: Page]>> = {
  closed: [403, 'Nothing is set that opens this dashboard.', closedPage],
  refused: [403, 'The check of the application refused this request.', refusedPage],
  needed: [401, 'A token is wanted.', loginPage],
  wrong: [401, 'The token is wrong.', loginPage],
  slow: [429, 'Too many wrong tokens. Try again in a second.', loginPage],
};

function denied(access: Exclude<Access, 'granted'>, isData: boolean): Answer {
  const [status, message, own] = MESSAGES[access];
  const headers: Record<string, string> = {};
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (status === 429) headers['retry-after'] = '1';
  return isData ? json(status, { error: message }, headers) : page(status, own, headers);
}

/**
 * `POST ?login=/ops` with the token as a bearer gives the cookie, `POST ?logout=/ops` takes it back. The page says which
 * path it has in the browser, which proxies may have changed on the way, and the cookie is sent to that path alone.
 */
function session(gate: Gate, asked: Asked): Answer {
  const { query, secure } = asked;
  const path = cookiePath(query.get('login') ?? query.get('logout') ?? '', asked.path);
  if (query.has('logout')) return json(200, {}, { 'set-cookie': gate.endCookie(path, secure) });
  if (!query.has('login')) return text(400, 'Nothing that can be done here.');
  const access = gate.judgeToken(asked);
  if (access !== 'granted') return denied(access, true);
  return json(200, {}, { 'set-cookie': gate.cookie(path, secure) });
}

/** No character that would end an attribute of a cookie (https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1). */
const cookiePath = (wanted: string, fallback: string): string =>
  [wanted, fallback].find((path) => /^\/[\w!$%&'()*+,\-./:=@~]*$/.test(path)) ?? '/';

const hashOf = (content: string): string => `'sha256-${createHash('sha256').update(content).digest('base64')}'`;

/** Nothing but the script and the style of the very page, and nothing from or to elsewhere. */
function page(status: number, { html, script, style }: Page, headers: Readonly<Record<string, string>> = {}): Answer {
  const policy = [
    "default-src 'none'",
    ...(script ? [`script-src ${hashOf(script)}`, "connect-src 'self'"] : []),
    `style-src ${hashOf(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
  return answer(status, 'text/html; charset=utf-8', html, {
    'content-security-policy': policy,
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    ...headers,
  });
}

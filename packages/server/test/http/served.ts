/** A listening application on real sockets and a real control database; the telemetry and services are kept in arrays. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord, Span } from '@nightshift/wire';
import type { FastifyInstance } from 'fastify';
import type { Incident, Release, ReleaseRequest, Right, Status } from '../../src/api/api.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Control, openControl } from '../../src/control/control.ts';
import { NightshiftError } from '../../src/errors/catalogue.ts';
import { buildHttpApp, closeHttpApp } from '../../src/http/app.ts';
import type { HttpDeps } from '../../src/http/deps.ts';
import type { LogQuery, MetricStore } from '../../src/store/store.ts';

export interface Served {
  readonly app: FastifyInstance;
  readonly control: Control;
  readonly url: string;
  readonly clock: { now: number };
  readonly logLines: { fields: object; message: string }[];
  readonly logQueries: LogQuery[];
  readonly token: (...rights: Right[]) => string;
  /** A request with a token of the rights, or of none. */
  readonly ask: (path: string, options?: Ask) => Promise<Response>;
  close(): Promise<void>;
}

export interface Ask {
  readonly method?: string;
  readonly rights?: readonly Right[];
  readonly headers?: Record<string, string>;
  readonly json?: unknown;
}

export interface Stored {
  readonly logs?: readonly LogRecord[];
  readonly spans?: readonly Span[];
  readonly env?: Record<string, string>;
  readonly extra?: (app: FastifyInstance) => void;
}

const status: Status = {
  version: '0.1.0',
  startedAt: 1,
  dataDir: '/data',
  engine: { state: 'up', url: '', version: '26', restarts: 0 },
  spool: { bytes: 0, records: 0, degraded: '' },
  head: { series: 0, samples: 0, bytes: 0 },
  gateway: { state: 'not-started', pid: null },
  scrape: [],
};

const known = (id: string): boolean => id === 'known';

function releaseOf(request: ReleaseRequest, by: string, at: number): Release {
  return {
    id: 'known',
    service: request.service,
    environment: request.environment ?? '',
    version: request.version,
    revision: request.revision ?? '',
    driver: 'process',
    dir: request.dir,
    command: request.command,
    state: 'starting',
    stateReason: '',
    createdAt: at,
    createdBy: by,
    liveAt: null,
    endedAt: null,
    url: null,
    gateway: null,
    verdict: null,
  };
}

function services(now: () => number): Pick<HttpDeps, 'releases' | 'incidents' | 'services' | 'status'> {
  const started: Release[] = [];
  const incident = { id: 'known', title: 'Shop fails', state: 'opened' } as Incident;
  return {
    releases: {
      start: async (request, by) => {
        started.unshift(releaseOf(request, by, now()));
        return started[0] as Release;
      },
      list: async (service) => started.filter((release) => service === undefined || release.service === service),
      get: async (id) => started.find((release) => release.id === id) ?? null,
      rollback: async (service, reason, by) => {
        const newest = started.find((release) => release.service === service);
        if (!newest) throw new NightshiftError('CONFLICT', { reason: `${service} has no release.` });
        return { ...newest, state: 'rolled-back', stateReason: `${reason} (${by})` };
      },
    },
    incidents: {
      list: async () => [incident],
      get: async (id) => (known(id) ? incident : null),
      setState: async (id, state) => (known(id) ? { ...incident, state } : null),
      report: async (id, format) => (known(id) ? (format === 'md' ? '# Shop fails' : '<h1>Shop fails</h1>') : null),
    },
    services: { summaries: async () => [] },
    status: async () => status,
  };
}

function writeWeb(dir: string): void {
  mkdirSync(join(dir, 'assets'), { recursive: true });
  writeFileSync(join(dir, 'index.html'), '<!doctype html><title>Nightshift</title>');
  writeFileSync(join(dir, 'assets', 'app-1a2b3c.js'), 'export {};');
  writeFileSync(join(dir, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
}

export async function serve(stored: Stored = {}): Promise<Served> {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-http-'));
  const clock = { now: 1_790_000_000_000 };
  const now = () => clock.now;
  const control = openControl(dir, { now });
  const logLines: Served['logLines'] = [];
  const logQueries: LogQuery[] = [];
  const line = (fields: object, message: string) => void logLines.push({ fields, message });
  writeWeb(join(dir, 'web'));
  const app = buildHttpApp({
    ...services(now),
    control,
    now,
    config: loadConfig({ env: stored.env ?? {}, cwd: dir }).config,
    webDir: join(dir, 'web'),
    log: { info: line, warn: line, error: line },
    store: {
      metrics: {} as MetricStore,
      searchLogs: async (query) => {
        logQueries.push(query);
        return stored.logs ?? [];
      },
      trace: async (id) => (stored.spans ?? []).filter((span) => span.traceId === id),
      recentTraces: async () => [],
    },
  });
  stored.extra?.(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const token = (...rights: Right[]) => control.tokens.create('test', rights).token;
  return {
    app,
    control,
    url,
    clock,
    logLines,
    logQueries,
    token,
    ask: (path, { method = 'GET', rights, headers = {}, json } = {}) =>
      fetch(url + path, {
        method,
        headers: {
          ...(rights && { authorization: `Bearer ${token(...rights)}` }),
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      }),
    close: async () => {
      await closeHttpApp(app, 2000);
      control.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

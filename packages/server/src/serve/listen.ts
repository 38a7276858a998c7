import type { AddressInfo, Server } from 'node:net';
import { hostname } from 'node:os';
import type { Status } from '../api/api.ts';
import { BodyBudget } from '../collect/body-budget.ts';
import type { Family } from '../collect/host/family.ts';
import type { SampleAge } from '../collect/sample-age.ts';
import type { Scraper } from '../collect/scrape/scraper.ts';
import type { Senders } from '../collect/sender.ts';
import type { Config } from '../config/schema.ts';
import type { Control } from '../control/control.ts';
import type { Engine } from '../engine/engine.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import { buildHttpApp, closeHttpApp } from '../http/app.ts';
import { cardinalityRoutes } from '../http/cardinality.ts';
import type { HttpDeps, Log } from '../http/deps.ts';
import { exemplarRoutes } from '../http/exemplars.ts';
import { federateRoutes } from '../http/federate.ts';
import { type IngestDeps, ingestRoutes } from '../http/ingest.ts';
import { buildOtlpApp } from '../http/otlp-app.ts';
import { buildOtlpGrpc } from '../http/otlp-grpc/server.ts';
import { ownMetricsRoutes } from '../http/own-metrics.ts';
import type { Installation } from '../http/prometheus/deps.ts';
import { prometheusRoutes } from '../http/prometheus/index.ts';
import { reloadRoutes } from '../http/reload.ts';
import { remoteReadRoutes } from '../http/remote-read.ts';
import { tsdbAdminRoutes } from '../http/tsdb-admin.ts';
import type { MetricQueries } from '../query/promql.ts';
import { renderHtml, renderMarkdown } from '../respond/index.ts';
import type { NightshiftStore } from '../store/open.ts';
import type { RuleManager } from '../watch/rule-manager.ts';
import { otlpMetricsOf } from './otlp-metrics.ts';
import type { Respond } from './respond.ts';
import { createServiceBoard } from './service-board.ts';

export interface ListenParts {
  readonly config: Config;
  readonly control: Control;
  readonly engine: Engine;
  readonly store: NightshiftStore;
  readonly queries: MetricQueries;
  readonly rules: RuleManager;
  readonly scraper: Scraper;
  readonly installation: Installation;
  readonly respond: Respond;
  readonly webDir: string | null;
  readonly now: () => number;
  readonly log: Log;
  readonly senders: Senders;
  readonly age: SampleAge;
  /** What Nightshift measures of itself. */
  ownMetrics(): readonly Family[];
  status(): Promise<Status>;
  /** Reads the rule files anew. */
  reload(): Promise<void>;
}

export interface Listening {
  readonly url: string;
  readonly otlpUrl: string;
  readonly otlpGrpcUrl: string;
  close(): Promise<void>;
}

const graceMs = 2_000;

interface Opening {
  readonly server: Pick<Server, 'address'>;
  listen(options: { readonly host: string; readonly port: number }): Promise<unknown>;
}

async function open({ server, listen }: Opening, host: string, port: number, key: string): Promise<string> {
  try {
    await listen({ host, port });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NightshiftError('CONFIG_INVALID', {
      reason: `Cannot listen on ${host}:${port} (${key}): ${reason}. Set ${key} to a free port, or to 0 for any.`,
    });
  }
  const { port: bound } = server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host;
  return `http://${shown}:${bound}`;
}

/** Opens the ports: everything on the main one, OTLP alone on its own, by HTTP and by gRPC. */
export async function listen(parts: ListenParts): Promise<Listening> {
  const { config, store, queries, respond, now, engine, senders, age } = parts;
  const { releases, incidents } = respond;
  const deps: HttpDeps = {
    ...parts,
    releases: {
      ...releases,
      rollback: (service, reason) => releases.rollback(service, reason),
    },
    incidents: {
      list: async () => incidents.list(),
      get: async (id) => incidents.get(id),
      setState: async (id, state) => incidents.setState(id, state),
      report: async (id, format) => (format === 'md' ? renderMarkdown : renderHtml)(incidents.get(id)),
    },
    services: createServiceBoard(queries, releases, parts.control),
    notReady: () => (engine.state === 'up' ? '' : engine.reason),
  };
  // Two bodies of the largest size at once; many more of the usual size.
  const budget = new BodyBudget(2 * config.http.maxDecompressedBytes);
  const ingest: IngestDeps = {
    sink: store,
    now,
    age,
    senders,
    budget,
    ...config.http,
    otlpMetrics: otlpMetricsOf(config, store, now, age),
    log: parts.log,
  };
  const app = buildHttpApp(deps);
  ingestRoutes(app, ingest);
  prometheusRoutes(app, {
    ...parts,
    metrics: store.metrics,
    cardinality: (limit) => store.cardinality(limit),
    features: config.query.features,
    host: config.http.publicUrl === '' ? hostname() : new URL(config.http.publicUrl).hostname,
  });
  reloadRoutes(app, parts.reload);
  ownMetricsRoutes(app, parts.ownMetrics);
  const externalLabels = new Map(Object.entries(config.externalLabels));
  federateRoutes(app, {
    metrics: store.metrics,
    externalLabels,
    lookbackMs: config.query.lookback,
    maxSamples: config.query.maxSamples,
    timeoutMs: config.query.timeout,
    now,
  });
  remoteReadRoutes(app, {
    metrics: store.metrics,
    budget,
    ...config.http,
    externalLabels,
    maxSamples: config.query.remoteReadSamples,
    concurrent: config.query.remoteReadConcurrency,
    timeoutMs: config.query.timeout,
  });
  exemplarRoutes(app, {
    exemplars: store,
    timeoutMs: config.query.timeout,
    features: config.query.features,
    log: parts.log,
  });
  cardinalityRoutes(app, store.explorer);
  tsdbAdminRoutes(app, { store, enabled: config.http.adminApi, log: parts.log });
  const otlp = buildOtlpApp(deps, ingest);
  const grpc = buildOtlpGrpc({ ...ingest, verify: (token) => parts.control.tokens.verify(token) });
  const close = async () => {
    await Promise.all([closeHttpApp(app, graceMs), closeHttpApp(otlp, graceMs), grpc.close(graceMs)]);
  };
  const { host, port, otlpPort, otlpGrpcPort } = config.http;
  try {
    return {
      url: await open({ server: app.server, listen: (at) => app.listen(at) }, host, port, 'http.port'),
      otlpUrl: await open({ server: otlp.server, listen: (at) => otlp.listen(at) }, host, otlpPort, 'http.otlpPort'),
      // Who takes any port for one has others on their machine.
      otlpGrpcUrl: await open(grpc, host, otlpPort === 0 ? 0 : otlpGrpcPort, 'http.otlpGrpcPort'),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

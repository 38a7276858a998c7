import type { Instrumentation } from './core/hub.ts';
import { nodeSqlite } from './databases/sqlite/node-sqlite.ts';
import { fastify } from './frameworks/fastify.ts';
import { httpClient } from './http/client.ts';
import { fetchClient } from './http/fetch.ts';
import { http2Server } from './http/http2-server.ts';
import { httpServer } from './http/server.ts';
import { consoleLogs } from './logs/console.ts';
import { runtime } from './runtime/runtime.ts';
import { serviceChannels } from './services/index.ts';
import { openTelemetryApi } from './tracing/otel-api.ts';

/** All that is watched in the process itself; a new one is a file and a line here. */
export const instrumentations: readonly Instrumentation[] = [
  httpServer,
  http2Server,
  httpClient,
  fetchClient,
  fastify,
  ...serviceChannels,
  nodeSqlite,
  runtime,
  consoleLogs,
  openTelemetryApi,
];

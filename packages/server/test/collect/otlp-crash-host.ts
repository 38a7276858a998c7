/**
 * The process that the crash test of OTLP deltas kills: an engine, a store, and the OTLP paths over HTTP. Prints the
 * engine's process id and the address: `up PID URL`.
 */
import { writeSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { defaultOtlpSettings } from '@nightshift/wire';
import Fastify from 'fastify';
import { BodyBudget } from '../../src/collect/body-budget.ts';
import { OtlpMetrics } from '../../src/collect/otlp/otlp-metrics.ts';
import { Senders } from '../../src/collect/sender.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { migrate } from '../../src/engine/migrate.ts';
import { migrations } from '../../src/engine/migrations/index.ts';
import { ingestRoutes } from '../../src/http/ingest.ts';
import { openJournal } from '../../src/spool/journal.ts';
import { openStore, rejectedDirOf } from '../../src/store/open.ts';

const [dir = '', launcher = '{}'] = process.argv.slice(2);
const log = {
  info() {},
  warn() {},
  error: (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};
const engine = await startEngine({ dir: join(dir, 'engine'), launcher: JSON.parse(launcher), memoryBytes: 4e8, log });
await migrate(engine, migrations);
const journal = await openJournal({ dir: join(dir, 'spool'), segmentBytes: 64 * 1024 });
const now = Date.now;
const store = await openStore({ engine, journal, rejectedDir: rejectedDirOf(dir), flushEveryMs: 5, now, log });
const limits = { maxBodyBytes: 1e6, maxDecompressedBytes: 1e6 };
// Fewer than there are streams: some are read from the store all the time.
const deltas = { source: store.metrics, maxDeltaStreams: 2, maxDeltaAgeMs: 3_600_000, settings: defaultOtlpSettings };
const otlpMetrics = new OtlpMetrics({ sink: store, now, ...limits, ...deltas });
const app = Fastify();
ingestRoutes(app, {
  sink: store,
  now,
  senders: new Senders(),
  budget: new BodyBudget(1e7),
  ...limits,
  otlpMetrics,
  log,
});
await app.listen({ host: '127.0.0.1', port: 0 });
writeSync(1, `up ${engine.pid} http://127.0.0.1:${(app.server.address() as AddressInfo).port}\n`);

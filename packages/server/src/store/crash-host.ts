/**
 * The process that the crash test kills: an engine and a store under load. Each lane admits numbered samples, histograms, exemplars,
 * log lines and spans as fast as it is answered, and prints what was acknowledged: `ack KIND NAME COUNT`. One writes into
 * an hour that is over, now and then, so that it is packed in between. At the start it is looked whether the hours that
 * count as packed give the samples that there are: `packed COUNT`, `stale COUNT`. Once one counts as packed: `has packed`.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeSnappy, encodeWriteRequest, NO_BOUNDS, NO_BUCKETS } from '@nightshift/wire';
import { decodeRecord } from '../collect/decode.ts';
import { startEngine } from '../engine/engine.ts';
import { migrate } from '../engine/migrate.ts';
import { migrations } from '../engine/migrations/index.ts';
import { type JournalRecord, openJournal } from '../spool/journal.ts';
import { DerivedHours } from './derived/derived-hours.ts';
import { History } from './derived/history.ts';
import { HOUR_MS, hourOf } from './derived/hours.ts';
import { derivationsOf } from './derived/open.ts';
import { engineSamples } from './engine-samples.ts';
import { openStore, rejectedDirOf } from './open.ts';
import { SeriesIndex } from './series-index.ts';
import { loadSeries } from './warm.ts';

const [dir = '', launcher = '{}', round = ''] = process.argv.slice(2);
const log = {
  info() {},
  warn() {},
  error: (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};
const engine = await startEngine({ dir: join(dir, 'engine'), launcher: JSON.parse(launcher), memoryBytes: 4e8, log });
await migrate(engine, migrations);
await lookAtPacked();
const journal = await openJournal({ dir: join(dir, 'spool'), segmentBytes: 64 * 1024 });
const rejectedDir = rejectedDirOf(dir);
const derived = { quietMs: 0, everyMs: 5 };
const store = await openStore({ engine, journal, rejectedDir, flushEveryMs: 5, derived, now: Date.now, log });

const COUNT = 10;
const from = Date.now();

function packedHours(index: SeriesIndex): Promise<DerivedHours> {
  return DerivedHours.load({ engine, names: derivationsOf(engine, index).map(({ name }) => name) });
}

async function lookAtPacked(): Promise<void> {
  const index = new SeriesIndex();
  await loadSeries(engine, index);
  const hours = await packedHours(index);
  const history = new History(engine, hours);
  const series = index.matchAny([]);
  let stale = 0;
  for (const hour of hours.sorted()) {
    const [start, end] = [hour * HOUR_MS, (hour + 1) * HOUR_MS - 1];
    const packed = await history.samples(series, start, end);
    const there = await engineSamples(engine, series, start, end);
    const isSame = [...there].every(
      ([id, { timestamps, values }]) =>
        packed.get(id)?.timestamps.join() === timestamps.join() && packed.get(id)?.values.join() === values.join(),
    );
    if (!isSame || packed.size !== there.size) stale++;
  }
  writeSync(1, `packed ${hours.sorted().length}\nstale ${stale}\n`);
}

async function sayWhenPacked(): Promise<void> {
  // While the engine is dead there is none.
  const isPacked = () =>
    packedHours(new SeriesIndex()).then(
      (hours) => hours.sorted().length > 0,
      () => false,
    );
  while (!(await isPacked())) await sleep(5);
  writeSync(1, 'has packed\n');
}

function samplesFrom(start: number, name: string, request: number): JournalRecord {
  const labels = new Map([
    ['__name__', 'crash'],
    ['lane', name],
  ]);
  const points = Array.from({ length: COUNT }, (_, i) => ({ timestamp: start + request * COUNT + i, value: request }));
  const body = encodeSnappy(encodeWriteRequest([{ labels, samples: points }]));
  return { kind: 'remote-write', format: 'snappy-protobuf', receivedAt: from, body };
}

const samples = (name: string, request: number) => samplesFrom(from, name, request);
const pastSamples = (name: string, request: number) => samplesFrom((hourOf(from) - 3) * HOUR_MS, name, request);

/** Into the past, a second apart: a batch keeps only so many of one second. */
function exemplars(name: string, request: number): JournalRecord {
  const labels = new Map([
    ['__name__', 'crash_exemplars'],
    ['lane', name],
  ]);
  const list = Array.from({ length: COUNT }, (_, i) => {
    const number = request * COUNT + i;
    return { labels: new Map([['trace_id', `${number}`]]), value: number, timestamp: from - number * 1000 };
  });
  const body = encodeWriteRequest([{ labels, samples: [], exemplars: list }]);
  return { kind: 'remote-write', format: 'protobuf', receivedAt: from, body };
}

function histograms(name: string, request: number): JournalRecord {
  const labels = new Map([
    ['__name__', 'crash_histograms'],
    ['lane', name],
  ]);
  const positive = { indexes: Int32Array.of(1, 5), counts: Float64Array.of(request + 1, 2) };
  const rest = {
    zeroThreshold: 0,
    zeroCount: 0,
    negative: NO_BUCKETS,
    bounds: NO_BOUNDS,
    resetHint: 'unknown',
  } as const;
  const histogram = { isInteger: true, schema: 3, count: request + 3, sum: request, positive, ...rest };
  const list = Array.from({ length: COUNT }, (_, i) => ({ timestamp: from + request * COUNT + i, histogram }));
  const body = encodeWriteRequest([{ labels, samples: [], histograms: list }]);
  return { kind: 'remote-write', format: 'protobuf', receivedAt: from, body };
}

function logs(name: string, request: number): JournalRecord {
  const lines = Array.from({ length: COUNT }, (_, i) => JSON.stringify({ service: name, msg: `${request}-${i}` }));
  return { kind: 'json-logs', format: 'ndjson', receivedAt: from, body: Buffer.from(lines.join('\n')) };
}

function spans(name: string, request: number): JournalRecord {
  const time = `${from}000000`;
  const list = Array.from({ length: COUNT }, (_, i) => ({
    traceId: '1'.repeat(32),
    spanId: (request * COUNT + i + 1).toString(16).padStart(16, '0'),
    name,
    startTimeUnixNano: time,
    endTimeUnixNano: time,
  }));
  const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: list }] }] }));
  return { kind: 'otlp-traces', format: 'json', receivedAt: from, body };
}

/** `pauseMs` after every tenth request. */
async function lane(
  kind: string,
  name: string,
  make: (name: string, request: number) => JournalRecord,
  pauseMs = 0,
): Promise<never> {
  for (let request = 0; ; request++) {
    if (pauseMs > 0 && request % 10 === 0) await sleep(pauseMs);
    const record = make(name, request);
    await store.admit(record, decodeRecord(record));
    writeSync(1, `ack ${kind} ${name} ${(request + 1) * COUNT}\n`);
  }
}

// As long as it is not killed: while the engine starts again, nothing else would keep this process.
setInterval(() => {}, 1_000_000);
writeSync(1, `engine ${engine.pid}\n`);
void lane('samples', `${round}-past`, pastSamples, 100);
void sayWhenPacked();
for (const number of [0, 1]) {
  void lane('samples', `${round}-${number}`, samples);
  void lane('histograms', `${round}-${number}`, histograms);
  void lane('exemplars', `${round}-${number}`, exemplars);
  void lane('logs', `${round}-${number}`, logs);
  void lane('spans', `${round}-${number}`, spans);
}

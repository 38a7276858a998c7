/**
 * The process that the crash test kills: an engine and a store under load. Each lane admits numbered samples, exemplars,
 * log lines and spans as fast as it is answered, and prints what was acknowledged: `ack KIND NAME COUNT`.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSnappy, encodeWriteRequest } from '@nightshift/wire';
import { decodeRecord } from '../collect/decode.ts';
import { startEngine } from '../engine/engine.ts';
import { migrate } from '../engine/migrate.ts';
import { migrations } from '../engine/migrations/index.ts';
import { type JournalRecord, openJournal } from '../spool/journal.ts';
import { openStore, rejectedDirOf } from './open.ts';

const [dir = '', round = '', launcher = '{}'] = process.argv.slice(2);
const log = {
  info() {},
  warn() {},
  error: (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};
const engine = await startEngine({ dir: join(dir, 'engine'), launcher: JSON.parse(launcher), memoryBytes: 4e8, log });
await migrate(engine, migrations);
const journal = await openJournal({ dir: join(dir, 'spool'), segmentBytes: 64 * 1024 });
const rejectedDir = rejectedDirOf(dir);
const store = await openStore({ engine, journal, rejectedDir, flushEveryMs: 5, now: Date.now, log });

const COUNT = 10;
const from = Date.now();

function samples(name: string, request: number): JournalRecord {
  const labels = new Map([
    ['__name__', 'crash'],
    ['lane', name],
  ]);
  const points = Array.from({ length: COUNT }, (_, i) => ({ timestamp: from + request * COUNT + i, value: request }));
  const body = encodeSnappy(encodeWriteRequest([{ labels, samples: points }]));
  return { kind: 'remote-write', format: 'snappy-protobuf', receivedAt: from, body };
}

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

async function lane(kind: string, name: string, make: (name: string, request: number) => JournalRecord) {
  for (let request = 0; ; request++) {
    const record = make(name, request);
    await store.admit(record, decodeRecord(record));
    writeSync(1, `ack ${kind} ${name} ${(request + 1) * COUNT}\n`);
  }
}

writeSync(1, `engine ${engine.pid}\n`);
for (const number of [0, 1]) {
  void lane('samples', `${round}-${number}`, samples);
  void lane('exemplars', `${round}-${number}`, exemplars);
  void lane('logs', `${round}-${number}`, logs);
  void lane('spans', `${round}-${number}`, spans);
}

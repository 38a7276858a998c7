/**
 * The process that the deletion test kills: an engine and a store. Each lane writes numbered samples of one series into
 * one range of time, and again and again deletes the whole range, going on to write meanwhile. It prints what it did:
 * `ack LANE COUNT` (all numbers below are stored), `ask LANE COUNT` (deletion of all numbers below was asked for) and
 * `gone LANE COUNT` (it was answered).
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeWriteRequest } from '@nightshift/wire';
import { decodeRecord } from '../collect/decode.ts';
import { startEngine } from '../engine/engine.ts';
import { migrate } from '../engine/migrate.ts';
import { migrations } from '../engine/migrations/index.ts';
import { openJournal } from '../spool/journal.ts';
import { openStore, rejectedDirOf } from './open.ts';

const [dir = '', launcher = '{}', round = '', base = '0'] = process.argv.slice(2);
const log = {
  info() {},
  warn() {},
  error: (fields: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};
const engine = await startEngine({ dir: join(dir, 'engine'), launcher: JSON.parse(launcher), memoryBytes: 4e8, log });
await migrate(engine, migrations);
const journal = await openJournal({ dir: join(dir, 'spool'), segmentBytes: 16 * 1024 });
const rejectedDir = rejectedDirOf(dir);
const store = await openStore({ engine, journal, rejectedDir, flushEveryMs: 5, now: Date.now, log });

const COUNT = 10;
const WRITES = 15;

async function lane(name: string): Promise<never> {
  const labels = new Map([
    ['__name__', 'crash'],
    ['lane', name],
  ]);
  const selectors = [[...labels].map(([name, value]) => ({ name, op: '=' as const, value }))];
  let next = 0;
  const write = async () => {
    const samples = Array.from({ length: COUNT }, (_, i) => ({ timestamp: Number(base) + next + i, value: next + i }));
    const body = encodeWriteRequest([{ labels, samples }]);
    const record = { kind: 'remote-write', format: 'protobuf', receivedAt: Number(base), body } as const;
    await store.admit(record, decodeRecord(record));
    next += COUNT;
    writeSync(1, `ack ${name} ${next}\n`);
  };
  for (;;) {
    for (let i = 0; i < WRITES; i++) await write();
    const count = next;
    writeSync(1, `ask ${name} ${count}\n`);
    const deletion = store.deleteSeries({ selectors, start: 0, end: 8.64e15 }).then(
      () => writeSync(1, `gone ${name} ${count}\n`),
      () => sleep(20),
    );
    for (let i = 0; i < 3; i++) await write();
    await deletion;
  }
}

// As long as it is not killed: while the engine starts again, nothing else would keep this process.
setInterval(() => {}, 1_000_000);
writeSync(1, `engine ${engine.pid}\n`);
for (const number of [0, 1]) void lane(`${round}-${number}`);

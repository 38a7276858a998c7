/** A real engine, journal and store in a directory of their own, filled by remote write. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodeSnappy, encodeWriteRequest, type MetricMetadata, type WriteSample } from '@nightshift/wire';
import { collect } from '../../src/collect/collect.ts';
import type { JournalRecord } from '../../src/collect/record.ts';
import { type Engine, startEngine } from '../../src/engine/engine.ts';
import { migrate } from '../../src/engine/migrate.ts';
import { migrations } from '../../src/engine/migrations/index.ts';
import { type Journal, openJournal } from '../../src/spool/journal.ts';
import { type NightshiftStore, openStore } from '../../src/store/open.ts';
import { engineLauncher } from '../engine-launcher.ts';

export interface RealStore {
  readonly engine: Engine;
  readonly store: NightshiftStore;
  take(record: JournalRecord): Promise<void>;
  write(labels: Record<string, string>, samples: readonly WriteSample[], metadata?: MetricMetadata[]): Promise<void>;
  close(): Promise<void>;
}

const log = { info() {}, warn() {}, error() {} };

export async function openRealStore(headBytes?: number, maxSeries?: number): Promise<RealStore> {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-http-store-'));
  const launcher = await engineLauncher();
  const engine = await startEngine({ dir: join(dir, 'engine'), launcher, memoryBytes: 4e8, log });
  await migrate(engine, migrations);
  const journal: Journal = await openJournal({ dir: join(dir, 'spool') });
  const store = await openStore({
    engine,
    journal,
    ...(headBytes && { head: { maxBytes: headBytes } }),
    ...(maxSeries && { maxSeries }),
    rejectedDir: join(dir, 'rejected'),
    flushEveryMs: 20,
    now: Date.now,
    log,
  });
  const take = (record: JournalRecord) =>
    collect({ sink: store, now: Date.now, maxDecompressedBytes: 64 * 1024 * 1024 }, record);
  return {
    engine,
    store,
    take,
    write: (labels, samples, metadata) => {
      const sorted = new Map(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
      const body = encodeSnappy(encodeWriteRequest([{ labels: sorted, samples }], metadata));
      return take({ kind: 'remote-write', format: 'snappy-protobuf', receivedAt: Date.now(), body });
    },
    close: async () => {
      await store.close();
      await journal.close();
      await engine.close();
      rmSync(dir, { recursive: true, force: true });
      rmSync(dirname(launcher.args.at(-1) as string), { recursive: true, force: true });
    },
  };
}

import { join } from 'node:path';
import type { MetricBatch, MetricMetadata } from '@nightshift/wire';
import type { RecordSink } from '../collect/record.ts';
import type { Engine } from '../engine/engine.ts';
import { decodeJournal, type Journal } from '../spool/journal.ts';
import type { Cardinality } from './cardinality.ts';
import { Flusher, type StoreLog } from './flusher.ts';
import type { Head } from './head.ts';
import { createLogStore } from './log-store.ts';
import { HeadAndEngine } from './metric-store.ts';
import { wordsOf } from './sample-columns.ts';
import { SeriesIndex } from './series-index.ts';
import type { Store } from './store.ts';
import { createTraceStore } from './trace-store.ts';
import { loadMetadata, loadSeries, warmHead } from './warm.ts';

export interface StoreOptions {
  /** Up, with its schema migrated. */
  readonly engine: Engine;
  readonly journal: Journal;
  readonly head?: { readonly maxBytes?: number; readonly windowMs?: number };
  readonly rejectedDir: string;
  /** Milliseconds for which records gather before they go to the engine together; 1,000 unless told. */
  readonly flushEveryMs?: number;
  readonly now: () => number;
  readonly log: StoreLog;
}

export interface HeadStats {
  /** Known series, with or without a sample in the head. */
  readonly series: number;
  readonly samples: number;
  readonly bytes: number;
}

export interface NightshiftStore extends Store, RecordSink {
  stats(): HeadStats;
  /** What the known series are made of; the `limit` largest of each list. */
  cardinality(limit: number): Cardinality;
  /** Resolves when everything that was acknowledged before the call is in the engine. */
  flush(): Promise<void>;
  /** Flushes for at most 3 s; the rest stays in the journal. Idempotent. */
  close(): Promise<void>;
}

const SWEEP_MS = 30_000;
const CLOSE_MS = 3000;

/** Where records go that cannot be decoded any more. */
export const rejectedDirOf = (dataDir: string): string => join(dataDir, 'rejected');

/** Loads what is known, warms the head from the engine and the journal, and starts to move the journal into the engine. */
export async function openStore(options: StoreOptions): Promise<NightshiftStore> {
  const { engine, journal, now, log, head: { maxBytes = 64 * 1024 * 1024, windowMs = 2 * 3_600_000 } = {} } = options;
  const index = new SeriesIndex();
  await loadSeries(engine, index);
  const metadata = await loadMetadata(engine);
  const head = await warmHead(engine, index, { maxBytes, windowMs, now: now() });
  for await (const record of journal.peek()) {
    try {
      const { metrics } = decodeJournal(record);
      if (metrics) takeMetrics(metrics, index, head, metadata);
    } catch {
      // The flusher meets the same record and sets it aside with its reason.
    }
  }
  const { rejectedDir, flushEveryMs: everyMs = 1000 } = options;
  const flusher = new Flusher({ engine, journal, index, rejectedDir, everyMs, now, log });
  const sweep = setInterval(() => {
    // While the engine is down the head may be all there is.
    if (engine.state === 'up') head.evictBefore(now() - windowMs);
  }, SWEEP_MS).unref();
  return {
    metrics: new HeadAndEngine(engine, head, index, metadata),
    ...createLogStore(engine),
    ...createTraceStore(engine),
    async admit(record, { metrics }) {
      await journal.append(record);
      // A sample too old for the head can be queried only from the engine.
      if (metrics && !takeMetrics(metrics, index, head, metadata)) flusher.hurry();
    },
    stats: () => ({ series: index.size, samples: head.samples, bytes: head.bytes }),
    cardinality: (limit) => ({ series: index.size, ...head.extent(), ...index.cardinality(limit) }),
    flush: () => flusher.flush(),
    async close() {
      clearInterval(sweep);
      await flusher.close(CLOSE_MS);
    },
  };
}

/** False when some samples were too old for the head. */
function takeMetrics(
  batch: MetricBatch,
  index: SeriesIndex,
  head: Head,
  metadata: Map<string, MetricMetadata>,
): boolean {
  const { series, seriesIndex, timestamps, values } = batch;
  const numbers = series.map((labels) => index.intern(labels).number);
  const words = wordsOf(values);
  let all = true;
  for (let i = 0; i < timestamps.length; i++) {
    const time = timestamps[i]!;
    if (time < head.coveredFrom) all = false;
    else head.insert(numbers[seriesIndex[i]!]!, time, words[2 * i]!, words[2 * i + 1]!);
  }
  for (const one of batch.metadata) metadata.set(one.name, one);
  return all;
}

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MetricMetadata, WriteMemory } from '@nightshift/wire';
import type { RecordSink } from '../collect/record.ts';
import { encodeSeriesDeletion, type SeriesDeletion } from '../collect/series-deletion.ts';
import type { Engine } from '../engine/engine.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import { decodeJournal, type Journal, placeOf } from '../spool/journal.ts';
import type { Cardinality } from './cardinality.ts';
import { CardinalityReporter } from './cardinality-report.ts';
import { freeDeleted } from './deletion.ts';
import { DeletionRuns } from './deletion-runs.ts';
import { type DerivedOptions, openDerived } from './derived/open.ts';
import { createExemplarStore } from './exemplar-store.ts';
import { Flusher, type StoreLog } from './flusher.ts';
import type { Head } from './head.ts';
import { allHistogramSeries } from './histogram-engine.ts';
import { encodeHistogram } from './histogram-payload.ts';
import { HistogramReader } from './histogram-reader.ts';
import { createLogStore } from './log-store.ts';
import { HeadAndEngine } from './metric-store.ts';
import { RecentBatches } from './recent-batches.ts';
import { RetentionKeeper } from './retention.ts';
import type { MetricRetention } from './retention-policy.ts';
import { dropGone, unmarkReturned } from './retention-series.ts';
import { SampleBlocks } from './sample-blocks.ts';
import { wordsOf } from './sample-columns.ts';
import { SeriesIndex } from './series-index.ts';
import { type NumberedBatch, SeriesNumbers } from './series-numbers.ts';
import type { ExemplarStore, Store } from './store.ts';
import { createTraceStore } from './trace-store.ts';
import { loadMetadata, loadSeries, warmHead } from './warm.ts';

export interface StoreOptions {
  /** Up, with its schema migrated. */
  readonly engine: Engine;
  readonly journal: Journal;
  readonly head?: { readonly maxBytes?: number; readonly windowMs?: number };
  /** Series that may be known; without a limit unless told. */
  readonly maxSeries?: number;
  readonly rejectedDir: string;
  /** See `SampleBlocks`. */
  readonly blocksThread?: URL;
  /** How long samples are kept; for ever unless told. */
  readonly retention?: MetricRetention;
  /** When hours that are over are packed, for tests. */
  readonly derived?: Pick<DerivedOptions, 'quietMs' | 'everyMs'>;
  /** Milliseconds for which records gather before they go to the engine together; 1,000 unless told. */
  readonly flushEveryMs?: number;
  /** See `FlusherOptions`. */
  readonly refusalPatienceMs?: number;
  readonly maxRejectedBytes?: number;
  readonly now: () => number;
  readonly log: StoreLog;
}

export interface HeadStats {
  /** Known series, with or without a sample in the head. */
  readonly series: number;
  readonly samples: number;
  readonly bytes: number;
  /** Exemplars that were not stored since the start: not usable, or too many of one series at once. */
  readonly exemplarsDropped: number;
  /** Records that were set aside since the start: they cannot be decoded, or the engine refuses them. */
  readonly rejectedRecords: number;
  /** Of those that were set aside, deleted since the start because there were too many. */
  readonly droppedRejectedRecords: number;
  /** Deletions that the engine has taken, cannot carry out and tries again. */
  readonly failingDeletions: number;
  /** Beyond the limit of series since the start: how often a series was refused, and with how many samples. */
  readonly refused: { readonly series: number; readonly samples: number };
}

export interface NightshiftStore extends Store, ExemplarStore, Required<RecordSink> {
  stats(): HeadStats;
  /** Deletes what is older than its rule keeps it. */
  readonly retention: Pick<RetentionKeeper, 'status' | 'change' | 'sweep'>;
  /** What the known series are made of; the `limit` largest of each list. */
  cardinality(limit: number): Cardinality;
  /** The same in more detail, of chosen series, without holding others up. */
  readonly explorer: Pick<CardinalityReporter, 'report'>;
  /**
   * Deletes what was acknowledged before the call; what comes later is kept, also over a crash. Resolves when it is gone
   * from the head and from the engine. Throws ENGINE_DOWN; RegexpSyntaxError with nothing deleted.
   */
  deleteSeries(deletion: SeriesDeletion): Promise<void>;
  /** Frees the disk of what was deleted. */
  freeDeleted(): Promise<void>;
  /** Resolves when everything that was acknowledged before the call is in the engine. */
  flush(): Promise<void>;
  /** Flushes for at most 3 s; the rest stays in the journal. Idempotent. */
  close(): Promise<void>;
}

const SWEEP_MS = 30_000;
const CLOSE_MS = 3000;
/** A question for exemplars, or a start, waits so long for what has to reach the engine. */
const SETTLE_MS = 2000;
const DELETION_MS = 120_000;

/** Where records go that cannot be decoded any more. */
export const rejectedDirOf = (dataDir: string): string => join(dataDir, 'rejected');

/** Loads what is known, warms the head from the engine and the journal, and starts to move the journal into the engine. */
export async function openStore(options: StoreOptions): Promise<NightshiftStore> {
  const { engine, journal, now, log, head: { maxBytes = 64 * 1024 * 1024, windowMs = 2 * 3_600_000 } = {} } = options;
  const index = new SeriesIndex();
  const numbers = new SeriesNumbers(index, options.maxSeries);
  const refused = { series: 0, samples: 0 };
  const memory = new WriteMemory();
  const recent = new RecentBatches();
  const blocks = new SampleBlocks(options.blocksThread);
  await forgetGone(engine, journal);
  await loadSeries(engine, index);
  const metadata = await loadMetadata(engine);
  const head = await warmHead(engine, index, { maxBytes, windowMs, now: now() });
  const histograms = new HistogramReader(engine, head);
  for (const id of await allHistogramSeries(engine)) {
    const series = index.get(id);
    if (series) histograms.note(series.number);
  }
  const newest = { head, histograms, metadata };
  let headHasAll = true;
  for await (const record of journal.peek()) {
    try {
      const { metrics, deletion } = decodeJournal(record, memory);
      if (metrics && !takeMetrics(numbers.number(metrics), newest)) headHasAll = false;
      if (deletion) deleteFromHead(deletion, index, head);
    } catch {
      // The flusher meets the same record and sets it aside with its reason.
    }
  }
  const derived = await openDerived({ engine, series: index, now, log, ...options.derived });
  const deletions = new DeletionRuns(engine, derived.hours, log);
  await deletions.resume();
  const { rejectedDir, flushEveryMs: everyMs = 1000, refusalPatienceMs, maxRejectedBytes } = options;
  const flusher = new Flusher({
    engine,
    journal,
    derived: derived.hours,
    deletions,
    index,
    numbers,
    memory,
    recent,
    blocks,
    rejectedDir,
    everyMs,
    ...(refusalPatienceMs !== undefined && { refusalPatienceMs }),
    ...(maxRejectedBytes !== undefined && { maxRejectedBytes }),
    now,
    log,
  });
  const { retention: policy = { rules: [], defaultMs: 0 } } = options;
  const retention = new RetentionKeeper({ engine, derived, deletions, series: index, policy, now, log });
  await retention.start();
  const sweep = setInterval(() => {
    // While the engine is down the head may be all there is.
    if (engine.state === 'up') head.evictBefore(now() - windowMs);
  }, SWEEP_MS).unref();
  const flushed = (ms: number) => Promise.race([flusher.flush().then(() => true), sleep(ms, false, { ref: false })]);
  const metrics = new HeadAndEngine(derived.history, head, index, metadata, histograms);
  metrics.rollUpWith(engine, derived.hours);
  const store: NightshiftStore = {
    metrics,
    ...createLogStore(engine),
    ...createTraceStore(engine),
    ...createExemplarStore(engine, index, async () => void (await flushed(SETTLE_MS))),
    memory,
    unknownSeries: (batch) => numbers.unknown(batch),
    async admit(record, decoded) {
      await store.admitReported(record, decoded);
    },
    async admitReported(record, decoded) {
      const { metrics, deletion } = decoded;
      const { segment, offset } = await journal.append(record);
      flusher.expect(decoded);
      // At once, as for samples: what was appended behind it comes to the head behind it.
      if (deletion) deleteFromHead(deletion, index, head);
      if (!metrics) return undefined;
      const numbered = numbers.number(metrics);
      recent.keep(placeOf(segment, offset), numbered);
      // A sample too old for the head can be queried only from the engine.
      if (!takeMetrics(numbered, newest)) flusher.hurry();
      if (!numbered.refused) return undefined;
      refused.series += numbered.refused.series;
      refused.samples += numbered.refused.samples;
      return numbered.refused;
    },
    retention,
    stats: () => ({
      series: index.size,
      samples: head.samples + head.histograms.samples,
      bytes: head.bytes,
      exemplarsDropped: flusher.droppedExemplars,
      rejectedRecords: flusher.refused.kept,
      droppedRejectedRecords: flusher.refused.dropped,
      failingDeletions: deletions.failing,
      refused: { ...refused },
    }),
    explorer: new CardinalityReporter({ engine, index, head, now }),
    cardinality: (limit) => ({ series: index.size, ...head.extent(), ...index.cardinality(limit) }),
    async deleteSeries(deletion) {
      index.matchAny(deletion.selectors);
      if (engine.state !== 'up') throw new NightshiftError('ENGINE_DOWN', { reason: engine.reason }, 5);
      const body = encodeSeriesDeletion(deletion);
      const { segment, offset } = await journal.append({
        kind: 'series-deletion',
        format: 'json',
        receivedAt: now(),
        body,
      });
      flusher.expect({ deletion });
      // At once, as for samples: what was appended behind it comes to the head behind it.
      deleteFromHead(deletion, index, head);
      const isFlushed = await flushed(DELETION_MS);
      const undone = flusher.takeUndone(placeOf(segment, offset));
      if (isFlushed && undone === undefined) return;
      const why = isFlushed ? undone : flusher.lastError || 'much waits before it';
      throw new NightshiftError('ENGINE_DOWN', { reason: `the deletion is recorded and not done yet; ${why}` }, 30);
    },
    freeDeleted: () => freeDeleted(engine),
    flush: () => flusher.flush(),
    async close() {
      clearInterval(sweep);
      await Promise.race([derived.close(), sleep(CLOSE_MS, undefined, { ref: false })]);
      await Promise.race([retention.close(), sleep(CLOSE_MS, undefined, { ref: false })]);
      await flusher.close(CLOSE_MS);
      blocks.end();
      await deletions.close();
    },
  };
  // Old samples, or any while a deletion is not done: they could be queried before this start, and can be from the engine.
  if (!headHasAll) await flushed(SETTLE_MS);
  return store;
}

/** Series without any sample are not loaded, and their rows go while nothing waits that could name them. */
async function forgetGone(engine: Engine, journal: Journal): Promise<void> {
  await unmarkReturned(engine);
  if (journal.stats().records === 0) await dropGone(engine);
}

function deleteFromHead({ selectors, start, end }: SeriesDeletion, index: SeriesIndex, head: Head): void {
  for (const { number } of index.matchAny(selectors)) head.delete(number, start, end);
}

/** What is told of samples as soon as they are durable. */
interface Newest {
  readonly head: Head;
  readonly histograms: HistogramReader;
  readonly metadata: Map<string, MetricMetadata>;
}

/** False when some samples were too old for the head. */
function takeMetrics({ batch, numbers }: NumberedBatch, { head, histograms, metadata }: Newest): boolean {
  const { seriesIndex, timestamps, values } = batch;
  const words = wordsOf(values);
  let all = true;
  for (let i = 0; i < timestamps.length; i++) {
    const time = timestamps[i]!;
    if (time < head.coveredFrom) all = false;
    else head.insert(numbers[seriesIndex[i]!]!, time, words[2 * i]!, words[2 * i + 1]!);
  }
  for (const { series, timestamp, histogram } of batch.histograms ?? []) {
    const number = numbers[series]!;
    histograms.note(number);
    if (timestamp < head.coveredFrom) all = false;
    else head.insertHistogram(number, timestamp, encodeHistogram(histogram));
  }
  for (const one of batch.metadata) metadata.set(one.name, one);
  return all;
}

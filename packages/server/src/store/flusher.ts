/** Moves batches from the journal into the engine, each exactly once, for as long as it takes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '@nightshift/spool';
import type { WriteMemory } from '@nightshift/wire';
import type { Engine } from '../engine/engine.ts';
import { type Decoded, decodeJournal, type Journal, placeOf } from '../spool/journal.ts';
import { carryOut, type Deletion } from './deletion.ts';
import type { DerivedHours } from './derived/derived-hours.ts';
import type { RecentBatches } from './recent-batches.ts';
import { BatchRows, columns } from './rows.ts';
import { freeSamples } from './sample-rows.ts';
import type { SeriesIndex } from './series-index.ts';
import type { SeriesNumbers } from './series-numbers.ts';

/** A part for each insert, and every part is merged again: few large ones cost ClickHouse half of what many small ones do. */
const BATCH_BYTES = 16 * 1024 * 1024;
/** Samples can be queried from the head meanwhile; so long, in multiples of the usual time, they may gather. */
const SAMPLES_PATIENCE = 5;
const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 5000;

export interface StoreLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface FlusherOptions {
  readonly engine: Engine;
  readonly journal: Journal;
  /** What was derived from samples stops counting before they change. */
  readonly derived: DerivedHours;
  readonly index: SeriesIndex;
  readonly numbers: SeriesNumbers;
  readonly memory: WriteMemory;
  /** Batches by the place of their record; those that are there are not decoded again. */
  readonly recent: RecentBatches;
  /** Records that cannot be decoded any more are kept here, one file each, and are not sent. */
  readonly rejectedDir: string;
  /** Milliseconds between two batches when there is little to do: ClickHouse likes few, large inserts. */
  readonly everyMs: number;
  readonly now: () => number;
  readonly log: StoreLog;
}

export class Flusher {
  /** Why the last attempt failed, '' when it did not. */
  lastError = '';
  rejectedRecords = 0;
  /** Exemplars that were not stored since the start: not usable, or too many of one series at once. */
  droppedExemplars = 0;
  private committed = 0;
  private waiting: { readonly target: number; readonly resolve: () => void }[] = [];
  private nudge = new AbortController();
  private stopping = false;
  /** Somebody was in a hurry during the last pause. */
  private nudged = false;
  /** Something is waiting that can be queried from the engine alone. */
  private urgent = true;
  private readonly running: Promise<void>;

  constructor(private readonly options: FlusherOptions) {
    this.running = this.run();
  }

  /** Resolves when everything that was acknowledged before the call is in the engine. */
  flush(): Promise<void> {
    const target = this.committed + this.options.journal.stats().records;
    if (target === this.committed) return Promise.resolve();
    this.hurry();
    return new Promise((resolve) => this.waiting.push({ target, resolve }));
  }

  /** Was appended: whatever the head does not have goes to the engine soon. */
  expect({ metrics, logs, spans }: Decoded): void {
    if (logs || spans || (metrics && (metrics.exemplars.length > 0 || metrics.metadata.length > 0))) this.urgent = true;
  }

  /** Does not wait for more records to share the next insert. */
  hurry(): void {
    this.nudge.abort();
  }

  /** Flushes for at most `ms`; what is left stays in the journal for the next start. Idempotent. */
  async close(ms: number): Promise<void> {
    if (!this.stopping) await Promise.race([this.flush(), sleep(ms, undefined, { ref: false }), this.running]);
    this.stopping = true;
    this.hurry();
    await Promise.race([this.running, sleep(ms, undefined, { ref: false })]);
  }

  private async run(): Promise<void> {
    const { journal, everyMs } = this.options;
    while (!this.stopping) {
      await this.pause(60_000, journal.waitForRecords());
      if (this.stopping) return;
      if (journal.stats().records === 0) continue;
      this.nudged = false;
      for (let waited = 0; waited < SAMPLES_PATIENCE && this.mayWait(waited); waited++) await this.pause(everyMs);
      this.urgent = false;
      await this.moveOne();
    }
  }

  private mayWait(waited: number): boolean {
    if (this.waiting.length > 0 || this.stopping || this.nudged) return false;
    return this.options.journal.pendingBytes < BATCH_BYTES && (waited === 0 || !this.urgent);
  }

  /** Ends early when somebody is in a hurry, or when `enough` resolves. */
  private async pause(ms: number, enough?: Promise<unknown>): Promise<void> {
    const { signal } = this.nudge;
    const over = new AbortController();
    const end = () => over.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const paused = sleep(ms, undefined, { signal: over.signal, ref: false }).catch(() => {});
    await (enough ? Promise.race([paused, enough]) : paused);
    signal.removeEventListener('abort', end);
    end();
    this.nudged = signal.aborted;
    if (this.nudged) this.nudge = new AbortController();
  }

  private async moveOne(): Promise<void> {
    const { journal, log } = this.options;
    for (let backOff = FIRST_BACK_OFF_MS; !this.stopping; backOff = Math.min(LONGEST_BACK_OFF_MS, backOff * 2)) {
      try {
        const batch = await journal.nextBatch(BATCH_BYTES);
        if (batch) await this.move(batch);
        this.lastError = '';
        return;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (reason !== this.lastError) log.warn({ reason }, 'a batch waits for the engine');
        this.lastError = reason;
        await sleep(backOff, undefined, { ref: false });
      }
    }
  }

  private async move(batch: Batch): Promise<void> {
    const { engine, derived, index, journal } = this.options;
    let rows = new BatchRows(index, (BigInt(batch.segment) << 40n) + BigInt(batch.start));
    let droppedExemplars = 0;
    let token = batch.token;
    for (const place of batch.records.keys()) {
      const name = `${batch.token}-${place}`;
      const deletion = await this.take(rows, batch, place, name);
      if (!deletion) continue;
      // What follows is inserted under tokens of its own, and only when the deletion is done.
      await this.insert(rows, token);
      await carryOut(engine, derived, deletion, name);
      droppedExemplars += rows.droppedExemplars;
      rows = new BatchRows(index, rows.nextSequence);
      token = name;
    }
    await this.insert(rows, token);
    await journal.commit(batch);
    for (const end of batch.ends) this.options.recent.forget(placeOf(batch.segment, end));
    this.droppedExemplars += droppedExemplars + rows.droppedExemplars;
    this.committed += batch.records.length;
    this.waiting = this.waiting.filter(({ target, resolve }) => {
      if (target <= this.committed) resolve();
      return target > this.committed;
    });
  }

  /** Adds the rows of a record, or sets it aside. Gives what is to be deleted, if it says so. */
  private async take(rows: BatchRows, batch: Batch, place: number, name: string): Promise<Deletion | undefined> {
    const { index, numbers, memory, recent } = this.options;
    const record = batch.records[place]!;
    try {
      const known = recent.find(placeOf(batch.segment, batch.ends[place]!));
      if (known) {
        rows.addMetrics(known);
        return undefined;
      }
      const decoded = decodeJournal(record, memory);
      if (decoded.metrics) rows.addMetrics(numbers.number(decoded.metrics));
      rows.add(decoded);
      const { deletion } = decoded;
      return deletion && { ...deletion, series: index.matchAny(deletion.selectors) };
    } catch (error) {
      await this.reject(name, record, error);
      return undefined;
    }
  }

  private async insert(rows: BatchRows, token: string): Promise<void> {
    const { engine, derived, now } = this.options;
    await derived.change(rows.hours, async () => {
      for (const { table, part, rows: bytes, format } of rows.inserts(now())) {
        await engine.insert(`nightshift.${table}`, columns[table], bytes, `${token}-${part}`, format);
        if (format === 'Native') freeSamples(bytes);
      }
    });
    for (const series of rows.series) series.stored = true;
  }

  /** A record was decoded once before it was acknowledged; if that fails now, the program changed or the disk did. */
  private async reject(name: string, record: Uint8Array, error: unknown): Promise<void> {
    const { rejectedDir, log } = this.options;
    await mkdir(rejectedDir, { recursive: true, mode: 0o700 });
    const file = join(rejectedDir, name);
    await writeFile(file, record, { mode: 0o600 });
    this.rejectedRecords++;
    log.error(
      { file, reason: error instanceof Error ? error.message : String(error) },
      'a stored record was set aside',
    );
  }
}

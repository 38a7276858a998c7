/** Moves batches from the journal into the engine, each exactly once, for as long as it takes. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '@nightshift/spool';
import type { WriteMemory } from '@nightshift/wire';
import type { Engine } from '../engine/engine.ts';
import { type Decoded, decodeJournal, type Journal, placeOf } from '../spool/journal.ts';
import { carryOut, type Deletion, isCarriedOut } from './deletion.ts';
import type { DeletionRuns } from './deletion-runs.ts';
import type { DerivedHours } from './derived/derived-hours.ts';
import type { RecentBatches } from './recent-batches.ts';
import { refusalOf } from './refusal.ts';
import { RefusedRecords } from './refused-records.ts';
import { BatchRows, columns, type Insert } from './rows.ts';
import type { SampleBlocks } from './sample-blocks.ts';
import type { SeriesIndex } from './series-index.ts';
import type { SeriesNumbers } from './series-numbers.ts';

/** A part for each insert, and every part is merged again: few large ones cost ClickHouse half of what many small ones do. */
const BATCH_BYTES = 16 * 1024 * 1024;
/** Taken with it: a segment of the journal ends a little behind its size, and what is left of it would be a part of its own. */
const REST_BYTES = 1024 * 1024;
/** Samples can be queried from the head meanwhile; so long, in multiples of the usual time, they may gather. */
const SAMPLES_PATIENCE = 5;
const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 5000;
/** Nobody has seen this refusal before; after so long it is taken for one that will not change. */
const REFUSAL_PATIENCE_MS = 600_000;

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
  readonly deletions: DeletionRuns;
  readonly index: SeriesIndex;
  readonly numbers: SeriesNumbers;
  readonly memory: WriteMemory;
  /** Batches by the place of their record; those that are there are not decoded again. */
  readonly recent: RecentBatches;
  readonly blocks: SampleBlocks;
  /** Records that cannot be decoded any more or that the engine refuses are kept here, one file each. */
  readonly rejectedDir: string;
  /** Bytes of them; 1 GiB unless told. */
  readonly maxRejectedBytes?: number;
  /** Milliseconds between two batches when there is little to do: ClickHouse likes few, large inserts. */
  readonly everyMs: number;
  /** Milliseconds for which the engine may refuse rows with an error of which it is not known whether it passes. */
  readonly refusalPatienceMs?: number;
  readonly now: () => number;
  readonly log: StoreLog;
}

const MAX_REJECTED_BYTES = 1024 ** 3;

/** Behind the name of an insert that is done record by record: an empty file, until its batch is committed. */
const APART = '.apart';

/** Records of a batch that are inserted together. */
interface Records {
  readonly batch: Batch;
  readonly from: number;
  readonly to: number;
}

export class Flusher {
  /** Why the last attempt failed, '' when it did not. */
  lastError = '';
  /** Records that were set aside. */
  readonly refused: RefusedRecords;
  /** Exemplars that were not stored since the start: not usable, or too many of one series at once. */
  droppedExemplars = 0;
  /** Why deletions that were left behind are not done, by the place of their record, until somebody asks. */
  private readonly undone = new Map<string, string>();
  private committed = 0;
  private waiting: { readonly target: number; readonly resolve: () => void }[] = [];
  private nudge = new AbortController();
  private stopping = false;
  /** Somebody was in a hurry during the last pause. */
  private nudged = false;
  /** Something is waiting that can be queried from the engine alone. */
  private urgent = true;
  /** Inserts that are done record by record, by their tokens; the names of files in `rejectedDir`. */
  private apart: Set<string> | undefined;
  /** Why the engine refused rows the last time. */
  private refusal: unknown;
  /** What the engine refuses for a reason that may pass, and since when (milliseconds of this process). */
  private suspect: { readonly name: string; readonly since: number } | undefined;
  private readonly running: Promise<void>;

  constructor(private readonly options: FlusherOptions) {
    const { rejectedDir: dir, maxRejectedBytes: maxBytes = MAX_REJECTED_BYTES, now, log } = options;
    this.refused = new RefusedRecords({ dir, maxBytes, now, log });
    this.running = this.run();
  }

  /** Resolves when everything that was acknowledged before the call is in the engine. */
  flush(): Promise<void> {
    const target = this.committed + this.options.journal.stats().records;
    if (target === this.committed) return Promise.resolve();
    this.hurry();
    return new Promise((resolve) => this.waiting.push({ target, resolve }));
  }

  /** Why a deletion that was flushed is not done, once; undefined for one that is. */
  takeUndone(place: string): string | undefined {
    const reason = this.undone.get(place);
    this.undone.delete(place);
    return reason;
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
        const batch = await journal.nextBatch(BATCH_BYTES + REST_BYTES);
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
    const { index, journal } = this.options;
    let rows = new BatchRows(index, (BigInt(batch.segment) << 40n) + BigInt(batch.start));
    let droppedExemplars = 0;
    let token = batch.token;
    let from = 0;
    for (const place of batch.records.keys()) {
      const name = `${batch.token}-${place}`;
      const deletion = await this.take(rows, batch, place, name);
      if (!deletion) continue;
      // What follows is inserted under tokens of its own, and only when the deletion is done. What it deleted is not
      // inserted again: the engine forgets a token with the last row that came under it.
      if (!(await isCarriedOut(this.options.engine, name))) {
        await this.insert(rows, token, { batch, from, to: place });
        await this.carryOut(deletion, batch, place, name);
      }
      droppedExemplars += rows.droppedExemplars;
      rows = new BatchRows(index, rows.nextSequence);
      token = name;
      from = place + 1;
    }
    await this.insert(rows, token, { batch, from, to: batch.records.length });
    await journal.commit(batch);
    await this.forgetApart();
    for (const end of batch.ends) this.options.recent.forget(placeOf(batch.segment, end));
    this.droppedExemplars += droppedExemplars + rows.droppedExemplars;
    this.committed += batch.records.length;
    this.waiting = this.waiting.filter(({ target, resolve }) => {
      if (target <= this.committed) resolve();
      return target > this.committed;
    });
  }

  /** Sets it aside when the engine does not take it and never will. */
  private async carryOut(deletion: Deletion, batch: Batch, place: number, name: string): Promise<void> {
    const { engine, deletions } = this.options;
    let reason: string;
    try {
      reason = await carryOut(engine, deletions, deletion, name);
    } catch (error) {
      if (!this.isRefused(error, name)) throw error;
      await this.reject(name, batch.records[place]!, error);
      reason = `the engine does not take it: ${(error as Error).message}`;
    }
    if (reason !== '') this.undone.set(placeOf(batch.segment, batch.ends[place]!), reason);
  }

  /** Whether the engine would say no every time: at once where that is known, else when it has done so for long. */
  private isRefused(error: unknown, name: string): boolean {
    const kind = refusalOf(error);
    if (kind !== 'unknown') return kind === 'for-good';
    if (this.suspect?.name !== name) this.suspect = { name, since: performance.now() };
    return performance.now() - this.suspect.since >= (this.options.refusalPatienceMs ?? REFUSAL_PATIENCE_MS);
  }

  /** Adds the rows of a record, or sets it aside. Gives what is to be deleted, if it says so. */
  private async take(rows: BatchRows, batch: Batch, place: number, name: string): Promise<Deletion | undefined> {
    try {
      return this.addRows(rows, batch, place);
    } catch (error) {
      await this.reject(name, batch.records[place]!, error);
      return undefined;
    }
  }

  /** Throws for a record that cannot be decoded. */
  private addRows(rows: BatchRows, batch: Batch, place: number): Deletion | undefined {
    const { index, numbers, memory, recent } = this.options;
    const known = recent.find(placeOf(batch.segment, batch.ends[place]!));
    if (known) {
      rows.addMetrics(known);
      return undefined;
    }
    const decoded = decodeJournal(batch.records[place]!, memory);
    if (decoded.metrics) rows.addMetrics(numbers.number(decoded.metrics));
    rows.add(decoded);
    const { deletion } = decoded;
    return deletion && { ...deletion, series: index.matchAny(deletion.selectors) };
  }

  private async insert(rows: BatchRows, token: string, of: Records): Promise<void> {
    const { derived, now } = this.options;
    await derived.change(rows.hours, async () => {
      for (const insert of rows.inserts(now())) {
        const name = `${token}-${insert.part}`;
        // Once begun apart, it goes on so after a crash: the tokens of what is in the engine already are other ones.
        if (!(await this.isApart(name)) && (await this.isTaken(insert, name, name))) continue;
        await this.insertApart(insert.part, name, rows.firstSequence, of);
      }
    });
    this.options.index.markStored(rows.series);
  }

  /** False when the engine refuses the rows and would again; throws for whatever may pass. */
  private async isTaken(insert: Insert, token: string, part: string): Promise<boolean> {
    try {
      await this.insertRows(insert, token);
      return true;
    } catch (error) {
      if (!this.isRefused(error, part)) throw error;
      this.refusal = error;
      return false;
    }
  }

  private async insertRows(insert: Insert, token: string): Promise<void> {
    const { engine, index, blocks } = this.options;
    const { table } = insert;
    const into = `nightshift.${table}`;
    if ('rows' in insert) return engine.insert(into, columns[table], insert.rows, token);
    const block = await blocks.make(insert.runs, index.idWords);
    await engine.insert(into, columns[table], block, token, 'Native');
    blocks.free(block);
  }

  /** Each record under a token of its own; one that the engine refuses even so is set aside, and the others go on. */
  private async insertApart(part: string, name: string, firstSequence: bigint, { batch, from, to }: Records) {
    const { index, now, rejectedDir } = this.options;
    await mkdir(rejectedDir, { recursive: true, mode: 0o700 });
    await writeFile(join(rejectedDir, name + APART), '', { mode: 0o600, flush: true });
    this.apart?.add(name);
    let sequence = firstSequence;
    for (let place = from; place < to; place++) {
      const rows = new BatchRows(index, sequence);
      try {
        this.addRows(rows, batch, place);
      } catch {
        // It was set aside when the batch was put together.
      }
      sequence = rows.nextSequence;
      const insert = rows.inserts(now()).find((one) => one.part === part);
      if (!insert || (await this.isTaken(insert, `${name}-${place}`, name))) continue;
      await this.reject(`${batch.token}-${place}`, batch.records[place]!, this.refusal);
    }
  }

  private async isApart(name: string): Promise<boolean> {
    if (!this.apart) {
      const files = await readdir(this.options.rejectedDir).catch(() => []);
      this.apart = new Set(files.filter((file) => file.endsWith(APART)).map((file) => file.slice(0, -APART.length)));
    }
    return this.apart.has(name);
  }

  private async forgetApart(): Promise<void> {
    for (const name of this.apart ?? []) await rm(join(this.options.rejectedDir, name + APART), { force: true });
    this.apart?.clear();
  }

  /**
   * A record was decoded once before it was acknowledged; if that fails now, the program changed or the disk did. If the
   * engine refuses its rows, one of the two is wrong about them.
   */
  private reject(name: string, record: Uint8Array, error: unknown): Promise<void> {
    return this.refused.keep(name, record, error);
  }
}

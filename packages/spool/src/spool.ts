/**
 * A durable queue on disk. A record is on disk when `append` resolves (one synchronous write is shared by all that wait). The
 * one consumer gets batches whose bounds, and so whose token, are durable before they are handed out: after a crash the
 * very same batch with the very same token comes first, so that a receiver that remembers tokens stores it once.
 */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Cursor } from './cursor.ts';
import { makeDirectory, quarantineRest, recoverSegments, type Segment, syncDirectory } from './recover.ts';
import { HEADER_BYTES, RECORD_OVERHEAD, readRecord, SpoolError, segmentName } from './segment.ts';
import { SegmentWriter } from './writer.ts';

export interface Position {
  readonly segment: number;
  /** End of the record in its segment file, in bytes. */
  readonly offset: number;
}

export interface Batch {
  /** `SPOOLID-SEGMENT-START-END`: the same for the same records, never used for others. */
  readonly token: string;
  /** Views, until the batch is committed. */
  readonly records: readonly Uint8Array[];
  /** The end of each record in the segment file, in bytes: the offset that `append` gave. */
  readonly ends: readonly number[];
  readonly segment: number;
  readonly start: number;
  readonly end: number;
}

/** What fell to the cap. */
export interface Dropped {
  readonly records: number;
  readonly bytes: number;
}

export interface SpoolOptions {
  readonly dir: string;
  /** A segment is closed when it has grown past this, in bytes. */
  readonly segmentBytes?: number;
  /** Above this many bytes on disk the oldest segments are dropped. Without it the disk is the limit. */
  readonly capBytes?: number;
  readonly onDrop?: (dropped: Dropped) => void;
  /** Told of every file that was set aside for damage, when opening and later. */
  readonly onQuarantine?: (file: string) => void;
}

export interface SpoolStats {
  /** On disk, committed records of unfinished segments included. */
  readonly bytes: number;
  /** Not yet committed. */
  readonly records: number;
  readonly segments: number;
  readonly droppedRecords: number;
  readonly quarantinedFiles: number;
  readonly tornBytes: number;
  /** Why the last append failed; absent when the spool takes records. */
  readonly degraded: string | undefined;
}

/** Sizes of the memory for batches. */
const MEMORY_STEP = 256 * 1024;

export class Spool {
  private readonly segments: Segment[];
  private readonly writer: SegmentWriter;
  private handedOut: Batch | undefined;
  /** The segment that is being read right now; the cap must not take it away. */
  private reading: number | undefined;
  private waiters: (() => void)[] = [];
  private closed = false;
  /** Where the batch that is handed out stands. */
  private memory = Buffer.alloc(0);
  private droppedRecords = 0;
  private quarantinedFiles: number;

  /** @internal Use `openSpool`. */
  constructor(
    private readonly options: SpoolOptions,
    private readonly cursor: Cursor,
    recovered: { segments: Segment[]; tornBytes: number; quarantined: readonly string[] },
    private readonly tornBytes: number,
  ) {
    this.segments = recovered.segments;
    this.quarantinedFiles = recovered.quarantined.length + (cursor.lost ? 1 : 0);
    const cap = options.capBytes ?? Number.POSITIVE_INFINITY;
    this.writer = new SegmentWriter({
      dir: options.dir,
      // A quarter of the cap, so that dropping one segment never empties the spool.
      segmentBytes: Math.min(options.segmentBytes ?? 16 * 1024 * 1024, Math.max(4096, Math.floor(cap / 4))),
      segments: this.segments,
      firstNumber: Math.max(cursor.state.segment, this.segments.at(-1)?.number ?? 0) + 1,
      onAppended: () => {
        this.dropAboveCap();
        this.wake();
      },
    });
  }

  /**
   * Resolves when the record, whole or in parts, is on disk; rejects, with nothing of it kept, when it cannot be written. Its
   * bytes must not change before.
   */
  append(record: Uint8Array | readonly Uint8Array[]): Promise<Position> {
    if (this.closed) return Promise.reject(new SpoolError('the spool is closed'));
    return this.writer.append([record].flat());
  }

  /**
   * The oldest records not yet committed, at most `maxBytes` of them but at least one; null when there are none. An
   * uncommitted batch is handed out again, unchanged.
   */
  async nextBatch(maxBytes: number): Promise<Batch | null> {
    if (this.handedOut) return this.handedOut;
    try {
      return await this.readNext(maxBytes);
    } finally {
      this.reading = undefined;
    }
  }

  private async readNext(maxBytes: number): Promise<Batch | null> {
    const pending = this.cursor.state;
    if (pending.end !== undefined) {
      const again = await this.rereadPending(pending.segment, pending.start, pending.end);
      if (again) return again;
    }
    for (;;) {
      const segment = this.segments[0];
      if (!segment) return null;
      this.reading = segment.number;
      const at =
        this.cursor.state.segment === segment.number ? Math.max(HEADER_BYTES, this.cursor.state.start) : HEADER_BYTES;
      if (at < segment.end) {
        const batch = await this.readBatch(
          segment,
          at,
          Math.min(segment.end, at + maxBytes + RECORD_OVERHEAD),
          segment.end,
        );
        if (!batch) continue;
        await this.cursor.write({ segment: batch.segment, start: batch.start, end: batch.end }, true);
        this.handedOut = batch;
        return batch;
      }
      if (segment === this.segments.at(-1)) return null;
      await this.finishSegment(segment);
    }
  }

  /** Resolves when there is something to hand out, or when the spool is closed. */
  waitForRecords(): Promise<void> {
    if (this.closed || this.uncommitted() > 0) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  /** The batch's records are done with. Not synced: a crash of the machine right now hands it out again, with its token. */
  async commit(batch: Batch): Promise<void> {
    if (this.handedOut?.token !== batch.token) throw new SpoolError(`batch ${batch.token} is not the one handed out`);
    await this.cursor.write({ segment: batch.segment, start: batch.end, end: undefined }, false);
    this.handedOut = undefined;
    const segment = this.segments[0];
    if (segment?.number !== batch.segment) return;
    segment.consumed += batch.records.length;
    if (batch.end >= segment.end && segment !== this.segments.at(-1)) await this.finishSegment(segment);
  }

  stats(): SpoolStats {
    return {
      bytes: this.segments.reduce((sum, segment) => sum + segment.end, 0),
      records: this.uncommitted(),
      segments: this.segments.length,
      droppedRecords: this.droppedRecords,
      quarantinedFiles: this.quarantinedFiles,
      tornBytes: this.tornBytes,
      degraded: this.writer.degraded,
    };
  }

  /** Bytes of records not yet committed. */
  get pendingBytes(): number {
    const { segment: number, start } = this.cursor.state;
    return this.segments.reduce((sum, one) => {
      const from = one.number === number ? Math.max(HEADER_BYTES, start) : HEADER_BYTES;
      return sum + Math.max(0, one.end - from);
    }, 0);
  }

  /** Waits for the appends under way. Idempotent. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.writer.close();
    await this.cursor.close();
    this.wake();
  }

  /** All records not yet committed, oldest first, without taking them: for warming caches after a start. */
  async *peek(): AsyncGenerator<Uint8Array> {
    const { segment: number, start } = this.cursor.state;
    for (const segment of [...this.segments]) {
      let at = segment.number === number ? Math.max(HEADER_BYTES, start) : HEADER_BYTES;
      const end = segment.end;
      if (at >= end) continue;
      const bytes = await this.readRange(segment.number, at, Buffer.allocUnsafe(end - at));
      for (let offset = 0; at + offset < end; ) {
        const record = readRecord(bytes, offset);
        if (typeof record === 'string') break;
        yield record;
        offset += RECORD_OVERHEAD + record.length;
      }
      at = end;
    }
  }

  private uncommitted(): number {
    return this.segments.reduce((sum, segment) => sum + segment.records - segment.consumed, 0);
  }

  private wake(): void {
    const waiters = this.waiters;
    this.waiters = [];
    for (const waiter of waiters) waiter();
  }

  private async rereadPending(number: number, start: number, end: number): Promise<Batch | undefined> {
    const segment = this.segments.find((one) => one.number === number);
    if (segment && start < segment.end) {
      const batch = await this.readBatch(segment, start, end, end);
      if (batch) {
        // The token keeps the bounds that were handed out even if damage has since shortened what can be read.
        this.handedOut = { ...batch, end: Math.min(end, segment.end), token: this.token(number, start, end) };
        return this.handedOut;
      }
    }
    await this.cursor.write({ segment: number, start: Math.min(end, segment?.end ?? end), end: undefined }, true);
    return undefined;
  }

  private token(segment: number, start: number, end: number): string {
    return `${this.cursor.id}-${segment}-${start}-${end}`;
  }

  /** Whole records from `start`, up to `end` but at least one within `limit`. Undefined after setting damage aside. */
  private async readBatch(segment: Segment, start: number, end: number, limit: number): Promise<Batch | undefined> {
    let bytes = await this.readRange(segment.number, start, this.memoryFor(Math.min(end, segment.end) - start));
    if (bytes.length >= RECORD_OVERHEAD) {
      const first = RECORD_OVERHEAD + bytes.readUInt32LE(0);
      if (first > bytes.length && start + first <= limit)
        bytes = await this.readRange(segment.number, start, this.memoryFor(first));
    }
    const records: Uint8Array[] = [];
    const ends: number[] = [];
    let offset = 0;
    let record = readRecord(bytes, 0);
    while (typeof record !== 'string') {
      records.push(record);
      offset += RECORD_OVERHEAD + record.length;
      ends.push(start + offset);
      record = readRecord(bytes, offset);
    }
    const cutShort = record === 'bad' || (record === 'partial' && records.length === 0);
    if (cutShort) await this.setAside(segment, start + offset, records.length);
    if (records.length === 0) return undefined;
    const batchEnd = start + offset;
    return {
      token: this.token(segment.number, start, batchEnd),
      records,
      ends,
      segment: segment.number,
      start,
      end: batchEnd,
    };
  }

  /** For the next batch, where the one before was: that is committed. Not kept when far less is wanted. */
  private memoryFor(size: number): Buffer {
    const { memory } = this;
    if (memory.length < size || memory.length > 4 * size + MEMORY_STEP) {
      this.memory = Buffer.allocUnsafeSlow(Math.ceil(size / MEMORY_STEP) * MEMORY_STEP);
    }
    return this.memory.subarray(0, size);
  }

  /** As much as `bytes` takes, from `start` on. */
  private async readRange(number: number, start: number, bytes: Buffer): Promise<Buffer> {
    const handle = await open(join(this.options.dir, segmentName(number)), 'r');
    try {
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
      return bytes.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  /** Bytes went bad since they were written: keep them for a person, go on behind them. */
  private async setAside(segment: Segment, offset: number, goodInBatch: number): Promise<void> {
    if (segment === this.segments.at(-1)) await this.writer.seal();
    const file = await quarantineRest(this.options.dir, segment.number, offset);
    segment.end = offset;
    segment.records = segment.consumed + goodInBatch;
    this.quarantinedFiles++;
    this.options.onQuarantine?.(file);
  }

  private async finishSegment(segment: Segment): Promise<void> {
    const next = this.segments[this.segments.indexOf(segment) + 1]!;
    await this.cursor.write({ segment: next.number, start: HEADER_BYTES, end: undefined }, true);
    this.segments.splice(this.segments.indexOf(segment), 1);
    await rm(join(this.options.dir, segmentName(segment.number)), { force: true });
  }

  private dropAboveCap(): void {
    const cap = this.options.capBytes;
    if (cap === undefined) return;
    let bytes = this.segments.reduce((sum, segment) => sum + segment.end, 0);
    while (bytes > cap) {
      const index = this.segments.findIndex(
        (segment) =>
          segment !== this.segments.at(-1) &&
          segment.number !== this.handedOut?.segment &&
          segment.number !== this.reading,
      );
      const oldest = this.segments[index];
      if (!oldest) return;
      this.segments.splice(index, 1);
      bytes -= oldest.end;
      const records = oldest.records - oldest.consumed;
      this.droppedRecords += records;
      void rm(join(this.options.dir, segmentName(oldest.number)), { force: true }).catch(() => {});
      this.options.onDrop?.({ records, bytes: oldest.end });
    }
  }
}

/**
 * Opens or creates the spool in a directory that no other process uses. A torn tail is cut off, changed bytes are set
 * aside (`onQuarantine`), a segment of another version is refused with a `SpoolError`.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  await makeDirectory(options.dir);
  const cursor = await Cursor.open(options.dir);
  try {
    const recovered = await recoverSegments(options.dir, cursor.state);
    await syncDirectory(options.dir);
    for (const file of recovered.quarantined) options.onQuarantine?.(file);
    if (cursor.lost) options.onQuarantine?.('cursor');
    return new Spool(options, cursor, recovered, recovered.tornBytes);
  } catch (error) {
    await cursor.close();
    throw error;
  }
}

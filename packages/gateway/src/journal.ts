import { type FileHandle, mkdir, open, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '@nightshift/spool';
import { decodeSegment, encodeRecord, SEGMENT_HEADER } from './journal-record.ts';
import type { GatewayEvent } from './protocol.ts';

/** An event before the journal numbers it. */
export type UnnumberedEvent = GatewayEvent extends infer E ? (E extends GatewayEvent ? Omit<E, 'seq'> : never) : never;

export interface JournalOptions {
  readonly dir: string;
  /** A new segment begins when the current one has reached this size (default 1 MiB). */
  readonly segmentBytes?: number;
  /** Total size on disk (default 64 MiB). Beyond it the oldest log, traffic and trace events go first, then the oldest of all. */
  readonly capBytes?: number;
}

/** Kinds that are many and that a person can do without; everything else tells the story of an incident. */
const EXPENDABLE: ReadonlySet<GatewayEvent['kind']> = new Set(['log', 'traffic', 'trace']);
/** Events that wait for a disk that does not take them; beyond it expendable ones are refused. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
const RETRY_MS = 500;

interface Segment {
  readonly path: string;
  readonly first: number;
  last: number;
  bytes: number;
  /** Set once the cap has taken the expendable events out. */
  thinned: boolean;
}

interface Pending {
  readonly event: GatewayEvent;
  readonly record: Buffer;
}

/**
 * The durable list of events in DIR/SEQ.ndjson, where SEQ is the number of the segment's first event. An event is shown only
 * after its segment was fsynced (one fsync for all that wait), so what a reader saw survives any crash, and a number that
 * was shown is never given twice: the newest segment is kept even when everything in it was acknowledged.
 */
export class Journal {
  /** Events that the cap took, by whether they were expendable. */
  readonly dropped = { expendable: 0, critical: 0 };

  readonly #dir: string;
  readonly #segmentBytes: number;
  readonly #capBytes: number;
  #segments: Segment[] = [];
  #current: FileHandle | null = null;
  /** The durable events of the newest segment, and the last older segment that was read. */
  #tail: GatewayEvent[] = [];
  #cached: { path: string; events: readonly GatewayEvent[] } | null = null;
  #nextSeq = 1;
  #acked = 0;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | null = null;
  #closed = false;
  readonly #waiters = new Set<() => void>();

  constructor(options: JournalOptions) {
    this.#dir = options.dir;
    this.#segmentBytes = options.segmentBytes ?? 1024 * 1024;
    this.#capBytes = options.capBytes ?? 64 * 1024 * 1024;
  }

  get durableSeq(): number {
    return this.#segments.at(-1)?.last ?? 0;
  }

  /** Numbers the event and queues it; it is durable when `flush()` resolves. Never throws and never waits. */
  append(event: UnnumberedEvent): number {
    const seq = this.#nextSeq++;
    const numbered = { seq, ...event } as GatewayEvent;
    if (this.#pendingBytes > MAX_PENDING_BYTES && EXPENDABLE.has(event.kind)) {
      this.dropped.expendable++;
      return seq;
    }
    const record = encodeRecord(numbered);
    this.#pending.push({ event: numbered, record });
    this.#pendingBytes += record.length;
    this.#writing ??= this.#writeAll();
    return seq;
  }

  /** Resolves when everything that was appended before is on the disk. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** Durable events with a number above `after`, ascending, at most `limit`. */
  async read(after: number, limit: number): Promise<GatewayEvent[]> {
    const found: GatewayEvent[] = [];
    const from = Math.max(after, this.#acked);
    for (const segment of [...this.#segments]) {
      if (segment.last <= from) continue;
      for (const event of await this.#eventsOf(segment)) {
        if (event.seq > from) found.push(event);
        if (found.length >= limit) return found;
      }
    }
    return found;
  }

  /** Like `read`, but waits up to `waitMs` for the first event. */
  async wait(after: number, limit: number, waitMs: number): Promise<GatewayEvent[]> {
    const deadline = Date.now() + waitMs;
    for (;;) {
      const events = await this.read(after, limit);
      const left = deadline - Date.now();
      if (events.length > 0 || left <= 0 || this.#closed) return events;
      if (this.durableSeq <= Math.max(after, this.#acked)) await this.#somethingDurable(left);
    }
  }

  /** Forgets everything up to `seq`: whole segments are deleted; what remains in a segment is only not shown again. */
  async ack(seq: number): Promise<void> {
    const acked = Math.min(seq, this.durableSeq);
    if (acked <= this.#acked) return;
    this.#acked = acked;
    while (this.#segments.length > 1 && this.#segments[0]!.last <= acked) {
      await unlink(this.#segments.shift()!.path).catch(() => {});
    }
    const path = join(this.#dir, 'acked');
    await writeFile(`${path}.new`, String(acked));
    await rename(`${path}.new`, path);
  }

  async open(): Promise<this> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const names = (await readdir(this.#dir)).filter((name) => /^\d{16}\.ndjson$/.test(name)).sort();
    const empty: string[] = [];
    for (const name of names) {
      const path = join(this.#dir, name);
      if (!(await this.#recover(path, Number.parseInt(name, 10)))) empty.push(path);
    }
    const acked = Number(await readFile(join(this.#dir, 'acked'), 'utf8').catch(() => '0'));
    this.#acked = Number.isSafeInteger(acked) ? acked : 0;
    this.#nextSeq = Math.max(this.#nextSeq, this.#acked + 1);
    await this.#beginSegment();
    // Only now: until the new segment exists, the name of an empty one is what remembers the next number.
    for (const path of empty) if (path !== this.#segments.at(-1)!.path) await unlink(path);
    return this;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.flush();
    await this.#current?.close();
    this.#current = null;
  }

  async #recover(path: string, first: number): Promise<boolean> {
    const bytes = await readFile(path);
    const { events, goodBytes } = decodeSegment(bytes);
    const last = events.at(-1)?.seq ?? first - 1;
    // Numbers behind damage may have been shown; one line was one number, so none of them is given again.
    this.#nextSeq = Math.max(this.#nextSeq, last + 1 + linesAfter(bytes, goodBytes));
    if (events.length === 0) return false;
    if (goodBytes < bytes.length) await truncateDurably(path, goodBytes);
    this.#segments.push({ path, first, last, bytes: goodBytes, thinned: false });
    return true;
  }

  async #writeAll(): Promise<void> {
    // One turn of the event loop, so that what happens together shares one fsync.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      this.#pendingBytes = 0;
      try {
        await this.#writeBatch(batch);
        this.#wake();
      } catch {
        this.#pending = [...batch, ...this.#pending];
        this.#pendingBytes = this.#pending.reduce((sum, pending) => sum + pending.record.length, 0);
        if (this.#closed) break;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#writing = null;
  }

  async #writeBatch(batch: readonly Pending[]): Promise<void> {
    let segment = this.#segments.at(-1)!;
    if (segment.bytes >= this.#segmentBytes) {
      await this.#beginSegment(batch[0]!.event.seq);
      segment = this.#segments.at(-1)!;
    }
    const bytes = Buffer.concat(batch.map((pending) => pending.record));
    // Always at the known end, so that the rest of a write that failed half-way is overwritten.
    await this.#current!.write(bytes, 0, bytes.length, segment.bytes);
    await this.#current!.datasync();
    segment.bytes += bytes.length;
    segment.last = batch.at(-1)!.event.seq;
    for (const pending of batch) this.#tail.push(pending.event);
    await this.#enforceCap();
  }

  /** The predecessor stays until the new file and its name are on the disk: its name carries the next number over a restart. */
  async #beginSegment(first = this.#nextSeq): Promise<void> {
    const path = join(this.#dir, `${String(first).padStart(16, '0')}.ndjson`);
    const file = await open(path, 'w', 0o600);
    await file.write(SEGMENT_HEADER);
    await file.datasync();
    await syncDirectory(this.#dir);
    await this.#current?.close();
    this.#current = file;
    this.#tail = [];
    this.#segments.push({ path, first, last: first - 1, bytes: SEGMENT_HEADER.length, thinned: false });
    while (this.#segments.length > 1 && this.#segments[0]!.last <= this.#acked) {
      await unlink(this.#segments.shift()!.path).catch(() => {});
    }
  }

  async #enforceCap(): Promise<void> {
    while (this.#totalBytes() > this.#capBytes && this.#segments.length > 1) {
      const older = this.#segments.slice(0, -1);
      const segment = older.find((candidate) => !candidate.thinned);
      if (segment) await this.#thin(segment);
      else await this.#dropWhole(older[0]!);
    }
  }

  #totalBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  async #thin(segment: Segment): Promise<void> {
    const events = await this.#eventsOf(segment);
    const kept = events.filter((event) => !EXPENDABLE.has(event.kind));
    this.dropped.expendable += events.length - kept.length;
    this.#cached = null;
    if (kept.length === 0) {
      await this.#remove(segment);
      return;
    }
    const bytes = Buffer.concat([SEGMENT_HEADER, ...kept.map(encodeRecord)]);
    const file = await open(`${segment.path}.new`, 'w', 0o600);
    await file.write(bytes);
    await file.datasync();
    await file.close();
    await rename(`${segment.path}.new`, segment.path);
    segment.bytes = bytes.length;
    segment.last = kept.at(-1)!.seq;
    segment.thinned = true;
  }

  async #dropWhole(segment: Segment): Promise<void> {
    this.dropped.critical += (await this.#eventsOf(segment)).length;
    await this.#remove(segment);
  }

  async #remove(segment: Segment): Promise<void> {
    this.#segments = this.#segments.filter((other) => other !== segment);
    this.#cached = null;
    await unlink(segment.path).catch(() => {});
  }

  async #eventsOf(segment: Segment): Promise<readonly GatewayEvent[]> {
    if (segment === this.#segments.at(-1)) return this.#tail;
    if (this.#cached?.path === segment.path) return this.#cached.events;
    const bytes = await readFile(segment.path).catch(() => Buffer.alloc(0));
    const { events } = decodeSegment(bytes);
    this.#cached = { path: segment.path, events };
    return events;
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #somethingDurable(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.add(done);
    });
  }
}

/** Opens or creates the journal; a torn tail is cut off, a segment without a readable event is deleted. */
export function openJournal(options: JournalOptions): Promise<Journal> {
  return new Journal(options).open();
}

function linesAfter(bytes: Buffer, offset: number): number {
  let lines = 0;
  for (let i = offset; i < bytes.length; i++) if (bytes[i] === 0x0a) lines++;
  return lines;
}

async function truncateDurably(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.truncate(bytes);
  await file.datasync();
  await file.close();
}

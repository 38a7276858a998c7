/** The appending side: one synchronous write for all the records that wait. */
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Segment, syncDirectory } from './recover.ts';
import {
  HEADER_BYTES,
  RECORD_OVERHEAD,
  recordHead,
  SpoolError,
  segmentHeader,
  segmentName,
  sizeOf,
} from './segment.ts';
import type { Position } from './spool.ts';

interface Waiting {
  readonly parts: readonly Uint8Array[];
  readonly size: number;
  readonly resolve: (position: Position) => void;
  readonly reject: (error: unknown) => void;
}

export interface WriterOptions {
  readonly dir: string;
  readonly segmentBytes: number;
  /** Shared with the reader; the writer appends to it and moves `end` and `records` of the last. */
  readonly segments: Segment[];
  readonly firstNumber: number;
  readonly onAppended: () => void;
}

const PROBE_MS = 1000;

const { O_WRONLY, O_CREAT, O_TRUNC, O_DSYNC } = constants;
/**
 * On Linux a write by `O_DSYNC` is as one with an fdatasync behind it, in one trip to another thread instead of two. Elsewhere
 * it may leave what was written in the memory of the drive.
 */
const WRITES_SYNC = process.platform === 'linux';
const SEGMENT_FLAGS = O_WRONLY | O_CREAT | O_TRUNC | (WRITES_SYNC ? O_DSYNC : 0);

export class SegmentWriter {
  degraded: string | undefined;
  private waiting: Waiting[] = [];
  private running: Promise<void> | undefined;
  private active: { readonly handle: FileHandle; readonly segment: Segment } | undefined;
  private nextNumber: number;
  private probe: NodeJS.Timeout | undefined;
  private seals: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(private readonly options: WriterOptions) {
    this.nextNumber = options.firstNumber;
  }

  append(parts: readonly Uint8Array[]): Promise<Position> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ parts, size: sizeOf(parts), resolve, reject });
      this.start();
    });
  }

  /** The next record goes to a new segment, which exists when this resolves. */
  seal(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.seals.push({ resolve, reject });
      this.start();
    });
  }

  async close(): Promise<void> {
    await this.idle();
    clearInterval(this.probe);
    await this.leaveSegment();
  }

  private start(): void {
    this.running ??= this.run().finally(() => {
      this.running = undefined;
      if (this.waiting.length > 0 || this.seals.length > 0) this.start();
    });
  }

  private async sealNow(): Promise<void> {
    const seals = this.seals;
    this.seals = [];
    try {
      await this.leaveSegment();
      await this.openSegment();
      for (const seal of seals) seal.resolve();
    } catch (error) {
      await this.failed(error);
      for (const seal of seals) seal.reject(error);
    }
  }

  private async idle(): Promise<void> {
    while (this.running) await this.running;
  }

  private async run(): Promise<void> {
    // Lets everything that arrives in this turn of the event loop share the first write.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0 || this.seals.length > 0) {
      if (this.seals.length > 0) await this.sealNow();
      if (this.waiting.length === 0) continue;
      const group = this.takeGroup();
      try {
        const positions = await this.writeGroup(group);
        this.recovered();
        for (const [index, one] of group.entries()) one.resolve(positions[index]!);
      } catch (error) {
        await this.failed(error);
        for (const one of group)
          one.reject(new SpoolError(`the record was not stored: ${reason(error)}`, { cause: error }));
        continue;
      }
      this.options.onAppended();
    }
  }

  private takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < this.waiting.length && (count === 0 || bytes < this.options.segmentBytes)) {
      bytes += this.waiting[count]!.size + RECORD_OVERHEAD;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  private async writeGroup(group: readonly Waiting[]): Promise<Position[]> {
    if (this.active && this.active.segment.end >= this.options.segmentBytes) await this.leaveSegment();
    const { handle, segment } = this.active ?? (await this.openSegment());
    const parts: Uint8Array[] = [];
    const positions: Position[] = [];
    let end = segment.end;
    for (const record of group) {
      parts.push(recordHead(record.parts), ...record.parts);
      end += RECORD_OVERHEAD + record.size;
      positions.push({ segment: segment.number, offset: end });
    }
    await writeParts(handle, parts, segment.end);
    if (!WRITES_SYNC) await handle.datasync();
    segment.end = end;
    segment.records += group.length;
    return positions;
  }

  private async openSegment(): Promise<{ handle: FileHandle; segment: Segment }> {
    const number = this.nextNumber;
    const path = join(this.options.dir, segmentName(number));
    const handle = await open(path, SEGMENT_FLAGS, 0o600);
    try {
      await writeFully(handle, segmentHeader(), 0);
      if (!WRITES_SYNC) await handle.datasync();
      await syncDirectory(this.options.dir);
    } catch (error) {
      await handle.close().catch(() => {});
      await rm(path, { force: true }).catch(() => {});
      throw error;
    }
    this.nextNumber = number + 1;
    const segment = { number, end: HEADER_BYTES, records: 0, consumed: 0 };
    this.options.segments.push(segment);
    this.active = { handle, segment };
    return this.active;
  }

  private async leaveSegment(): Promise<void> {
    const handle = this.active?.handle;
    this.active = undefined;
    await handle?.close();
  }

  /**
   * Cuts the file back to its last good record and leaves it: after a failed sync the kernel may have forgotten
   * which pages were dirty, so nothing more may be built on this file.
   */
  private async failed(error: unknown): Promise<void> {
    this.degraded = reason(error);
    const active = this.active;
    this.active = undefined;
    if (active) {
      await active.handle.truncate(active.segment.end).catch(() => {});
      await active.handle.close().catch(() => {});
    }
    this.probe ??= setInterval(() => void this.tryAgain(), PROBE_MS).unref();
  }

  private recovered(): void {
    this.degraded = undefined;
    clearInterval(this.probe);
    this.probe = undefined;
  }

  /** Without a sender nobody would find out that the disk has room again. */
  private async tryAgain(): Promise<void> {
    const path = join(this.options.dir, 'probe');
    try {
      const handle = await open(path, 'w', 0o600);
      try {
        await writeFully(handle, Buffer.alloc(64 * 1024), 0);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      this.recovered();
    } catch (error) {
      this.degraded = reason(error);
    } finally {
      await rm(path, { force: true }).catch(() => {});
    }
  }
}

/** Parts of one write; a kernel takes no more than this at once (IOV_MAX of POSIX is at least 16, of Linux 1,024). */
const MOST_PARTS = 1024;

/** Without a copy of the records, unless the kernel does not take them all at once. */
async function writeParts(handle: FileHandle, parts: readonly Uint8Array[], position: number): Promise<void> {
  const size = sizeOf(parts);
  const bytesWritten = parts.length <= MOST_PARTS ? (await handle.writev([...parts], position)).bytesWritten : 0;
  if (bytesWritten < size)
    await writeFully(handle, Buffer.concat(parts).subarray(bytesWritten), position + bytesWritten);
}

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return 'no space is left on the device (ENOSPC)';
  return code === undefined ? message : `${message.split(',')[0]}`;
}

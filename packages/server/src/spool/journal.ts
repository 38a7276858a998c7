/** The durable queue between collect and store. Its records are the bodies as they came; they are decoded again when they leave it. */
import { type Batch, openSpool, type Position, type SpoolOptions, type SpoolStats } from '@nightshift/spool';
import type { WriteMemory } from '@nightshift/wire';
import { decodeRecord } from '../collect/decode.ts';
import type { Decoded, JournalRecord } from '../collect/record.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import { decodeJournalRecord, journalParts } from './journal-layout.ts';

export type { BodyFormat, BodyKind, Decoded, JournalRecord } from '../collect/record.ts';

export interface Journal {
  /** Resolves with its place when the record is on disk. Throws SPOOL_UNAVAILABLE or OVERLOADED, with nothing of it kept. */
  append(record: JournalRecord): Promise<Position>;
  /** See `Spool.nextBatch`: the same batch with the same token until it is committed, also over a crash. */
  nextBatch(maxBytes: number): Promise<Batch | null>;
  commit(batch: Batch): Promise<void>;
  waitForRecords(): Promise<void>;
  /** Everything that is not committed, oldest first, without taking it. */
  peek(): AsyncGenerator<Uint8Array>;
  /** Bytes of records not yet committed. */
  readonly pendingBytes: number;
  stats(): SpoolStats;
  close(): Promise<void>;
}

export interface JournalOptions extends Omit<SpoolOptions, 'capBytes' | 'onDrop'> {
  /** With this many bytes on their way to the engine, more are refused: what was acknowledged is never dropped. */
  readonly maxPendingBytes?: number;
}

/** Names a record by where it ends: in a batch as when it was appended. */
export const placeOf = (segment: number, offset: number): string => `${segment}:${offset}`;

/** Opens or creates the journal in a directory that this process alone uses. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { maxPendingBytes = Number.POSITIVE_INFINITY, ...spoolOptions } = options;
  const spool = await openSpool(spoolOptions);
  return {
    async append(record) {
      if (spool.pendingBytes >= maxPendingBytes) {
        throw new NightshiftError('OVERLOADED', { what: `${maxPendingBytes} bytes wait for the engine` }, 5);
      }
      try {
        return await spool.append(journalParts(record));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new NightshiftError('SPOOL_UNAVAILABLE', { reason }, 5);
      }
    },
    nextBatch: (maxBytes) => spool.nextBatch(maxBytes),
    commit: (batch) => spool.commit(batch),
    waitForRecords: () => spool.waitForRecords(),
    peek: () => spool.peek(),
    get pendingBytes() {
      return spool.pendingBytes;
    },
    stats: () => spool.stats(),
    close: () => spool.close(),
  };
}

/** What a record in the spool decodes to; equal bytes give an equal result at any time. Throws JournalError or WireError. */
export function decodeJournal(bytes: Uint8Array, memory?: WriteMemory): Decoded {
  const decoded = decodeRecord(decodeJournalRecord(bytes), Number.MAX_SAFE_INTEGER, memory);
  // It was accepted before it came into the journal.
  if (decoded.metrics) memory?.remember(decoded.metrics);
  return decoded;
}

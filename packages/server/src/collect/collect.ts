import { TooLargeError, WireError } from '@nightshift/wire';
import { NightshiftError } from '../errors/catalogue.ts';
import { decodeRecord } from './decode.ts';
import { checkLimits } from './limits.ts';
import type { JournalRecord, RecordSink } from './record.ts';

export interface CollectDeps {
  readonly sink: RecordSink;
  readonly now: () => number;
  readonly maxDecompressedBytes: number;
}

/**
 * Takes one body: decodes and checks all of it, then hands it on. Resolves when it is durable. Throws BODY_INVALID or
 * BODY_TOO_LARGE with nothing stored, and whatever the sink says (OVERLOADED, SPOOL_UNAVAILABLE).
 */
export async function collect(deps: CollectDeps, record: JournalRecord): Promise<void> {
  const decoded = (() => {
    try {
      const decoded = decodeRecord(record, deps.maxDecompressedBytes);
      checkLimits(decoded, deps.now());
      return decoded;
    } catch (error) {
      if (error instanceof TooLargeError) {
        throw new NightshiftError('BODY_TOO_LARGE', { limit: deps.maxDecompressedBytes, which: 'decompressed' });
      }
      if (error instanceof WireError) throw new NightshiftError('BODY_INVALID', { reason: error.message });
      throw error;
    }
  })();
  await deps.sink.admit(record, decoded);
}

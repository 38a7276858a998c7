import { TooLargeError, WireError } from '@nightshift/wire';
import { NightshiftError } from '../errors/catalogue.ts';
import { decodeRecord } from './decode.ts';
import { withUsableExemplars } from './exemplar-times.ts';
import { checkLimits } from './limits.ts';
import type { Decoded, JournalRecord, RecordSink, RefusedBySink, WriteReport } from './record.ts';

export interface CollectDeps {
  readonly sink: RecordSink;
  readonly now: () => number;
  readonly maxDecompressedBytes: number;
}

async function admit(sink: RecordSink, record: JournalRecord, decoded: Decoded): Promise<RefusedBySink | undefined> {
  if (sink.admitReported) return sink.admitReported(record, decoded);
  await sink.admit(record, decoded);
  return undefined;
}

function withRefused(refused: RefusedBySink, report: WriteReport | undefined): WriteReport {
  const { written } = report ?? {};
  const refusal = limitReached(refused, report);
  if (!written) return { refusal, refusedSamples: refused.samples };
  return { refusal, written: { ...written, samples: Math.max(0, written.samples - refused.samples) } };
}

function limitReached({ series, metric, most }: RefusedBySink, report: WriteReport | undefined): string {
  const more = report?.refusal ? `; ${report.refusal}` : '';
  return `${series} new series were refused, the first of ${JSON.stringify(metric)}: there are ${most} already, the limit (head.maxSeries). Known series go on. Send fewer, or raise it${more}`;
}

/**
 * Takes one body: decodes and checks all of it, then hands it on. Resolves when it is durable. Throws BODY_INVALID or
 * BODY_TOO_LARGE with nothing stored, and whatever the sink says (OVERLOADED, SPOOL_UNAVAILABLE). Who wrote the body
 * itself may give what it decodes to. Of remote write 2.0 a part may be refused: the report says so.
 */
export async function collectReported(
  deps: CollectDeps,
  record: JournalRecord,
  known?: Decoded,
): Promise<WriteReport | undefined> {
  const decoded = (() => {
    try {
      const decoded = known?.metrics
        ? { metrics: withUsableExemplars(known.metrics, record.receivedAt) }
        : (known ?? decodeRecord(record, deps.maxDecompressedBytes, deps.sink.memory));
      checkLimits(decoded, deps.now());
      if (decoded.metrics) deps.sink.memory?.remember(decoded.metrics);
      return decoded;
    } catch (error) {
      if (error instanceof TooLargeError) {
        throw new NightshiftError('BODY_TOO_LARGE', { limit: deps.maxDecompressedBytes, which: 'decompressed' });
      }
      if (error instanceof WireError) throw new NightshiftError('BODY_INVALID', { reason: error.message });
      throw error;
    }
  })();
  const { report } = decoded;
  // Of a request that was refused entirely there is nothing to keep.
  const isEmpty = report !== undefined && report.refusal !== '' && decoded.metrics?.series.length === 0;
  const refused = isEmpty ? undefined : await admit(deps.sink, record, decoded);
  return refused ? withRefused(refused, report) : report;
}

/** As `collectReported`, for bodies that are taken whole or not at all. */
export async function collect(deps: CollectDeps, record: JournalRecord, known?: Decoded): Promise<void> {
  await collectReported(deps, record, known);
}

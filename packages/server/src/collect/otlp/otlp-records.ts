import { decodeOtlpLogs, decodeOtlpTraces, type PartialSuccess, Rejections, WireError } from '@nightshift/wire';
import { NightshiftError } from '../../errors/catalogue.ts';
import { type CollectDeps, collect } from '../collect.ts';
import type { Decoded, JournalRecord } from '../record.ts';

/**
 * Takes OTLP logs or traces, of which a bad record or span is refused alone: decoding the stored body leaves it out every
 * time. Throws as `collect` does; BODY_INVALID also where every one is refused.
 */
export async function takeOtlpRecords(deps: CollectDeps, record: JournalRecord): Promise<PartialSuccess> {
  const rejections = new Rejections();
  const decoded = decode(record, rejections);
  await collect(deps, record, decoded);
  return { rejected: rejections.points, message: rejections.message() };
}

function decode({ kind, format, body, receivedAt }: JournalRecord, rejections: Rejections): Decoded {
  const encoding = format === 'json' ? 'json' : 'protobuf';
  try {
    return kind === 'otlp-logs'
      ? { logs: decodeOtlpLogs(body, encoding, receivedAt, rejections) }
      : { spans: decodeOtlpTraces(body, encoding, rejections) };
  } catch (error) {
    if (error instanceof WireError) throw new NightshiftError('BODY_INVALID', { reason: error.message });
    throw error;
  }
}

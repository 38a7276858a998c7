import {
  decodeJsonLogs,
  decodeOtlpLogs,
  decodeOtlpMetrics,
  decodeOtlpTraces,
  decodeSnappy,
  decodeWriteRequest,
  decodeWriteRequestV2,
  SnappyScratch,
  type WriteMemory,
} from '@nightshift/wire';
import { cutBatch } from './cut-batch.ts';
import { withUsableExemplars } from './exemplar-times.ts';
import type { BodyFormat, BodyKind, Decoded, JournalRecord } from './record.ts';
import { decodeSeriesDeletion } from './series-deletion.ts';

const otlp = (format: BodyFormat): 'protobuf' | 'json' => (format === 'json' ? 'json' : 'protobuf');

/** A batch owns its memory, so that what it was decoded from may be overwritten by the next one. */
const scratch = new SnappyScratch();

const decoders: Record<BodyKind, (record: JournalRecord, maxBytes: number, memory?: WriteMemory) => Decoded> = {
  'remote-write': ({ format, body }, maxBytes, memory) => {
    const inflate = () => memory?.inflate(body, maxBytes) ?? decodeSnappy(body, maxBytes, scratch);
    const proto = format === 'protobuf' ? body : inflate();
    if (format !== 'snappy-write-v2') return { metrics: decodeWriteRequest(proto, memory) };
    const { batch, written, refusal } = decodeWriteRequestV2(proto);
    return { metrics: batch, report: { written, refusal } };
  },
  'otlp-metrics': ({ format, body, receivedAt }) => ({ metrics: decodeOtlpMetrics(body, otlp(format), receivedAt) }),
  'otlp-logs': ({ format, body, receivedAt }) => ({ logs: decodeOtlpLogs(body, otlp(format), receivedAt) }),
  'otlp-traces': ({ format, body }) => ({ spans: decodeOtlpTraces(body, otlp(format)) }),
  'json-logs': ({ body, receivedAt }) => ({ logs: decodeJsonLogs(body, receivedAt) }),
  'series-deletion': ({ body }) => ({ deletion: decodeSeriesDeletion(body) }),
};

/**
 * Decodes a record; the same bytes give the same result at every time, with the `memory` of earlier ones only sooner. Throws
 * WireError, or TooLargeError beyond `maxBytes`.
 */
export function decodeRecord(record: JournalRecord, maxBytes = Number.MAX_SAFE_INTEGER, memory?: WriteMemory): Decoded {
  const decoded = decoders[record.kind](record, maxBytes, memory);
  if (!decoded.metrics) return decoded;
  const usable = withUsableExemplars(decoded.metrics, record.receivedAt);
  const metrics = record.cuts ? cutBatch(usable, record.cuts) : usable;
  const { report } = decoded;
  if (!report) return { metrics };
  const exemplars = report.written.exemplars - (decoded.metrics.exemplars.length - metrics.exemplars.length);
  return { metrics, report: { ...report, written: { ...report.written, exemplars } } };
}

import type { LogRecord, MetricBatch, Span, WriteMemory, WrittenCounts } from '@nightshift/wire';
import type { Cuts } from './cut-batch.ts';
import type { Refusal } from './refusal.ts';
import type { SeriesDeletion } from './series-deletion.ts';

/** What collect hands to the right: a body that was decoded and found good. Deletions have no receiver; a person asks for them. */
export type BodyKind = 'remote-write' | 'otlp-metrics' | 'otlp-logs' | 'otlp-traces' | 'json-logs' | 'series-deletion';

/** How the stored bytes are to be read. gzip and deflate are undone before; snappy remote write is kept as it came. */
export type BodyFormat = 'protobuf' | 'json' | 'snappy-protobuf' | 'ndjson' | 'snappy-write-v2';

export interface JournalRecord {
  readonly kind: BodyKind;
  readonly format: BodyFormat;
  /** Unix milliseconds when it was received; stands in for times that the body leaves out, so that a replay decodes the same. */
  readonly receivedAt: number;
  readonly body: Uint8Array;
  /** What of it was refused; a batch without it is what it decodes to. */
  readonly cuts?: Cuts;
}

/** What a sender is told of what was not taken whole. */
export interface WriteReport {
  /** Of remote write 2.0, and of 1.0 where a part was refused. */
  readonly written?: WrittenCounts;
  /** Why the rest was not taken, '' where all was. */
  readonly refusal: string;
  /** Samples that were refused for what they are: too old, or of a series too many. */
  readonly refused?: readonly Refusal[];
}

/** Exactly one of them is there, and of remote write 2.0 a report with its metrics. */
export interface Decoded {
  readonly report?: WriteReport & { readonly written: WrittenCounts };
  readonly metrics?: MetricBatch;
  readonly logs?: readonly LogRecord[];
  readonly spans?: readonly Span[];
  readonly deletion?: SeriesDeletion;
}

/** Where collect puts what it took: resolves only when the record is durable and its samples can be queried. */
export interface RecordSink {
  /** The series that it has taken, for decoding the next ones. What it admits is decoded in its memory, and released afterwards. */
  readonly memory?: WriteMemory;
  admit(record: JournalRecord, decoded: Decoded): Promise<void>;
  /** Places of the batch's series that it does not know yet. */
  unknownSeries?(batch: MetricBatch): readonly number[];
  /** As `admit`, and says what of it was refused. */
  admitReported?(record: JournalRecord, decoded: Decoded): Promise<RefusedBySink | undefined>;
}

/** Series that are one too many; the rest of the record is taken. */
export interface RefusedBySink {
  readonly series: number;
  readonly samples: number;
  /** The metric of the first of them. */
  readonly metric: string;
  /** The limit. */
  readonly most: number;
}

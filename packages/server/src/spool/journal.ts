/** What collect hands to the right: a body that was decoded and found good. */

export type BodyKind = 'remote-write' | 'otlp-metrics' | 'otlp-logs' | 'otlp-traces' | 'json-logs';
/** How the stored bytes are to be read. Content encodings are gone: bodies are journaled decompressed except snappy remote write. */
export type BodyFormat = 'protobuf' | 'json' | 'snappy-protobuf' | 'ndjson';

export interface JournalRecord {
  readonly kind: BodyKind;
  readonly format: BodyFormat;
  /** Unix milliseconds when it was received; stands in for times that the body leaves out, so that a replay decodes the same. */
  readonly receivedAt: number;
  readonly body: Uint8Array;
}

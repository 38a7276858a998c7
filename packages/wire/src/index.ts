export type * from './batch.ts';
export { WireError } from './batch.ts';
export { isStaleMarker } from './columns.ts';
export { type ClassicConversion, parseExposition, parseOpenMetrics } from './exposition.ts';
export { type ProtobufExpositionOptions, parseProtobufExposition, type TimedBatch } from './exposition-protobuf.ts';
export { cumulativeBuckets, encodeProtobufExposition, type ShownProtobufFamily } from './exposition-protobuf-writer.ts';
export {
  classicName,
  encodeExposition,
  type NameEscaping,
  type ShownFamily,
  type ShownSample,
} from './exposition-writer.ts';
export { seriesText } from './histogram/checked.ts';
export {
  type HistogramBuckets,
  type NativeHistogram,
  NO_BOUNDS,
  NO_BUCKETS,
  type ResetHint,
} from './histogram/histogram.ts';
export { finestSchema, reduced, withAtMostBuckets } from './histogram/resolution.ts';
export { decodeJsonLogs } from './json-logs.ts';
export { encodeExportResponse, encodeRpcStatus, type OtlpSignal, type PartialSuccess } from './otlp/answers.ts';
export { type DeltaState, restored, restoredHistogram } from './otlp/delta/accumulate.ts';
export { type DeltaPoint, streamOf } from './otlp/delta/point.ts';
export { decodeOtlpLogs } from './otlp/logs.ts';
export type { OtlpFormat } from './otlp/message.ts';
export {
  type DeltaStates,
  decodeOtlpMetrics,
  type OtlpConversion,
  type OtlpConversionOptions,
  readOtlpMetrics,
} from './otlp/metrics.ts';
export { Rejections } from './otlp/rejections.ts';
export {
  defaultOtlpSettings,
  type OtlpSettings,
  TRANSLATION_STRATEGIES,
  type TranslationStrategy,
} from './otlp/settings.ts';
export { decodeOtlpTraces } from './otlp/traces.ts';
export {
  decodeReadRequest,
  type ReadHints,
  type ReadMatcher,
  type ReadQuery,
  type ReadRequest,
  SAMPLES,
  STREAMED_XOR_CHUNKS,
} from './remote-read/decode-request.ts';
export { ChunkedReadEncoder } from './remote-read/encode-chunks.ts';
export { encodeReadResponse } from './remote-read/encode-samples.ts';
export { compareWireLabels } from './remote-read/order.ts';
export { type ReadSeries, readSeriesOf } from './remote-read/read-series.ts';
export { decodeWriteRequest, METRIC_TYPES } from './remote-write/decode.ts';
export { decodeWriteRequestV2, type WriteResult, type WrittenCounts } from './remote-write/decode-v2.ts';
export { encodeWriteRequest, type WriteSample, type WriteSeries } from './remote-write/encode.ts';
export { EncodedLabels, ScrapeWriter, type WrittenRequest } from './remote-write/scrape-writer.ts';
export { SeriesTable } from './remote-write/series-table.ts';
export { type KnownWriteSeries, WriteMemory } from './remote-write/write-memory.ts';
export { KnownSeries, SeriesMemory } from './series-memory.ts';
export { severityOf } from './severity.ts';
export { decodeSnappy, encodeSnappy, SnappyScratch, TooLargeError } from './snappy.ts';

import type { Exemplar, Labels, MetricMetadata } from '../batch.ts';
import { STALE_HI, STALE_LO } from '../columns.ts';
import { writeHistogram } from '../histogram/encode.ts';
import type { NativeHistogram } from '../histogram/histogram.ts';
import { FIXED64, VARINT } from '../protobuf/reader.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { METRIC_TYPES } from './decode.ts';

/**
 * One sample to send: `timestamp` in whole Unix milliseconds. `stale` sends Prometheus' stale marker instead of the
 * value: a marker held as a JavaScript number loses its bits as soon as it passes through an array of numbers.
 */
export interface WriteSample {
  readonly timestamp: number;
  readonly value: number;
  readonly stale?: boolean;
}

/** One series to send. */
export interface WriteSeries {
  readonly labels: Labels;
  readonly samples: readonly WriteSample[];
  /** `timestamp` in whole Unix milliseconds. */
  readonly histograms?: readonly { readonly timestamp: number; readonly histogram: NativeHistogram }[];
  readonly exemplars?: readonly Exemplar[];
}

/** Encodes a prometheus.WriteRequest (remote write 1.0); the caller puts it into a Snappy block with `encodeSnappy`. */
export function encodeWriteRequest(
  series: readonly WriteSeries[],
  metadata: readonly MetricMetadata[] = [],
): Uint8Array {
  const writer = new ProtoWriter();
  for (const one of series) writeSeries(writer, one);
  for (const one of metadata) writeMetadata(writer, one);
  return writer.finish();
}

function writeSeries(writer: ProtoWriter, series: WriteSeries): void {
  const start = writer.open(1);
  writeLabels(writer, series.labels);
  for (const { timestamp, value, stale } of series.samples) {
    const sample = writer.open(2);
    writer.tag(1, FIXED64);
    if (stale === true) writer.fixed64(STALE_LO, STALE_HI);
    else writer.double(value);
    writer.tag(2, VARINT);
    writer.int64(timestamp);
    writer.close(sample);
  }
  for (const exemplar of series.exemplars ?? []) writeExemplar(writer, exemplar);
  for (const { timestamp, histogram } of series.histograms ?? []) writeHistogram(writer, 4, timestamp, histogram);
  writer.close(start);
}

/** A prometheus.Exemplar in field 3. */
export function writeExemplar(writer: ProtoWriter, { labels, value, timestamp }: Exemplar): void {
  const exemplar = writer.open(3);
  writeLabels(writer, labels);
  writer.tag(2, FIXED64);
  writer.double(value);
  writer.tag(3, VARINT);
  writer.int64(timestamp);
  writer.close(exemplar);
}

/** prometheus.Label messages in field 1. */
export function writeLabels(writer: ProtoWriter, labels: Iterable<readonly [name: string, value: string]>): void {
  for (const [name, value] of labels) {
    const label = writer.open(1);
    writer.string(1, name);
    writer.string(2, value);
    writer.close(label);
  }
}

/** A prometheus.MetricMetadata in field 3 of a request. */
export function writeMetadata(writer: ProtoWriter, metadata: MetricMetadata): void {
  const start = writer.open(3);
  writer.tag(1, VARINT);
  writer.uint32(METRIC_TYPES.indexOf(metadata.type));
  writer.string(2, metadata.name);
  writer.string(4, metadata.help);
  writer.string(5, metadata.unit);
  writer.close(start);
}

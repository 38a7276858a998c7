import type { Labels } from './batch.ts';
import { writeBuckets, zigzag } from './histogram/encode.ts';
import { CUSTOM_SCHEMA, type NativeHistogram } from './histogram/histogram.ts';
import { METRIC_NAME } from './labels.ts';
import { FIXED64, VARINT } from './protobuf/reader.ts';
import { ProtoWriter } from './protobuf/writer.ts';

/** A family with one sample for each of its metrics: all are floats, or all are histograms. */
export interface ShownProtobufFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'untyped' | 'histogram' | 'gaugehistogram';
  readonly metrics: readonly {
    /** May have empty values. */
    readonly labels: Labels;
    /** Whole Unix milliseconds. */
    readonly timestamp: number;
    readonly value: number | NativeHistogram;
  }[];
}

/** io.prometheus.client.MetricType, and the field of the value in a Metric. */
const TYPES: Readonly<Record<ShownProtobufFamily['type'], { readonly number: number; readonly field: number }>> = {
  counter: { number: 0, field: 3 },
  gauge: { number: 1, field: 2 },
  untyped: { number: 3, field: 5 },
  histogram: { number: 4, field: 7 },
  gaugehistogram: { number: 5, field: 7 },
};

/**
 * Prometheus' protobuf exposition: io.prometheus.client.MetricFamily messages (client_model's metrics.proto), each with its
 * length as a varint in front. A histogram of custom buckets goes out as a classic one, as Prometheus does it (web/federate.go).
 */
export function encodeProtobufExposition(families: readonly ShownProtobufFamily[]): Uint8Array {
  const all = new ProtoWriter(64 * 1024);
  for (const family of families) {
    const writer = new ProtoWriter();
    writeFamily(writer, family);
    const bytes = writer.finish();
    all.uint32(bytes.length);
    all.raw(bytes);
  }
  return all.finish();
}

function writeFamily(writer: ProtoWriter, { name, type, metrics }: ShownProtobufFamily): void {
  const { number, field } = TYPES[type];
  writer.string(1, name);
  writer.tag(3, VARINT);
  writer.uint32(number);
  for (const { labels, timestamp, value } of metrics) {
    const metric = writer.open(4);
    for (const [label, text] of labels) {
      if (label === METRIC_NAME) continue;
      const pair = writer.open(1);
      writer.string(1, label);
      writer.string(2, text);
      writer.close(pair);
    }
    const content = writer.open(field);
    if (typeof value === 'number') double(writer, 1, value);
    else if (value.schema === CUSTOM_SCHEMA) writeClassic(writer, value);
    else writeNative(writer, value);
    writer.close(content);
    writer.tag(6, VARINT);
    writer.int64(timestamp);
    writer.close(metric);
  }
}

function double(writer: ProtoWriter, field: number, value: number): void {
  writer.tag(field, FIXED64);
  writer.double(value);
}

/** As a float histogram; a span of no bucket says that it is a native one where it has none. */
function writeNative(writer: ProtoWriter, histogram: NativeHistogram): void {
  const { schema, count, sum, zeroThreshold, zeroCount, positive, negative } = histogram;
  double(writer, 2, sum);
  double(writer, 4, count);
  writer.tag(5, VARINT);
  writer.int64(zigzag(schema));
  double(writer, 6, zeroThreshold);
  double(writer, 8, zeroCount);
  writeBuckets(writer, { spans: 9, deltas: 10, counts: 11 }, negative, false);
  writeBuckets(writer, { spans: 12, deltas: 13, counts: 14 }, positive, false);
  if (positive.indexes.length === 0) writer.close(writer.open(12));
}

/** Cumulative counts below each bound, without +Inf. */
export function cumulativeBuckets({ positive, bounds }: NativeHistogram): { bound: number; count: number }[] {
  let next = 0;
  let total = 0;
  return [...bounds].map((bound, i) => {
    while (next < positive.indexes.length && positive.indexes[next]! <= i) total += positive.counts[next++]!;
    return { bound, count: total };
  });
}

function writeClassic(writer: ProtoWriter, histogram: NativeHistogram): void {
  double(writer, 2, histogram.sum);
  double(writer, 4, histogram.count);
  for (const { bound, count } of cumulativeBuckets(histogram)) {
    const bucket = writer.open(3);
    double(writer, 2, bound);
    double(writer, 4, count);
    writer.close(bucket);
  }
}

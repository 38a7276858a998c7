/** Writes io.prometheus.write.v2.Request as a sender does. */
import type { MetricType } from '../../src/batch.ts';
import { FIXED64, VARINT } from '../../src/protobuf/reader.ts';
import { ProtoWriter } from '../../src/protobuf/writer.ts';
import { METRIC_TYPES } from '../../src/remote-write/decode.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

export interface SentHistogram {
  readonly timestamp: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroCount: number;
  /** Of the schema 0, from the bucket that ends at 2 on. */
  readonly buckets: readonly number[];
}

export interface SentSeries {
  readonly labels: Pairs;
  readonly samples?: readonly {
    readonly timestamp: number;
    readonly value: number;
    readonly start?: number | undefined;
  }[];
  readonly histograms?: readonly SentHistogram[];
  readonly exemplars?: readonly { readonly labels: Pairs; readonly value: number; readonly timestamp: number }[];
  readonly metadata?: { readonly type: MetricType; readonly help: string; readonly unit: string };
  /** Instead of what the labels give. */
  readonly refs?: readonly number[];
}

export interface EncodeOptions {
  readonly symbolsLast?: boolean;
  readonly packed?: boolean;
}

export function encodeV2(
  sent: readonly SentSeries[],
  { symbolsLast = false, packed = true }: EncodeOptions = {},
): Uint8Array {
  const symbols = new Map([['', 0]]);
  const ref = (text: string) => {
    const known = symbols.get(text) ?? symbols.size;
    symbols.set(text, known);
    return known;
  };
  const series = new ProtoWriter();
  const refs = (numbers: readonly number[]) => {
    if (packed) {
      const list = series.open(1);
      for (const number of numbers) series.uint32(number);
      series.close(list);
      return;
    }
    for (const number of numbers) {
      series.tag(1, VARINT);
      series.uint32(number);
    }
  };
  const refsOf = (labels: Pairs) => labels.flatMap(([name, value]) => [ref(name), ref(value)]);
  for (const one of sent) {
    const start = series.open(5);
    refs(one.refs ?? refsOf(one.labels));
    for (const { timestamp, value, start: started } of one.samples ?? []) {
      const sample = series.open(2);
      series.tag(1, FIXED64);
      series.double(value);
      series.tag(2, VARINT);
      series.int64(timestamp);
      if (started !== undefined) {
        series.tag(3, VARINT);
        series.int64(started);
      }
      series.close(sample);
    }
    for (const histogram of one.histograms ?? []) writeHistogram(series, histogram);
    for (const { labels, value, timestamp } of one.exemplars ?? []) {
      const exemplar = series.open(4);
      refs(refsOf(labels));
      series.tag(2, FIXED64);
      series.double(value);
      series.tag(3, VARINT);
      series.int64(timestamp);
      series.close(exemplar);
    }
    if (one.metadata) {
      const metadata = series.open(5);
      series.tag(1, VARINT);
      series.uint32(METRIC_TYPES.indexOf(one.metadata.type));
      series.tag(3, VARINT);
      series.uint32(ref(one.metadata.help));
      series.tag(4, VARINT);
      series.uint32(ref(one.metadata.unit));
      series.close(metadata);
    }
    series.close(start);
  }
  const table = new ProtoWriter();
  for (const symbol of symbols.keys()) {
    const bytes = new TextEncoder().encode(symbol);
    table.tag(4, 2);
    table.uint32(bytes.length);
    table.raw(bytes);
  }
  const parts = [table.finish(), series.finish()];
  return Buffer.concat(symbolsLast ? parts.reverse() : parts);
}

function writeHistogram(writer: ProtoWriter, histogram: SentHistogram): void {
  const start = writer.open(3);
  writer.tag(1, VARINT);
  writer.int64(histogram.count);
  writer.tag(3, FIXED64);
  writer.double(histogram.sum);
  writer.tag(6, VARINT);
  writer.int64(histogram.zeroCount);
  const span = writer.open(11);
  writer.tag(1, VARINT);
  writer.uint32(2);
  writer.tag(2, VARINT);
  writer.uint32(histogram.buckets.length);
  writer.close(span);
  const deltas = writer.open(12);
  let before = 0;
  for (const count of histogram.buckets) {
    const delta = count - before;
    writer.uint32(delta < 0 ? -2 * delta - 1 : 2 * delta);
    before = count;
  }
  writer.close(deltas);
  writer.tag(15, VARINT);
  writer.int64(histogram.timestamp);
  writer.close(start);
}

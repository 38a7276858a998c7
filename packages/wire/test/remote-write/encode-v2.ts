/** Writes io.prometheus.write.v2.Request as a sender does. */
import type { MetricType } from '../../src/batch.ts';
import { STALE_HI, STALE_LO } from '../../src/columns.ts';
import { FIXED64, VARINT } from '../../src/protobuf/reader.ts';
import { ProtoWriter } from '../../src/protobuf/writer.ts';
import { METRIC_TYPES } from '../../src/remote-write/decode.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

export interface SentHistogram {
  readonly timestamp: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroCount: number;
  /** Counts, of the schema 0 and from the bucket that ends at 2 on where nothing else is said. */
  readonly buckets: readonly number[];
  readonly schema?: number;
  readonly spans?: readonly Span[];
  readonly negative?: { readonly spans: readonly Span[]; readonly buckets: readonly number[] };
  /** The bounds of the buckets, of schema -53. */
  readonly bounds?: readonly number[];
}

/** Buckets that are left out, and then buckets that are there. */
export type Span = readonly [offset: number, length: number];

export interface SentSeries {
  readonly labels: Pairs;
  readonly samples?: readonly {
    readonly timestamp: number;
    readonly value: number;
    readonly start?: number | undefined;
    /** Prometheus' stale marker in place of the value. */
    readonly stale?: boolean;
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
    for (const { timestamp, value, start: started, stale } of one.samples ?? []) {
      const sample = series.open(2);
      series.tag(1, FIXED64);
      if (stale) series.fixed64(STALE_LO, STALE_HI);
      else series.double(value);
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
  const { buckets, spans = buckets.length > 0 ? [[1, buckets.length] as const] : [], schema = 0 } = histogram;
  const start = writer.open(3);
  writer.tag(1, VARINT);
  writer.int64(histogram.count);
  writer.tag(3, FIXED64);
  writer.double(histogram.sum);
  writer.tag(4, VARINT);
  writer.uint32(zigzag(schema));
  writer.tag(6, VARINT);
  writer.int64(histogram.zeroCount);
  if (histogram.negative) writeBuckets(writer, 8, histogram.negative.spans, histogram.negative.buckets);
  writeBuckets(writer, 11, spans, buckets);
  writer.tag(15, VARINT);
  writer.int64(histogram.timestamp);
  if (histogram.bounds) {
    const bounds = writer.open(16);
    for (const bound of histogram.bounds) writer.double(bound);
    writer.close(bounds);
  }
  writer.close(start);
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

/** Spans in the field of that number, and in the next one the differences from bucket to bucket. */
function writeBuckets(writer: ProtoWriter, field: number, spans: readonly Span[], buckets: readonly number[]): void {
  for (const [offset, length] of spans) {
    const span = writer.open(field);
    writer.tag(1, VARINT);
    writer.uint32(zigzag(offset));
    writer.tag(2, VARINT);
    writer.uint32(length);
    writer.close(span);
  }
  const deltas = writer.open(field + 1);
  let before = 0;
  for (const count of buckets) {
    writer.uint32(zigzag(count - before));
    before = count;
  }
  writer.close(deltas);
}

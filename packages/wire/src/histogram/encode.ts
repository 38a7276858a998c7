/** Writes prometheus.Histogram (prometheus/prompb/types.proto). */
import { FIXED64, LENGTH, VARINT } from '../protobuf/reader.ts';
import type { ProtoWriter } from '../protobuf/writer.ts';
import type { HistogramBuckets, NativeHistogram } from './histogram.ts';
import { resetHintNumber } from './message.ts';

/** Beyond it a difference of two counts would not be exact: such a histogram is sent as a float one. */
const MOST_EXACT = 2 ** 52;

/** The fields of a message that has the buckets of a histogram, by what they hold. */
export interface BucketFields {
  readonly spans: number;
  readonly deltas: number;
  readonly counts: number;
}

const NEGATIVE: BucketFields = { spans: 8, deltas: 9, counts: 10 };
const POSITIVE: BucketFields = { spans: 11, deltas: 12, counts: 13 };

/** In a field of a TimeSeries; `timestamp` in whole Unix milliseconds. */
export function writeHistogram(
  writer: ProtoWriter,
  field: number,
  timestamp: number,
  histogram: NativeHistogram,
): void {
  const { schema, count, sum, zeroThreshold, zeroCount, positive, negative, bounds, resetHint } = histogram;
  const isInteger = histogram.isInteger === true && count <= MOST_EXACT;
  const start = writer.open(field);
  if (isInteger) {
    writer.tag(1, VARINT);
    writer.int64(count);
  } else double(writer, 2, count);
  double(writer, 3, sum);
  if (schema !== 0) {
    writer.tag(4, VARINT);
    writer.int64(zigzag(schema));
  }
  if (zeroThreshold !== 0) double(writer, 5, zeroThreshold);
  if (isInteger && zeroCount !== 0) {
    writer.tag(6, VARINT);
    writer.int64(zeroCount);
  } else if (!isInteger) double(writer, 7, zeroCount);
  writeBuckets(writer, NEGATIVE, negative, isInteger);
  writeBuckets(writer, POSITIVE, positive, isInteger);
  const hint = resetHintNumber(resetHint);
  if (hint !== 0) {
    writer.tag(14, VARINT);
    writer.uint32(hint);
  }
  writer.tag(15, VARINT);
  writer.int64(timestamp);
  if (bounds.length > 0) doubles(writer, 16, bounds);
  writer.close(start);
}

export const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

function double(writer: ProtoWriter, field: number, value: number): void {
  writer.tag(field, FIXED64);
  writer.double(value);
}

function doubles(writer: ProtoWriter, field: number, values: Float64Array): void {
  writer.tag(field, LENGTH);
  writer.uint32(values.length * 8);
  for (const value of values) writer.double(value);
}

/** Spans, and the counts as differences or as they are, packed. */
export function writeBuckets(
  writer: ProtoWriter,
  fields: BucketFields,
  { indexes, counts }: HistogramBuckets,
  isInteger: boolean,
): void {
  if (indexes.length === 0) return;
  for (const { offset, length } of spansOf(indexes)) {
    const span = writer.open(fields.spans);
    writer.tag(1, VARINT);
    writer.int64(zigzag(offset));
    writer.tag(2, VARINT);
    writer.uint32(length);
    writer.close(span);
  }
  if (!isInteger) {
    doubles(writer, fields.counts, counts);
    return;
  }
  const list = writer.open(fields.deltas);
  let before = 0;
  for (const count of counts) {
    writer.int64(zigzag(count - before));
    before = count;
  }
  writer.close(list);
}

/** Runs of neighbours: the index of the first bucket, then the gap behind the run before, and how many there are. */
export function spansOf(indexes: Int32Array): { offset: number; length: number }[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (let from = 0; from < indexes.length; ) {
    let to = from + 1;
    while (to < indexes.length && indexes[to] === indexes[to - 1]! + 1) to++;
    spans.push({ offset: indexes[from]! - next, length: to - from });
    next = indexes[to - 1]! + 1;
    from = to;
  }
  return spans;
}

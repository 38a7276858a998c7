import { WireError } from '../batch.ts';
import { STALE_HI, STALE_LO } from '../columns.ts';
import { type ClassicBucket, classicBuckets, type ExponentialBucket } from '../exponential-buckets.ts';
import { FIXED64, LENGTH, type ProtoReader, VARINT } from '../protobuf/reader.ts';

/** The schema number that stands for custom bounds, and the range of the exponential ones (prometheus/prompb/types.proto). */
const CUSTOM_BOUNDS = -53;
const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;

/** prometheus.Histogram, with the counts of its buckets made absolute later, by `nativeBuckets`. */
export class NativeHistogram {
  count = 0;
  sum = 0;
  stale = false;
  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  timestamp = 0;
  readonly negative = new SparseBuckets();
  readonly positive = new SparseBuckets();
  readonly customBounds: number[] = [];
}

/** Spans of buckets as pairs of offset and length; `deltas` of an integer histogram or `counts` of a float one. */
class SparseBuckets {
  readonly spans: number[] = [];
  readonly deltas: number[] = [];
  readonly counts: number[] = [];
}

/** Decodes the prometheus.Histogram that the reader has entered. */
export function readNativeHistogram(reader: ProtoReader): NativeHistogram {
  const histogram = new NativeHistogram();
  while (reader.pos < reader.end) readField(reader, histogram, reader.tag());
  return histogram;
}

function readField(reader: ProtoReader, histogram: NativeHistogram, tag: number): void {
  switch (tag) {
    case (1 << 3) | VARINT:
      histogram.count = reader.uint64();
      return;
    case (2 << 3) | FIXED64:
      histogram.count = reader.double();
      return;
    case (3 << 3) | FIXED64:
      reader.fixed64();
      histogram.stale = reader.hi === STALE_HI && reader.lo === STALE_LO;
      histogram.sum = reader.view.getFloat64(reader.pos - 8, true);
      return;
    case (4 << 3) | VARINT:
      histogram.schema = reader.sint32();
      return;
    case (5 << 3) | FIXED64:
      histogram.zeroThreshold = reader.double();
      return;
    case (6 << 3) | VARINT:
      histogram.zeroCount = reader.uint64();
      return;
    case (7 << 3) | FIXED64:
      histogram.zeroCount = reader.double();
      return;
    case (15 << 3) | VARINT:
      histogram.timestamp = reader.int64();
      return;
    case (16 << 3) | LENGTH:
      readDoubles(reader, histogram.customBounds);
      return;
    default:
      if (tag >>> 3 >= 8 && tag >>> 3 <= 10) readBuckets(reader, histogram.negative, tag, 8);
      else if (tag >>> 3 >= 11 && tag >>> 3 <= 13) readBuckets(reader, histogram.positive, tag, 11);
      else reader.skip(tag);
  }
}

/** Reads spans (field `first`), deltas (the next) or float counts (the one after), packed or one by one. */
export function readBuckets(reader: ProtoReader, buckets: SparseBuckets, tag: number, first: number): void {
  const field = tag >>> 3;
  if (field === first) {
    reader.expect(tag, LENGTH);
    readSpan(reader, buckets.spans);
    return;
  }
  if (field === first + 2) {
    if ((tag & 7) === FIXED64) buckets.counts.push(reader.double());
    else {
      reader.expect(tag, LENGTH);
      readDoubles(reader, buckets.counts);
    }
    return;
  }
  if ((tag & 7) === VARINT) {
    buckets.deltas.push(zigzag64(reader));
    return;
  }
  reader.expect(tag, LENGTH);
  const outer = reader.enter();
  while (reader.pos < reader.end) buckets.deltas.push(zigzag64(reader));
  reader.leave(outer);
}

function readSpan(reader: ProtoReader, spans: number[]): void {
  const outer = reader.enter();
  let offset = 0;
  let length = 0;
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | VARINT)) offset = reader.sint32();
    else if (tag === ((2 << 3) | VARINT)) length = reader.uint64();
    else reader.skip(tag);
  }
  reader.leave(outer);
  spans.push(offset, length);
}

function readDoubles(reader: ProtoReader, into: number[]): void {
  const outer = reader.enter();
  while (reader.pos < reader.end) into.push(reader.double());
  reader.leave(outer);
}

function zigzag64(reader: ProtoReader): number {
  const raw = reader.uint64();
  return reader.lo & 1 ? -(raw + 1) / 2 : raw / 2;
}

/** The classic buckets of a native histogram; `metric` names it in errors. */
export function nativeBuckets(histogram: NativeHistogram, metric: string): ClassicBucket[] {
  const { schema, zeroThreshold, zeroCount, customBounds } = histogram;
  // Prometheus counts the bucket (base^(index-1), base^index]; OpenTelemetry the one above it.
  const positive = absolute(histogram.positive, metric);
  if (schema === CUSTOM_BOUNDS) return customBuckets(positive, customBounds);
  if (schema < MIN_SCHEMA || schema > MAX_SCHEMA) {
    throw new WireError(`metric ${JSON.stringify(metric)}: histogram schema ${schema} is not known`);
  }
  const negative = absolute(histogram.negative, metric);
  return classicBuckets({ scale: schema, zeroThreshold, zeroCount, positive, negative });
}

function absolute(buckets: SparseBuckets, metric: string): ExponentialBucket[] {
  const { spans, deltas, counts } = buckets;
  const isFloat = counts.length > 0;
  const size = isFloat ? counts.length : deltas.length;
  const out: ExponentialBucket[] = [];
  let index = -1;
  let at = 0;
  let count = 0;
  for (let s = 0; s < spans.length; s += 2) {
    if (s > 0 && spans[s]! < 0) throw new WireError(`metric ${JSON.stringify(metric)}: spans of buckets overlap`);
    index += spans[s]!;
    for (let left = spans[s + 1]!; left > 0; left--, index++, at++) {
      if (at === size) throw new WireError(`metric ${JSON.stringify(metric)}: its spans hold more buckets than it has`);
      count = isFloat ? counts[at]! : count + deltas[at]!;
      out.push({ index, count });
    }
  }
  if (at < size) throw new WireError(`metric ${JSON.stringify(metric)}: its spans hold ${at} of its ${size} buckets`);
  return out;
}

function customBuckets(buckets: readonly ExponentialBucket[], bounds: readonly number[]): ClassicBucket[] {
  const out: ClassicBucket[] = [];
  let total = 0;
  let next = 0;
  for (let i = 0; i < bounds.length; i++) {
    while (next < buckets.length && buckets[next]!.index < i) total += buckets[next++]!.count;
    out.push({ bound: bounds[i]!, count: total });
  }
  return out;
}

/**
 * Fails where an integer histogram has not counted what is in its buckets; observations of NaN are in none of them, so that
 * there may then be less (prometheus/model/histogram/histogram.go, Validate). To be called before or after `nativeBuckets`.
 */
export function checkCount(histogram: NativeHistogram, metric: string): void {
  const { positive, negative, zeroCount, count, sum } = histogram;
  if (positive.counts.length > 0 || negative.counts.length > 0 || !Number.isInteger(count)) return;
  const found = zeroCount + total(positive.deltas) + total(negative.deltas);
  if (Number.isNaN(sum) ? found <= count : found === count) return;
  throw new WireError(
    `metric ${JSON.stringify(metric)}: ${found} observations found in buckets, but the count is ${count}`,
  );
}

function total(deltas: readonly number[]): number {
  let sum = 0;
  let count = 0;
  for (const delta of deltas) {
    count += delta;
    sum += count;
  }
  return sum;
}

/** Reads prometheus.Histogram (prometheus/prompb/types.proto), which remote write 1.0 and 2.0 have alike. */
import { WireError } from '../batch.ts';
import { STALE_HI, STALE_LO } from '../columns.ts';
import { FIXED64, LENGTH, type ProtoReader, VARINT } from '../protobuf/reader.ts';
import { MOST_BUCKETS, type ResetHint } from './histogram.ts';

const RESET_HINTS: readonly ResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

export const resetHintNumber = (hint: ResetHint): number => RESET_HINTS.indexOf(hint);

/** A histogram as it came, with nothing checked. */
export class HistogramMessage {
  /** Whether its count came as a floating point number: then the counts of its buckets are `counts`, else `deltas`. */
  isFloat = false;
  count = 0;
  sum = 0;
  /** Whether the sum is Prometheus' stale marker. */
  stale = false;
  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  timestamp = 0;
  resetHint: ResetHint = 'unknown';
  readonly negative = new SpannedBuckets();
  readonly positive = new SpannedBuckets();
  readonly customBounds: number[] = [];
}

/** Spans of buckets as pairs of offset and length; `deltas` of an integer histogram or `counts` of a float one. */
export class SpannedBuckets {
  readonly spans: number[] = [];
  readonly deltas: number[] = [];
  readonly counts: number[] = [];
}

/** Histograms of one series in one body: an empty one takes two bytes on the wire and hundreds here. */
const MOST_OF_SERIES = 100_000;

/** Decodes the prometheus.Histogram that the reader has entered, which is of the same series as `before`. */
export function readHistogram(reader: ProtoReader, before: readonly HistogramMessage[]): HistogramMessage {
  if (before.length === MOST_OF_SERIES) throw new WireError(`more than ${MOST_OF_SERIES} histograms of one series`);
  const histogram = new HistogramMessage();
  while (reader.pos < reader.end) readField(reader, histogram, reader.tag());
  return histogram;
}

function readField(reader: ProtoReader, histogram: HistogramMessage, tag: number): void {
  switch (tag) {
    case (1 << 3) | VARINT:
      histogram.count = reader.uint64();
      histogram.isFloat = false;
      return;
    case (2 << 3) | FIXED64:
      histogram.count = reader.double();
      histogram.isFloat = true;
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
    case (14 << 3) | VARINT:
      histogram.resetHint = RESET_HINTS[reader.uint64()] ?? 'unknown';
      return;
    case (15 << 3) | VARINT:
      histogram.timestamp = reader.int64();
      return;
    case (16 << 3) | LENGTH:
      readDoubles(reader, histogram.customBounds);
      return;
    case (16 << 3) | FIXED64:
      bounded(histogram.customBounds).push(reader.double());
      return;
    default:
      if (tag >>> 3 >= 8 && tag >>> 3 <= 10) readBuckets(reader, histogram.negative, tag, 8);
      else if (tag >>> 3 >= 11 && tag >>> 3 <= 13) readBuckets(reader, histogram.positive, tag, 11);
      else reader.skip(tag);
  }
}

/** Reads spans (field `first`), deltas (the next) or float counts (the one after), packed or one by one. */
export function readBuckets(reader: ProtoReader, buckets: SpannedBuckets, tag: number, first: number): void {
  const field = tag >>> 3;
  if (field === first) {
    reader.expect(tag, LENGTH);
    readSpan(reader, buckets.spans);
    return;
  }
  if (field === first + 2) {
    if ((tag & 7) === FIXED64) bounded(buckets.counts).push(reader.double());
    else {
      reader.expect(tag, LENGTH);
      readDoubles(reader, buckets.counts);
    }
    return;
  }
  if ((tag & 7) === VARINT) {
    bounded(buckets.deltas).push(zigzag64(reader));
    return;
  }
  reader.expect(tag, LENGTH);
  const outer = reader.enter();
  while (reader.pos < reader.end) bounded(buckets.deltas).push(zigzag64(reader));
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
  bounded(spans).push(offset, length);
}

function readDoubles(reader: ProtoReader, into: number[]): void {
  const outer = reader.enter();
  while (reader.pos < reader.end) bounded(into).push(reader.double());
  reader.leave(outer);
}

function zigzag64(reader: ProtoReader): number {
  const raw = reader.uint64();
  return reader.lo & 1 ? -(raw + 1) / 2 : raw / 2;
}

/** Spans, which are pairs, may be twice as many numbers as buckets. */
function bounded(list: number[]): number[] {
  if (list.length > 2 * MOST_BUCKETS) throw new WireError(`a histogram has more than ${MOST_BUCKETS} buckets`);
  return list;
}

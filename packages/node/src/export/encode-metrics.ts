/** What prom-client holds as ExportMetricsServiceRequest (metrics.proto and metrics_service.proto of OTLP). */
import {
  fixed64,
  LENGTH,
  type Resource,
  type Scope,
  writeAttributes,
  writeDouble,
  writeFixed64,
  writeId,
  writeNumber,
  writeRequest,
  writeTime,
} from './encode-common.ts';
import { type Family, type HistogramPoint, pointsOfHistogram, pointsOfSummary } from './families.ts';
import { ProtoWriter } from './protobuf.ts';

const CUMULATIVE = 2;
/** A request that has grown beyond this many bytes is closed, and what is left goes into the next one. */
const MOST_BYTES = 1024 * 1024;

/** Unix milliseconds. */
export interface Interval {
  /** From when on the counts count. */
  readonly start: number;
  readonly time: number;
}

export interface EncodedMetrics {
  readonly body: Uint8Array;
  /** Data points. */
  readonly count: number;
}

/** Names and values are those of the exposition; a unit is not said, so that a receiver makes no other name of it. */
export function encodeMetrics(
  families: readonly Family[],
  interval: Interval,
  resource: Resource,
  scope: Scope,
): EncodedMetrics[] {
  const requests: EncodedMetrics[] = [];
  let next = 0;
  while (next < families.length) {
    const writer = new ProtoWriter(16 * 1024);
    let count = 0;
    const body = writeRequest(writer, resource, scope, () => {
      for (; next < families.length && writer.size < MOST_BYTES; next++) {
        count += writeFamily(writer, families[next]!, interval);
      }
    });
    if (count > 0) requests.push({ body, count });
  }
  return requests;
}

function writeFamily(writer: ProtoWriter, family: Family, interval: Interval): number {
  const write = WRITERS[family.type];
  if (!write || family.values.length === 0) return 0;
  const metric = writer.open(2);
  writer.string(1, family.name);
  writer.string(2, family.help);
  const count = write(writer, family, interval);
  writer.close(metric);
  return count;
}

type Writer = (writer: ProtoWriter, family: Family, interval: Interval) => number;

const WRITERS: Readonly<Record<string, Writer | undefined>> = {
  counter(writer, { values }, interval) {
    const sum = writer.open(7);
    for (const { labels, value } of values) writeNumberPoint(writer, labels, value, interval, true);
    writeNumber(writer, 2, CUMULATIVE);
    writeNumber(writer, 3, 1);
    writer.close(sum);
    return values.length;
  },
  gauge(writer, { values }, interval) {
    const gauge = writer.open(5);
    for (const { labels, value } of values) writeNumberPoint(writer, labels, value, interval, false);
    writer.close(gauge);
    return values.length;
  },
  histogram(writer, family, interval) {
    const points = pointsOfHistogram(family);
    const histogram = writer.open(9);
    for (const point of points) writeHistogramPoint(writer, point, interval);
    writeNumber(writer, 2, CUMULATIVE);
    writer.close(histogram);
    return points.length;
  },
  summary(writer, family, interval) {
    const points = pointsOfSummary(family);
    const summary = writer.open(11);
    for (const { labels, count, sum, quantiles } of points) {
      const at = writer.open(1);
      writeTime(writer, 2, interval.start);
      writeTime(writer, 3, interval.time);
      writeFixed64(writer, 4, count);
      writeDouble(writer, 5, sum);
      for (const [quantile, value] of quantiles) {
        const pair = writer.open(6);
        writeDouble(writer, 1, quantile);
        writeDouble(writer, 2, value);
        writer.close(pair);
      }
      writeLabels(writer, 7, labels);
      writer.close(at);
    }
    writer.close(summary);
    return points.length;
  },
};

type Labels = Readonly<Record<string, string | number>>;

function writeNumberPoint(writer: ProtoWriter, labels: Labels, value: number, interval: Interval, counts: boolean) {
  const at = writer.open(1);
  if (counts) writeTime(writer, 2, interval.start);
  writeTime(writer, 3, interval.time);
  writeDouble(writer, 4, value);
  writeLabels(writer, 7, labels);
  writer.close(at);
}

function writeHistogramPoint(writer: ProtoWriter, point: HistogramPoint, interval: Interval): void {
  const at = writer.open(1);
  writeTime(writer, 2, interval.start);
  writeTime(writer, 3, interval.time);
  writeFixed64(writer, 4, point.count);
  writeDouble(writer, 5, point.sum);
  writer.tag(6, LENGTH);
  writer.uint32(point.counts.length * 8);
  for (const count of point.counts) fixed64(writer, count);
  writer.tag(7, LENGTH);
  writer.uint32(point.bounds.length * 8);
  for (const bound of point.bounds) writer.double(bound);
  for (const { value, time, traceId, spanId } of point.exemplars) {
    const exemplar = writer.open(8);
    writeTime(writer, 2, time);
    writeDouble(writer, 3, value);
    writeId(writer, 4, spanId);
    writeId(writer, 5, traceId);
    writer.close(exemplar);
  }
  writeLabels(writer, 9, point.labels);
  writer.close(at);
}

/** An empty label is none, as in Prometheus. */
function writeLabels(writer: ProtoWriter, field: number, labels: Labels): void {
  const pairs = Object.entries(labels).flatMap(([name, value]) =>
    value === '' || value === undefined ? [] : [[name, String(value)] as const],
  );
  writeAttributes(writer, field, pairs);
}

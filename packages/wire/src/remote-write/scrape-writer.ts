import type { Exemplar, Labels, MetricBatch, MetricMetadata } from '../batch.ts';
import { MetricColumns, STALE_HI, STALE_LO } from '../columns.ts';
import { writeHistogram } from '../histogram/encode.ts';
import type { NativeHistogram } from '../histogram/histogram.ts';
import { LENGTH, VARINT } from '../protobuf/reader.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { decodeWriteRequest } from './decode.ts';
import { writeExemplar, writeMetadata } from './encode.ts';

/**
 * Labels with the bytes that they have in a prometheus.TimeSeries, made once and written many times. The bytes are a string
 * of characters below 256, which takes a fraction of the memory of an array of its own; equal labels have equal bytes.
 */
export class EncodedLabels {
  readonly bytes: string;
  readonly isAscii: boolean;
  private own: Labels | undefined;

  /** @param from the labels, or the bytes of such an object */
  constructor(from: Labels | string) {
    this.own = typeof from === 'string' ? undefined : from;
    this.bytes = typeof from === 'string' ? from : bytesOf(from);
    this.isAscii = ASCII.test(this.bytes);
  }

  get labels(): Labels {
    this.own ??= labelsOf(this.bytes);
    return this.own;
  }
}

function bytesOf(labels: Labels): string {
  let bytes = '';
  for (const [name, value] of labels) bytes += field(1, field(1, utf8(name)) + field(2, utf8(value)));
  return bytes;
}

/** Those of a request that has this series only. */
const labelsOf = (bytes: string): Labels =>
  decodeWriteRequest(Buffer.from(field(1, bytes), 'latin1')).series[0] as Labels;

const ASCII = /^[\0-\x7f]*$/;

/** The bytes of a text in UTF-8, as characters below 256. */
const utf8 = (text: string): string => (ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1'));

/** A length-delimited field, of bytes as characters below 256: made of strings, because a small array costs far more. */
function field(number: number, content: string): string {
  let length = '';
  let rest = content.length;
  for (; rest > 0x7f; rest >>>= 7) length += String.fromCharCode((rest & 0x7f) | 0x80);
  return String.fromCharCode((number << 3) | LENGTH) + length + String.fromCharCode(rest) + content;
}

/** What was written: the bytes of a prometheus.WriteRequest, and the batch that decoding them would give. */
export interface WrittenRequest {
  readonly body: Uint8Array;
  readonly batch: MetricBatch;
}

const NO_EXEMPLARS: readonly Exemplar[] = [];

/** Bytes of a sample's message at most: the tag and eight bytes of the value, the tag and ten of the time. */
const VALUE_BYTES = 9;

/** Writes a prometheus.WriteRequest sample by sample, each as a series of its own, from labels that are encoded already. */
export class ScrapeWriter {
  private readonly writer: ProtoWriter;
  private readonly columns = new MetricColumns();
  private readonly written: EncodedLabels[] = [];

  /** @param capacity bytes to begin with, such as those of the last one */
  constructor(capacity: number) {
    this.writer = new ProtoWriter(Math.max(capacity, 1024));
  }

  get size(): number {
    return this.writer.size;
  }

  add(series: EncodedLabels, timestamp: number, value: number, exemplars: readonly Exemplar[] = NO_EXEMPLARS): void {
    if (exemplars.length === 0) {
      this.open(series, timestamp);
      this.writer.double(value);
      this.time(timestamp);
    } else this.withExemplars(series, timestamp, value, exemplars);
    const index = this.written.push(series) - 1;
    this.columns.push(index, timestamp, value);
    for (const exemplar of exemplars) this.columns.pushExemplar(index, exemplar);
  }

  addHistogram(
    series: EncodedLabels,
    timestamp: number,
    histogram: NativeHistogram,
    exemplars: readonly Exemplar[] = NO_EXEMPLARS,
  ): void {
    const { writer } = this;
    const start = writer.open(1);
    writer.binary(series.bytes, series.isAscii);
    for (const exemplar of exemplars) writeExemplar(writer, exemplar);
    writeHistogram(writer, 4, timestamp, histogram);
    writer.close(start);
    const index = this.written.push(series) - 1;
    this.columns.pushHistogram(index, timestamp, histogram);
    for (const exemplar of exemplars) this.columns.pushExemplar(index, exemplar);
  }

  addStale(series: EncodedLabels, timestamp: number): void {
    this.open(series, timestamp);
    this.writer.fixed64(STALE_LO, STALE_HI);
    this.time(timestamp);
    this.columns.pushStale(this.written.push(series) - 1, timestamp);
  }

  metadata(all: readonly MetricMetadata[]): void {
    for (const one of all) {
      writeMetadata(this.writer, one);
      this.columns.metadata.push(one);
    }
  }

  finish(): WrittenRequest {
    const { written } = this;
    let series: Labels[] | undefined;
    const columns = this.columns.finish();
    const batch = {
      ...columns,
      // Not everybody who writes asks for them.
      get series() {
        series ??= written.map(({ labels }) => labels);
        return series;
      },
    };
    return { body: this.writer.finish(), batch };
  }

  /** The lengths are known before: those of the labels, of the value, and of the time as a varint. */
  private open(series: EncodedLabels, timestamp: number): void {
    const { writer } = this;
    const sample = VALUE_BYTES + 1 + varintBytes(timestamp);
    writer.tag(1, LENGTH);
    writer.uint32(series.bytes.length + 2 + sample);
    writer.binary(series.bytes, series.isAscii);
    writer.tag(2, LENGTH);
    writer.uint32(sample);
    writer.tag(1, 1);
  }

  private time(timestamp: number): void {
    this.writer.tag(2, VARINT);
    this.writer.int64(timestamp);
  }

  private withExemplars(series: EncodedLabels, timestamp: number, value: number, exemplars: readonly Exemplar[]): void {
    const { writer } = this;
    const start = writer.open(1);
    writer.binary(series.bytes, series.isAscii);
    const sample = writer.open(2);
    writer.tag(1, 1);
    writer.double(value);
    this.time(timestamp);
    writer.close(sample);
    for (const exemplar of exemplars) writeExemplar(writer, exemplar);
    writer.close(start);
  }
}

function varintBytes(value: number): number {
  if (value < 0) return 10;
  let bytes = 1;
  for (let rest = value; rest >= 128; rest /= 128) bytes++;
  return bytes;
}

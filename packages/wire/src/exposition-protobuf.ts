import { type Exemplar, type MetricBatch, type MetricType, WireError } from './batch.ts';
import { MetricColumns } from './columns.ts';
import { exemplarOf } from './exemplar.ts';
import { checkedHistogram } from './histogram/checked.ts';
import { ClassicBuckets } from './histogram/classic-buckets.ts';
import type { NativeHistogram } from './histogram/histogram.ts';
import { HistogramMessage, readBuckets } from './histogram/message.ts';
import { LabelCollector, type LabelPair, METRIC_NAME, mergeLabels } from './labels.ts';
import { openMetricsFloat } from './open-metrics-float.ts';
import { FIXED64, LENGTH, ProtoReader, VARINT } from './protobuf/reader.ts';
import { checkTimestamp } from './timestamp.ts';

/** io.prometheus.client.MetricType, by number. */
const TYPES: readonly MetricType[] = ['counter', 'gauge', 'summary', 'unknown', 'histogram', 'gaugehistogram'];

const WHERE = 'protobuf exposition';

// Every bucket repeats the labels of its metric, so that a small body could unfold to a huge batch.
const ENTRIES_PER_BYTE = 8;
const MIN_ENTRIES = 100_000;

export interface ProtobufExpositionOptions {
  /** Whether the native part of a histogram is read where it has one; else only its classic buckets. */
  readonly nativeHistograms: boolean;
  /** Whether the classic buckets are read even if there is a native part, or one is made of them. */
  readonly alwaysClassic: boolean;
  /** Whether classic buckets become a native histogram, with custom buckets, where no native part is read. */
  readonly convertsClassic?: boolean;
}

/** A batch in which every sample has a series of its own, and of each of them whether it has a time of its own. */
export interface TimedBatch {
  readonly batch: MetricBatch;
  readonly timed: readonly boolean[];
}

/**
 * Decodes Prometheus' protobuf exposition: io.prometheus.client.MetricFamily messages (client_model's metrics.proto), each
 * with its length as a varint in front. Samples without a time take `receivedAt` (Unix milliseconds). Histograms and
 * summaries become their classic series, the native part of a histogram one sample of the series that is named as its family.
 * @throws WireError where it is damaged, or a native or converted histogram is none; nothing of such a body may be used.
 */
export function parseProtobufExposition(
  body: Uint8Array,
  receivedAt: number,
  options: ProtobufExpositionOptions,
): TimedBatch {
  return new FamilyDecoder(body, receivedAt, options).decode();
}

interface Value {
  readonly kind: 'gauge' | 'counter' | 'untyped' | 'summary' | 'histogram';
  readonly value: number;
  readonly exemplar: ReadExemplar | undefined;
  readonly summary: Summary | undefined;
  readonly histogram: Histogram | undefined;
}

interface Summary {
  count: number;
  sum: number;
  readonly quantiles: { quantile: number; value: number }[];
}

interface Histogram {
  readonly native: HistogramMessage;
  /** Whether any of its native fields is there. */
  isNative: boolean;
  readonly buckets: { bound: number; count: number; exemplar: ReadExemplar | undefined }[];
  readonly exemplars: ReadExemplar[];
}

interface ReadExemplar {
  /** Undefined where its labels or its time are not usable. */
  readonly exemplar: Exemplar | undefined;
  /** Whether the time is its own. */
  readonly timed: boolean;
}

interface Family {
  name: string;
  type: MetricType;
  help: string;
  unit: string;
}

class FamilyDecoder {
  private readonly reader: ProtoReader;
  private readonly columns = new MetricColumns();
  private readonly labels = new LabelCollector();
  private readonly exemplarLabels = new LabelCollector();
  private readonly timed: boolean[] = [];
  private readonly receivedAt: number;
  private readonly options: ProtobufExpositionOptions;
  private budget: number;

  constructor(body: Uint8Array, receivedAt: number, options: ProtobufExpositionOptions) {
    this.reader = new ProtoReader(body);
    this.receivedAt = receivedAt;
    this.options = options;
    this.budget = body.length * ENTRIES_PER_BYTE + MIN_ENTRIES;
  }

  decode(): TimedBatch {
    const { reader } = this;
    while (reader.pos < reader.end) {
      const outer = reader.enter();
      this.family();
      reader.leave(outer);
    }
    return { batch: this.columns.finish(), timed: this.timed };
  }

  /** The fields may come in any order, so that its metrics are read after the others. */
  private family(): void {
    const { reader } = this;
    const family: Family = { name: '', type: 'counter', help: '', unit: '' };
    const metrics: number[] = [];
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | LENGTH)) family.name = reader.string();
      else if (tag === ((2 << 3) | LENGTH)) family.help = reader.string();
      else if (tag === ((3 << 3) | VARINT)) family.type = TYPES[reader.uint64()] ?? 'unknown';
      else if (tag === ((5 << 3) | LENGTH)) family.unit = reader.string();
      else if (tag === ((4 << 3) | LENGTH)) {
        metrics.push(reader.pos);
        reader.leave(this.passOver());
      } else reader.skip(tag);
    }
    if (family.name === '') throw new WireError(`${WHERE}: a metric family without a name`);
    this.columns.metadata.push(family);
    const end = reader.pos;
    for (const start of metrics) {
      reader.pos = start;
      const outer = reader.enter();
      this.metric(family);
      reader.leave(outer);
    }
    reader.pos = end;
  }

  /** Goes to the end of the message that follows; for `leave`. */
  private passOver(): number {
    const outer = this.reader.enter();
    this.reader.pos = this.reader.end;
    return outer;
  }

  private metric(family: Family): void {
    const { reader } = this;
    this.labels.clear();
    let timestamp = 0;
    let value: Value | undefined;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((6 << 3) | VARINT)) {
        timestamp = reader.int64();
        continue;
      }
      const field = tag >>> 3;
      if (field < 1 || field > 7) {
        reader.skip(tag);
        continue;
      }
      reader.expect(tag, LENGTH);
      const outer = reader.enter();
      if (field === 1) this.label(this.labels);
      else value = this.value(field);
      reader.leave(outer);
    }
    // A time of zero is one that is left out.
    const timed = timestamp !== 0;
    if (timed) checkTimestamp(timestamp, WHERE);
    const labels = [...this.labels.makeSet(`${WHERE}: ${family.name}`)].filter(([name]) => name !== METRIC_NAME);
    if (value) new MetricWriter(this, family, labels, timed ? timestamp : this.receivedAt, timed).write(value);
  }

  private label(into: LabelCollector): void {
    const { reader } = this;
    let name = '';
    let value = '';
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | LENGTH)) name = reader.string();
      else if (tag === ((2 << 3) | LENGTH)) value = reader.string();
      else reader.skip(tag);
    }
    into.add(name, value);
  }

  /** Gauge, counter, summary, untyped or histogram, by the number of its field. */
  private value(field: number): Value {
    const none = { value: 0, exemplar: undefined, summary: undefined, histogram: undefined };
    if (field === 4) return { ...none, kind: 'summary', summary: this.summary() };
    if (field === 7) return { ...none, kind: 'histogram', histogram: this.histogram() };
    const { reader } = this;
    let value = 0;
    let exemplar: ReadExemplar | undefined;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | FIXED64)) value = reader.double();
      else if (field === 3 && tag === ((2 << 3) | LENGTH)) {
        exemplar = this.exemplar();
      } else reader.skip(tag);
    }
    return { ...none, kind: field === 2 ? 'gauge' : field === 3 ? 'counter' : 'untyped', value, exemplar };
  }

  private summary(): Summary {
    const { reader } = this;
    const summary: Summary = { count: 0, sum: 0, quantiles: [] };
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | VARINT)) summary.count = reader.uint64();
      else if (tag === ((2 << 3) | FIXED64)) summary.sum = reader.double();
      else if (tag === ((3 << 3) | LENGTH)) {
        const outer = reader.enter();
        const [quantile, value] = this.twoDoubles();
        summary.quantiles.push({ quantile, value });
        reader.leave(outer);
      } else reader.skip(tag);
    }
    return summary;
  }

  private twoDoubles(): [number, number] {
    const { reader } = this;
    const found: [number, number] = [0, 0];
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | FIXED64)) found[0] = reader.double();
      else if (tag === ((2 << 3) | FIXED64)) found[1] = reader.double();
      else reader.skip(tag);
    }
    return found;
  }

  private histogram(): Histogram {
    const { reader } = this;
    const histogram: Histogram = { native: new HistogramMessage(), isNative: false, buckets: [], exemplars: [] };
    const { native } = histogram;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      const field = tag >>> 3;
      if (tag === ((1 << 3) | VARINT)) native.count = reader.uint64();
      else if (tag === ((2 << 3) | FIXED64)) native.sum = reader.double();
      else if (tag === ((4 << 3) | FIXED64)) this.floatCount(native, reader.double());
      else if (tag === ((3 << 3) | LENGTH)) {
        const outer = reader.enter();
        this.bucket(histogram);
        reader.leave(outer);
      } else if (tag === ((5 << 3) | VARINT)) native.schema = reader.sint32();
      else if (tag === ((6 << 3) | FIXED64)) {
        native.zeroThreshold = reader.double();
        histogram.isNative ||= native.zeroThreshold > 0;
      } else if (tag === ((7 << 3) | VARINT)) {
        native.zeroCount = reader.uint64();
        histogram.isNative ||= native.zeroCount > 0;
      } else if (tag === ((8 << 3) | FIXED64)) this.floatZeroCount(native, reader.double());
      else if (field >= 9 && field <= 14) {
        histogram.isNative ||= field === 9 || field === 12;
        readBuckets(reader, field < 12 ? native.negative : native.positive, tag, field < 12 ? 9 : 12);
      } else if (tag === ((16 << 3) | LENGTH)) histogram.exemplars.push(this.exemplar());
      else reader.skip(tag);
    }
    return histogram;
  }

  /** A count of zero is one that is left out. */
  private floatCount(native: HistogramMessage, count: number): void {
    if (count === 0) return;
    native.count = count;
    native.isFloat = true;
  }

  private floatZeroCount(native: HistogramMessage, count: number): void {
    if (count === 0) return;
    native.zeroCount = count;
    native.isFloat = true;
  }

  private bucket({ buckets }: Histogram): void {
    const { reader } = this;
    const bucket: Histogram['buckets'][number] = { bound: 0, count: 0, exemplar: undefined };
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | VARINT)) bucket.count = reader.uint64();
      else if (tag === ((4 << 3) | FIXED64)) {
        const count = reader.double();
        // A count of zero is one that is left out.
        if (count !== 0) bucket.count = count;
      } else if (tag === ((2 << 3) | FIXED64)) bucket.bound = reader.double();
      else if (tag === ((3 << 3) | LENGTH)) {
        bucket.exemplar = this.exemplar();
      } else reader.skip(tag);
    }
    buckets.push(bucket);
  }

  /** Without a time it takes that of the scrape. */
  private exemplar(): ReadExemplar {
    const { reader } = this;
    const exemplarLabels = this.exemplarLabels;
    const outer = reader.enter();
    exemplarLabels.clear();
    let value = 0;
    let timestamp = this.receivedAt;
    let timed = false;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | LENGTH)) {
        const inner = reader.enter();
        this.label(exemplarLabels);
        reader.leave(inner);
      } else if (tag === ((2 << 3) | FIXED64)) value = reader.double();
      else if (tag === ((3 << 3) | LENGTH)) {
        timestamp = this.time();
        timed = true;
      } else reader.skip(tag);
    }
    reader.leave(outer);
    return { exemplar: exemplarOf(exemplarLabels, value, timestamp), timed };
  }

  /** A google.protobuf.Timestamp in whole milliseconds. */
  private time(): number {
    const { reader } = this;
    const outer = reader.enter();
    let seconds = 0;
    let nanos = 0;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | VARINT)) seconds = reader.int64();
      else if (tag === ((2 << 3) | VARINT)) nanos = reader.int64();
      else reader.skip(tag);
    }
    reader.leave(outer);
    return seconds * 1000 + Math.trunc(nanos / 1e6);
  }

  /** Adds a sample; the result is the number of its series. */
  push(labels: readonly LabelPair[], extra: readonly LabelPair[], at: number, timed: boolean, value: number): number {
    this.budget -= labels.length + 2;
    if (this.budget < 0) throw new WireError(`${WHERE}: its buckets times its labels are too many for the body`);
    const series = this.columns.addSeries(mergeLabels(labels, extra));
    this.columns.push(series, at, value);
    this.timed.push(timed);
    return series;
  }

  pushHistogram(
    labels: readonly LabelPair[],
    family: string,
    at: number,
    timed: boolean,
    one: NativeHistogram,
  ): number {
    const series = this.columns.addSeries(mergeLabels(labels, [[METRIC_NAME, family]]));
    this.columns.pushHistogram(series, at, one);
    this.timed.push(timed);
    return series;
  }

  pushExemplar(series: number, exemplar: Exemplar | undefined): void {
    this.columns.pushExemplar(series, exemplar);
  }

  wantsNative({ isNative }: Histogram): boolean {
    return isNative && this.options.nativeHistograms;
  }

  wantsConverted(histogram: Histogram): boolean {
    return this.options.convertsClassic === true && !this.wantsNative(histogram);
  }

  wantsClassic(histogram: Histogram): boolean {
    const { alwaysClassic } = this.options;
    if (this.wantsNative(histogram)) return alwaysClassic && histogram.buckets.length > 0;
    return alwaysClassic || !this.wantsConverted(histogram);
  }
}

/** Writes the samples of one metric. */
class MetricWriter {
  private readonly into: FamilyDecoder;
  private readonly family: Family;
  private readonly labels: readonly LabelPair[];
  private readonly at: number;
  private readonly timed: boolean;

  constructor(into: FamilyDecoder, family: Family, labels: readonly LabelPair[], at: number, timed: boolean) {
    this.into = into;
    this.family = family;
    this.labels = labels;
    this.at = at;
    this.timed = timed;
  }

  write({ kind, value, exemplar, summary, histogram }: Value): void {
    if (summary) this.summary(summary);
    else if (histogram) this.histogram(histogram);
    else {
      const series = this.sample('', [], value);
      if (kind === 'counter' && exemplar) this.into.pushExemplar(series, exemplar.exemplar);
    }
  }

  private sample(suffix: string, extra: readonly LabelPair[], value: number): number {
    const named: readonly LabelPair[] = [[METRIC_NAME, this.family.name + suffix], ...extra];
    return this.into.push(this.labels, named, this.at, this.timed, value);
  }

  private summary({ count, sum, quantiles }: Summary): void {
    this.sample('_count', [], count);
    this.sample('_sum', [], sum);
    for (const { quantile, value } of quantiles) this.sample('', [['quantile', openMetricsFloat(quantile)]], value);
  }

  private histogram(histogram: Histogram): void {
    if (this.into.wantsNative(histogram)) this.native(histogram, checkedHistogram);
    if (this.into.wantsConverted(histogram)) this.native(histogram, () => convertedHistogram(histogram));
    if (this.into.wantsClassic(histogram)) this.classic(histogram);
  }

  /** Exemplars without a time are for classic series only: nobody could tell new ones from those that are shown again. */
  private native(histogram: Histogram, read: (native: HistogramMessage) => NativeHistogram): void {
    const { native, exemplars, buckets } = histogram;
    const { name, type } = this.family;
    if (type === 'gaugehistogram') native.resetHint = 'gauge';
    const series = this.into.pushHistogram(
      this.labels,
      name,
      this.at,
      this.timed,
      this.checked(() => read(native)),
    );
    const shown = exemplars.length > 0 ? exemplars : buckets.flatMap(({ exemplar }) => exemplar ?? []);
    for (const { exemplar, timed } of shown) if (timed) this.into.pushExemplar(series, exemplar);
  }

  private checked(read: () => NativeHistogram): NativeHistogram {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      throw new WireError(`${WHERE}: histogram ${JSON.stringify(this.family.name)}: ${error.message}`);
    }
  }

  private classic({ buckets, native }: Histogram): void {
    this.sample('_count', [], native.count);
    this.sample('_sum', [], native.sum);
    for (const { bound, count, exemplar } of buckets) {
      const series = this.sample('_bucket', [['le', openMetricsFloat(bound)]], count);
      if (exemplar) this.into.pushExemplar(series, exemplar.exemplar);
    }
    if (buckets.at(-1)?.bound !== Infinity) this.sample('_bucket', [['le', '+Inf']], native.count);
  }
}

function convertedHistogram({ native, buckets }: Histogram): NativeHistogram {
  const classic = new ClassicBuckets();
  classic.setCount(native.count);
  classic.setSum(native.sum);
  for (const { bound, count } of buckets) classic.addBucket(bound, count);
  return classic.convert(native.resetHint);
}

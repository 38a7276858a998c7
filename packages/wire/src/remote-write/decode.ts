import {
  type Exemplar,
  type Labels,
  type MetricBatch,
  type MetricMetadata,
  type MetricType,
  WireError,
} from '../batch.ts';
import { MetricColumns } from '../columns.ts';
import { exemplarOf, MOST_EXEMPLARS } from '../exemplar.ts';
import { type HistogramMessage, readHistogram } from '../histogram/message.ts';
import { takeHistogram } from '../histogram/take.ts';
import { LabelCollector } from '../labels.ts';
import { FIXED64, LENGTH, ProtoReader, VARINT } from '../protobuf/reader.ts';
import { checkTimestamp } from '../timestamp.ts';
import { KnownSeriesReader } from './known-series.ts';
import { SeriesRefs } from './series-refs.ts';
import type { SeriesTable } from './series-table.ts';
import type { WriteMemory } from './write-memory.ts';

/** prometheus.MetricMetadata.MetricType, by number. */
export const METRIC_TYPES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

const WHERE = 'remote write';

/** Of the body that is being decoded: one after the other. */
const refs = new SeriesRefs();

/**
 * Decodes a prometheus.WriteRequest (Prometheus remote write 1.0, prometheus/prompb/remote.proto), already out of its
 * Snappy block. Labels are sorted and those with an empty value dropped; stale markers keep their bits; exemplars
 * that are not usable are left out and counted.
 * With a memory, series that it knows are not decoded again; it gives the same batch.
 * @throws WireError for damage, an empty or duplicate label name, text that is not UTF-8, a series without `__name__`,
 * a histogram that is none, or a timestamp out of range; nothing of such a body may be used.
 */
export function decodeWriteRequest(proto: Uint8Array, memory?: WriteMemory): MetricBatch {
  return new WriteRequestDecoder(proto, memory).decode();
}

class WriteRequestDecoder {
  readonly reader: ProtoReader;
  private readonly columns: MetricColumns;
  private readonly memory: WriteMemory | undefined;
  private readonly table: SeriesTable | undefined;
  private readonly known: KnownSeriesReader | undefined;
  private readonly fresh: { readonly series: number; readonly bytes: Uint8Array }[] = [];
  private readonly labels = new LabelCollector();
  private readonly exemplarLabels = new LabelCollector();

  constructor(proto: Uint8Array, memory: WriteMemory | undefined) {
    this.reader = new ProtoReader(proto);
    this.columns = new MetricColumns();
    this.memory = memory;
    this.table = memory?.table;
    refs.clear();
    const address = this.table?.module.addressOf(proto);
    if (!this.table || address === undefined) return;
    this.known = new KnownSeriesReader(this.table, address, proto.length, this.columns, refs);
  }

  decode(): MetricBatch {
    const { reader } = this;
    while (this.recall()) {
      const tag = reader.tag();
      const field = tag >>> 3;
      if (field !== 1 && field !== 3) {
        reader.skip(tag);
        continue;
      }
      reader.expect(tag, LENGTH);
      const outer = reader.enter();
      if (field === 1) this.timeSeries();
      else this.columns.metadata.push(readMetadata(reader));
      reader.leave(outer);
    }
    return this.finish();
  }

  /** With a memory the labels of known series are gathered only if somebody asks for them, which hardly anybody does. */
  private finish(): MetricBatch {
    const { columns, table, fresh } = this;
    if (!this.memory || !table) return columns.finish();
    const { samples, seriesCount } = columns;
    const own = this.memory.columnMemory(20 * samples + 4 * seriesCount);
    const known = { table, refs: new Int32Array(own, 20 * samples, seriesCount), fresh, memory: own };
    refs.drain(known.refs);
    const batch = columns.finish(own);
    let series: Labels[] | undefined;
    return {
      ...batch,
      get series() {
        series ??= Array.from(known.refs, (ref, place) => columns.labelsOf(place) ?? table.labels[ref]!);
        return series;
      },
      known,
    };
  }

  /** Takes series that are known, as far as they reach; false at the end of the body. */
  private recall(): boolean {
    const { reader } = this;
    if (this.known) {
      reader.pos = this.known.read(reader.pos);
      this.known.drain();
    }
    return reader.pos < reader.end;
  }

  private timeSeries(): void {
    const { reader, columns } = this;
    const labels = this.labels;
    labels.clear();
    // Protobuf promises no order of fields: samples may come before the labels of their series.
    const series = columns.seriesCount;
    let samples = 0;
    const start = reader.pos;
    // Up to where the labels stand together at the beginning; -1 where another field is between them.
    let labelsEnd = start;
    const histograms: HistogramMessage[] = [];
    const exemplars: (Exemplar | undefined)[] = [];
    while (reader.pos < reader.end) {
      const fieldStart = reader.pos;
      const tag = reader.tag();
      const field = tag >>> 3;
      if (field < 1 || field > 4) {
        reader.skip(tag);
        continue;
      }
      reader.expect(tag, LENGTH);
      const outer = reader.enter();
      if (field === 1) {
        this.label(labels);
        labelsEnd = labelsEnd === fieldStart ? reader.pos : -1;
      } else if (field === 3) exemplars[Math.min(exemplars.length, MOST_EXEMPLARS)] = this.exemplar();
      else if (field === 2) {
        this.sample(series);
        samples++;
      } else histograms.push(readHistogram(reader, histograms));
      reader.leave(outer);
    }
    const made = labels.make(WHERE);
    columns.addSeries(made);
    for (const histogram of histograms) takeHistogram(columns, series, histogram, WHERE);
    // Series of histograms alone are not recalled: their messages are read in full anyway.
    const isFresh = this.table && labelsEnd > start && (samples > 0 || histograms.length === 0);
    if (isFresh) this.fresh.push({ series, bytes: reader.buf.slice(start, labelsEnd) });
    for (const exemplar of exemplars) columns.pushExemplar(series, exemplar);
  }

  private label(into: LabelCollector): void {
    const { reader } = this;
    let name = '';
    let value = '';
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | LENGTH)) name = reader.string();
      else if (tag === ((2 << 3) | LENGTH)) value = reader.string();
      else skipUnknown(reader, tag, 2);
    }
    into.add(name, value);
  }

  private sample(series: number): void {
    const { reader } = this;
    let lo = 0;
    let hi = 0;
    let timestamp = 0;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | FIXED64)) {
        reader.fixed64();
        lo = reader.lo;
        hi = reader.hi;
      } else if (tag === ((2 << 3) | VARINT)) timestamp = reader.int64();
      else skipUnknown(reader, tag, 2);
    }
    checkTimestamp(timestamp, WHERE);
    this.columns.pushBits(series, timestamp, lo, hi);
  }

  /** Undefined where its labels or its time are not usable; only damage fails the body. */
  private exemplar(): Exemplar | undefined {
    const { reader } = this;
    const exemplarLabels = this.exemplarLabels;
    exemplarLabels.clear();
    let value = 0;
    let timestamp = 0;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | LENGTH)) {
        const outer = reader.enter();
        this.label(exemplarLabels);
        reader.leave(outer);
      } else if (tag === ((2 << 3) | FIXED64)) value = reader.double();
      else if (tag === ((3 << 3) | VARINT)) timestamp = reader.int64();
      else skipUnknown(reader, tag, 3);
    }
    return exemplarOf(exemplarLabels, value, timestamp);
  }
}

/** Skips a field beyond `known`; one of the known numbers with another wire type is damage. */
export function skipUnknown(reader: ProtoReader, tag: number, known: number): void {
  if (tag >>> 3 <= known) throw reader.error(`field ${tag >>> 3} has the wrong wire type ${tag & 7}`, reader.pos - 1);
  reader.skip(tag);
}

function readMetadata(reader: ProtoReader): MetricMetadata {
  let name = '';
  let type: MetricType = 'unknown';
  let help = '';
  let unit = '';
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | VARINT)) type = METRIC_TYPES[reader.uint64()] ?? 'unknown';
    else if (tag === ((2 << 3) | LENGTH)) name = reader.string();
    else if (tag === ((4 << 3) | LENGTH)) help = reader.string();
    else if (tag === ((5 << 3) | LENGTH)) unit = reader.string();
    else reader.skip(tag);
  }
  if (name === '') throw new WireError(`${WHERE}: metadata without a metric family name`);
  return { name, type, help, unit };
}

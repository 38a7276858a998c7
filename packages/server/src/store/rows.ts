/** One batch of the journal as rows for the engine. The same batch makes the same rows at every attempt. */
import type { LogRecord, MetricMetadata, Resource, Span } from '@nightshift/wire';
import type { Decoded } from '../spool/journal.ts';
import { HOUR_MS, hourOf } from './derived/hours.ts';
import { ExemplarLimiter } from './exemplar-limiter.ts';
import { encodeHistogram } from './histogram-payload.ts';
import { RowBinaryWriter } from './row-binary.ts';
import type { SampleRun } from './sample-rows.ts';
import type { Series, SeriesIndex } from './series-index.ts';
import type { NumberedBatch } from './series-numbers.ts';

const DAY_MS = 86_400_000;
/**
 * Days of one insert. The tables are partitioned by day, and ClickHouse refuses an insert into more than 100
 * partitions; a batch that reaches further back is cut at fixed days, so that each piece keeps its token.
 */
const DAYS_PER_INSERT = 90;

/** Columns in the order in which the rows below are written. */
export const columns = {
  series: ['id', 'name', 'labels', 'first_seen'],
  samples: ['id', 'time', 'value'],
  histograms: ['id', 'time', 'payload'],
  exemplars: ['id', 'time', 'value', 'labels'],
  metadata: ['name', 'type', 'help', 'unit'],
  logs: [
    ...['time', 'sequence', 'service', 'version', 'environment', 'severity', 'severity_text', 'scope', 'body'],
    ...['trace_id', 'span_id', 'attributes', 'resource'],
  ],
  spans: [
    ...['trace_id', 'span_id', 'parent_span_id', 'service', 'version', 'environment', 'scope', 'name', 'kind'],
    ...['start', 'end', 'status', 'status_message', 'attributes', 'resource', 'events', 'links'],
  ],
} as const;

export type Table = keyof typeof columns;

interface InsertOf {
  readonly table: Table;
  /** Goes behind the batch's token. */
  readonly part: string;
}

export interface RowsInsert extends InsertOf {
  readonly rows: Uint8Array;
}

/** Of samples, of which no rows are made yet. */
export interface SamplesInsert extends InsertOf {
  readonly runs: readonly SampleRun[];
}

export type Insert = RowsInsert | SamplesInsert;

const pieceOf = (timeMs: number): number => Math.floor(timeMs / DAY_MS / DAYS_PER_INSERT);

const pairs = (map: ReadonlyMap<string, string>) => [...map];

/** Collects the rows of one batch. Series come before the samples that name them. */
export class BatchRows {
  /** Whose rows are in this batch because the engine may not have them yet. */
  readonly series = new Set<Series>();
  /** Unix hours that have samples in this batch. */
  readonly hours = new Set<number>();
  private readonly metadata = new Map<string, MetricMetadata>();
  private readonly pieces = new Map<string, RowBinaryWriter>();
  /** Of the table `samples`, by the fixed days that they are cut at. */
  private readonly samples = new Map<number, SampleRun[]>();
  private readonly limiter = new ExemplarLimiter();
  private sequence: bigint;
  private unusableExemplars = 0;

  /** @param firstSequence grows from batch to batch; log records are numbered from it in the order in which they came */
  constructor(
    private readonly index: SeriesIndex,
    readonly firstSequence: bigint,
  ) {
    this.sequence = firstSequence;
  }

  /** The number of the next log record. */
  get nextSequence(): bigint {
    return this.sequence;
  }

  /** Exemplars that are not among the rows: unusable, or too many at once. */
  get droppedExemplars(): number {
    return this.unusableExemplars + this.limiter.dropped;
  }

  add({ logs, spans }: Decoded): void {
    for (const log of logs ?? []) this.addLog(log);
    for (const span of spans ?? []) this.addSpan(span);
  }

  private piece(table: Table, timeMs: number): RowBinaryWriter {
    const key = `${table} ${pieceOf(timeMs)}`;
    let writer = this.pieces.get(key);
    if (!writer) {
      writer = new RowBinaryWriter();
      this.pieces.set(key, writer);
    }
    return writer;
  }

  addMetrics(numbered: NumberedBatch): void {
    const { batch, numbers } = numbered;
    if (this.index.unstored > 0) this.addSeries(numbers);
    for (const one of batch.metadata) this.metadata.set(one.name, one);
    this.addHours(batch.timestamps);
    this.addSamples(numbered);
    this.addHistograms(numbered);
    this.addExemplars(numbered);
  }

  private addSeries(numbers: Uint32Array): void {
    for (let i = 0; i < numbers.length; i++) {
      const series = this.index.at(numbers[i]!);
      if (!series.stored) this.series.add(series);
    }
  }

  private addHours(timestamps: ArrayLike<number>): void {
    let start = 0;
    let end = 0;
    for (let i = 0; i < timestamps.length; i++) {
      const time = timestamps[i]!;
      if (time >= start && time < end) continue;
      const hour = hourOf(time);
      this.hours.add(hour);
      start = hour * HOUR_MS;
      end = start + HOUR_MS;
    }
  }

  /** Cuts the batch where its samples go from one piece to another, which they hardly ever do. */
  private addSamples({ batch, numbers }: NumberedBatch): void {
    const { seriesIndex, timestamps, values } = batch;
    for (let from = 0; from < timestamps.length; ) {
      const piece = pieceOf(timestamps[from]!);
      const start = piece * DAYS_PER_INSERT * DAY_MS;
      const end = start + DAYS_PER_INSERT * DAY_MS;
      let to = from + 1;
      while (to < timestamps.length && timestamps[to]! >= start && timestamps[to]! < end) to++;
      const run = { seriesIndex, timestamps, values, numbers, from, to };
      const runs = this.samples.get(piece);
      if (runs) runs.push(run);
      else this.samples.set(piece, [run]);
      from = to;
    }
  }

  private addHistograms({ batch, numbers }: NumberedBatch): void {
    for (const { series, timestamp, histogram } of batch.histograms ?? []) {
      const rows = this.piece('histograms', timestamp);
      rows.uint64(this.index.at(numbers[series]!).id);
      rows.int64(BigInt(timestamp));
      rows.binary(encodeHistogram(histogram));
    }
  }

  private addExemplars({ batch, numbers }: NumberedBatch): void {
    this.unusableExemplars += batch.exemplarsDropped;
    for (const { series, timestamp, value, labels } of batch.exemplars) {
      const { id } = this.index.at(numbers[series]!);
      if (!this.limiter.admits(id, timestamp)) continue;
      const rows = this.piece('exemplars', timestamp);
      rows.uint64(id);
      rows.int64(BigInt(timestamp));
      rows.float64(value);
      // A list of pairs stands in RowBinary as a map does.
      rows.map(labels);
    }
  }

  private addLog(log: LogRecord): void {
    const rows = this.piece('logs', Number(log.timeUnixNano / 1_000_000n));
    rows.int64(log.timeUnixNano);
    rows.uint64(this.sequence++);
    resourceColumns(rows, log.resource);
    rows.uint8(log.severity);
    for (const text of [log.severityText, log.scope, log.body, log.traceId, log.spanId]) rows.string(text);
    rows.map(log.attributes);
    rows.map(log.resource.attributes);
  }

  private addSpan(span: Span): void {
    const rows = this.piece('spans', Number(span.startUnixNano / 1_000_000n));
    for (const id of [span.traceId, span.spanId, span.parentSpanId]) rows.string(id);
    resourceColumns(rows, span.resource);
    for (const text of [span.scope, span.name, span.kind]) rows.string(text);
    rows.int64(span.startUnixNano);
    rows.int64(span.endUnixNano);
    rows.string(span.status);
    rows.string(span.statusMessage);
    rows.map(span.attributes);
    rows.map(span.resource.attributes);
    const events = span.events.map((one) => [String(one.timeUnixNano), one.name, pairs(one.attributes)]);
    rows.string(JSON.stringify(events));
    rows.string(JSON.stringify(span.links.map((one) => [one.traceId, one.spanId, pairs(one.attributes)])));
  }

  /** In the order in which they must be done. Empty for a batch without rows. */
  inserts(now: number): Insert[] {
    const inserts: Insert[] = [];
    if (this.series.size > 0) inserts.push({ table: 'series', part: 'series', rows: seriesRows(this.series, now) });
    if (this.metadata.size > 0) {
      inserts.push({ table: 'metadata', part: 'metadata', rows: metadataRows(this.metadata.values()) });
    }
    for (const [piece, runs] of this.samples) {
      inserts.push({ table: 'samples', part: `samples-${piece}`, runs });
    }
    for (const [key, writer] of this.pieces) {
      inserts.push({ table: key.split(' ')[0] as Table, part: key.replace(' ', '-'), rows: writer.finish() });
    }
    return inserts;
  }
}

function resourceColumns(rows: RowBinaryWriter, resource: Resource): void {
  rows.string(resource.service);
  rows.string(resource.version);
  rows.string(resource.environment);
}

function seriesRows(series: Iterable<Series>, now: number): Uint8Array {
  const rows = new RowBinaryWriter();
  for (const { id, labels } of series) {
    rows.uint64(id);
    rows.string(labels.get('__name__') ?? '');
    rows.map(labels);
    rows.int64(BigInt(Math.trunc(now)));
  }
  return rows.finish();
}

function metadataRows(metadata: Iterable<MetricMetadata>): Uint8Array {
  const rows = new RowBinaryWriter();
  for (const { name, type, help, unit } of metadata) for (const text of [name, type, help, unit]) rows.string(text);
  return rows.finish();
}

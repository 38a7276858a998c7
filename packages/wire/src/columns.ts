import {
  type Exemplar,
  type HistogramSample,
  type Labels,
  type MetricBatch,
  type MetricMetadata,
  type SeriesExemplar,
  WireError,
} from './batch.ts';
import { fitsExemplar, MOST_EXEMPLARS } from './exemplar.ts';
import type { NativeHistogram } from './histogram/histogram.ts';

/** The two words of Prometheus' stale marker, 0x7ff0000000000002 (prometheus/model/value/value.go). */
export const STALE_LO = 2;
export const STALE_HI = 0x7ff00000;

const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

/** Native histograms of one body, and their buckets: what a few bytes of it unfold to is bounded. */
const MOST_HISTOGRAMS = 200_000;
const MOST_HISTOGRAM_BUCKETS = 8_000_000;

/** The columns of a batch that was built before, for the next one to be built in; none larger than this many samples. */
let spare: Columns | undefined;
const MOST_SPARE = 65_536;

interface Columns {
  readonly index: Uint32Array<ArrayBuffer>;
  readonly times: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
}

type BatchColumns = Pick<MetricBatch, 'seriesIndex' | 'timestamps' | 'values'>;

const cut = ({ index, times, values }: Columns, count: number): BatchColumns => ({
  seriesIndex: index.slice(0, count),
  timestamps: times.slice(0, count),
  values: values.slice(0, count),
});

function copied({ index, times, values }: Columns, count: number, memory: ArrayBuffer): BatchColumns {
  const timestamps = new Float64Array(memory, 0, count);
  const ownValues = new Float64Array(memory, 8 * count, count);
  const seriesIndex = new Uint32Array(memory, 16 * count, count);
  timestamps.set(times.subarray(0, count));
  ownValues.set(values.subarray(0, count));
  seriesIndex.set(index.subarray(0, count));
  return { seriesIndex, timestamps, values: ownValues };
}

const newColumns = (capacity: number): Columns => ({
  index: new Uint32Array(capacity),
  times: new Float64Array(capacity),
  values: new Float64Array(capacity),
});

/** Builds a MetricBatch, in columns that grow by doubling. */
export class MetricColumns {
  /** Those before any that the caller has counted itself. */
  readonly series: Labels[] = [];
  /** Moved by whoever has series whose labels are not wanted here. */
  seriesCount = 0;
  private readonly behind = new Map<number, Labels>();
  readonly metadata: MetricMetadata[] = [];
  private readonly exemplars: SeriesExemplar[] = [];
  private exemplarsDropped = 0;
  private readonly histograms: HistogramSample[] = [];
  private histogramBuckets = 0;
  private count = 0;
  private index: Uint32Array<ArrayBuffer>;
  private times: Float64Array<ArrayBuffer>;
  private values: Float64Array<ArrayBuffer>;
  private words: Uint32Array<ArrayBuffer>;

  constructor() {
    const { index, times, values } = spare ?? newColumns(64);
    spare = undefined;
    this.index = index;
    this.times = times;
    this.values = values;
    this.words = new Uint32Array(values.buffer);
  }

  /** Samples so far. */
  get samples(): number {
    return this.count;
  }

  /** Adds a series; the result is what `push` wants. The caller keeps the promises of Labels. */
  addSeries(labels: Labels): number {
    const place = this.seriesCount++;
    if (place === this.series.length) this.series.push(labels);
    else this.behind.set(place, labels);
    return place;
  }

  /** Undefined for a series that was only counted. */
  labelsOf(place: number): Labels | undefined {
    return this.series[place] ?? this.behind.get(place);
  }

  push(series: number, timestamp: number, value: number): void {
    const i = this.next(series, timestamp);
    this.values[i] = value;
  }

  /** Adds a value by its bits: a NaN that passes through a register may lose its payload, and with it the stale marker. */
  pushBits(series: number, timestamp: number, lo: number, hi: number): void {
    const i = this.next(series, timestamp) * 2;
    this.words[i + LOW] = lo;
    this.words[i + HIGH] = hi;
  }

  /** Adds samples by their columns; `words` are the bits of the values as the machine has them. */
  pushColumns(index: Uint32Array, times: Float64Array, words: Uint32Array): void {
    while (this.count + index.length > this.index.length) this.grow();
    this.index.set(index, this.count);
    this.times.set(times, this.count);
    this.words.set(words, 2 * this.count);
    this.count += index.length;
  }

  pushStale(series: number, timestamp: number): void {
    this.pushBits(series, timestamp, STALE_LO, STALE_HI);
  }

  /** @throws WireError for one that is too many */
  pushHistogram(series: number, timestamp: number, histogram: NativeHistogram): void {
    this.histogramBuckets += histogram.positive.indexes.length + histogram.negative.indexes.length;
    if (this.histograms.length === MOST_HISTOGRAMS || this.histogramBuckets > MOST_HISTOGRAM_BUCKETS) {
      throw new WireError(
        `more than ${MOST_HISTOGRAMS} native histograms or ${MOST_HISTOGRAM_BUCKETS} buckets in one body`,
      );
    }
    this.histograms.push({ series, timestamp, histogram });
  }

  /** Keeps an exemplar, or counts it as dropped where it is undefined (was not usable), too long, or one too many. */
  pushExemplar(series: number, exemplar: Exemplar | undefined): void {
    const isKept = exemplar && this.exemplars.length < MOST_EXEMPLARS && fitsExemplar(exemplar.labels);
    if (isKept) this.exemplars.push({ series, ...exemplar });
    else this.exemplarsDropped++;
  }

  /** The batch; nothing may be added afterwards. Its columns are put into memory of 20 bytes a sample at least, if that is given. */
  finish(memory?: ArrayBuffer): MetricBatch {
    const { index, times, values, count } = this;
    if (index.length <= MOST_SPARE) spare = { index, times, values };
    return {
      series: this.series,
      ...(memory ? copied({ index, times, values }, count, memory) : cut({ index, times, values }, count)),
      ...(this.histograms.length > 0 && { histograms: this.histograms }),
      metadata: this.metadata,
      exemplars: this.exemplars,
      exemplarsDropped: this.exemplarsDropped,
    };
  }

  private next(series: number, timestamp: number): number {
    const i = this.count++;
    if (i === this.index.length) this.grow();
    this.index[i] = series;
    this.times[i] = timestamp;
    return i;
  }

  private grow(): void {
    const larger = newColumns(this.index.length * 2);
    larger.index.set(this.index);
    larger.times.set(this.times);
    larger.values.set(this.values);
    this.index = larger.index;
    this.times = larger.times;
    this.values = larger.values;
    this.words = new Uint32Array(larger.values.buffer);
  }
}

/** Whether `values[i]` is Prometheus' stale marker; every other NaN is an ordinary value. */
export function isStaleMarker(values: Float64Array, i: number): boolean {
  if (!Number.isNaN(values[i])) return false;
  const words = new Uint32Array(values.buffer, values.byteOffset + i * 8, 2);
  return words[LOW] === STALE_LO && words[HIGH] === STALE_HI;
}

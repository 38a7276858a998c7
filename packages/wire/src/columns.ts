import type { Exemplar, Labels, MetricBatch, MetricMetadata, SeriesExemplar } from './batch.ts';
import { fitsExemplar, MOST_EXEMPLARS } from './exemplar.ts';

/** The two words of Prometheus' stale marker, 0x7ff0000000000002 (prometheus/model/value/value.go). */
export const STALE_LO = 2;
export const STALE_HI = 0x7ff00000;

const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

/** Builds a MetricBatch, in columns that grow by doubling. */
export class MetricColumns {
  readonly series: Labels[] = [];
  readonly metadata: MetricMetadata[] = [];
  private readonly exemplars: SeriesExemplar[] = [];
  private exemplarsDropped = 0;
  private count = 0;
  private index: Uint32Array<ArrayBuffer>;
  private times: Float64Array<ArrayBuffer>;
  private values: Float64Array<ArrayBuffer>;
  private words: Uint32Array<ArrayBuffer>;

  /** @param capacity samples to begin with */
  constructor(capacity = 64) {
    this.index = new Uint32Array(capacity);
    this.times = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.words = new Uint32Array(this.values.buffer);
  }

  /** Samples so far. */
  get samples(): number {
    return this.count;
  }

  /** Takes back what was pushed after there were `samples`. */
  cut(samples: number): void {
    this.count = samples;
  }

  /** Adds a series; the result is what `push` wants. The caller keeps the promises of Labels. */
  addSeries(labels: Labels): number {
    return this.series.push(labels) - 1;
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

  pushStale(series: number, timestamp: number): void {
    this.pushBits(series, timestamp, STALE_LO, STALE_HI);
  }

  /** Keeps an exemplar, or counts it as dropped where it is undefined (was not usable), too long, or one too many. */
  pushExemplar(series: number, exemplar: Exemplar | undefined): void {
    const isKept = exemplar && this.exemplars.length < MOST_EXEMPLARS && fitsExemplar(exemplar.labels);
    if (isKept) this.exemplars.push({ series, ...exemplar });
    else this.exemplarsDropped++;
  }

  finish(): MetricBatch {
    return {
      series: this.series,
      seriesIndex: this.index.slice(0, this.count),
      timestamps: this.times.slice(0, this.count),
      values: this.values.slice(0, this.count),
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
    const size = this.index.length * 2;
    const { index, times, values } = this;
    this.index = new Uint32Array(size);
    this.index.set(index);
    this.times = new Float64Array(size);
    this.times.set(times);
    this.values = new Float64Array(size);
    this.values.set(values);
    this.words = new Uint32Array(this.values.buffer);
  }
}

/** Whether `values[i]` is Prometheus' stale marker; every other NaN is an ordinary value. */
export function isStaleMarker(values: Float64Array, i: number): boolean {
  if (!Number.isNaN(values[i])) return false;
  const words = new Uint32Array(values.buffer, values.byteOffset + i * 8, 2);
  return words[LOW] === STALE_LO && words[HIGH] === STALE_HI;
}

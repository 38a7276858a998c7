import { type Exemplar, type MetricBatch, type MetricType, WireError } from '../batch.ts';
import { type ClassicBucket, ClassicHistogramWriter } from '../classic-histogram.ts';
import { MetricColumns } from '../columns.ts';
import { fitsExemplar } from '../exemplar.ts';
import { floatText } from '../float-text.ts';
import { emptied } from '../histogram/add.ts';
import type { NativeHistogram } from '../histogram/histogram.ts';
import { byName, type LabelPair, METRIC_NAME, mergeLabels } from '../labels.ts';
import { textOf } from './any-value.ts';
import { accumulate, bucketsOf, type DeltaState, millis } from './delta/accumulate.ts';
import { type DeltaPoint, streamOf } from './delta/point.ts';
import { explicitBuckets, exponentialHistogram } from './histogram-points.ts';
import { decodeMessage, type OtlpFormat } from './message.ts';
import {
  CUMULATIVE,
  DELTA,
  type ExemplarMessage,
  type ExponentialPoint,
  type HistogramPoint,
  METRICS_REQUEST,
  type MetricData,
  type MetricMessage,
  type NumberPoint,
  type Point,
  type ResourceMetrics,
  type SummaryPoint,
} from './metric-messages.ts';
import { prometheusName, prometheusUnit } from './naming.ts';
import { PointLabels } from './point-labels.ts';
import { Rejections } from './rejections.ts';
import { defaultOtlpSettings, type OtlpSettings } from './settings.ts';
import { type Target, TargetInfoWriter } from './target-info.ts';

export interface OtlpConversionOptions {
  readonly format: OtlpFormat;
  /** Unix milliseconds; stands in for the time of a point that has none. */
  readonly receivedAt: number;
  readonly settings?: OtlpSettings;
  /**
   * Refuses a point by a WireError before anything of it is taken. `labels` are without `__name__` (and `le` or
   * `quantile`), `more` is how many such labels its series will have besides; `timestamp` in Unix milliseconds.
   */
  readonly check?: (family: string, labels: readonly LabelPair[], more: number, timestamp: number) => void;
}

/** Where the states of delta streams are kept, by `DeltaPoint.stream`. */
export interface DeltaStates {
  get(stream: string): DeltaState | undefined;
  set(stream: string, state: DeltaState): void;
}

/** A request that was read. `finish` may be called once. */
export interface OtlpConversion {
  /** In the order of the body. `finish` needs the state of each stream that has one. */
  readonly deltas: readonly DeltaPoint[];
  /** Data points in the body. */
  readonly points: number;
  /** Those that cannot be taken; complete after `finish`. */
  readonly rejections: Rejections;
  /** The samples of the request; what deltas have come to goes into `states`. */
  finish(states: DeltaStates): MetricBatch;
}

/**
 * Reads an ExportMetricsServiceRequest (opentelemetry-proto, metrics/v1) as Prometheus series, as Prometheus' OTLP
 * receiver does (prometheus/storage/remote/otlptranslator):
 * - names get their unit and `_total` (`http.server.request.duration` in s: `http_server_request_duration_seconds`);
 * - histograms become `_bucket{le}`, `_sum` and `_count`, summaries `{quantile}`, `_sum` and `_count`;
 * - exponential histograms become native ones, of the schema 8 at most;
 * - `job` is service.namespace/service.name, `instance` is service.instance.id, the other resource attributes are
 *   labels of `target_info`, which is written from the resource's earliest to its newest point;
 * - beyond Prometheus, the resource attributes service.version and deployment.environment.name are also labels of
 *   every series, `service_version` and `deployment_environment_name`, unless the point has such an attribute itself;
 * - exemplars of sums go to their series, those of histograms to the bucket of their value; they keep `trace_id` and
 *   `span_id`, and their filtered attributes where all of it fits into 128 characters;
 * - a point with the flag "no recorded value" becomes a stale marker;
 * - sums and histograms of delta temporality are added up (delta/accumulate.ts).
 * A point that cannot be taken is among the rejections, and the others are taken.
 * @throws WireError for a body that cannot be decoded.
 */
export function readOtlpMetrics(body: Uint8Array, options: OtlpConversionOptions): OtlpConversion {
  const request = decodeMessage(METRICS_REQUEST, body, options.format);
  const conversion = new Conversion(body.length, options);
  for (const resource of request.resourceMetrics) conversion.resource(resource);
  return conversion;
}

/**
 * The samples of a request without deltas, at default settings. The same bytes give the same result at any time.
 * @throws WireError for damage, and for the first point that cannot be taken: delta temporality needs what was there before.
 */
export function decodeOtlpMetrics(body: Uint8Array, format: OtlpFormat, receivedAt: number): MetricBatch {
  const conversion = readOtlpMetrics(body, { format, receivedAt });
  const [delta] = conversion.deltas;
  if (delta) {
    throw new WireError(
      `OTLP metrics: metric ${JSON.stringify(delta.family)} has delta temporality, only cumulative is accepted`,
    );
  }
  if (conversion.rejections.points > 0) throw new WireError(conversion.rejections.message());
  return conversion.finish(new Map());
}

interface PendingDelta extends DeltaPoint {
  readonly target: Target;
}

class Conversion implements OtlpConversion {
  readonly deltas: PendingDelta[] = [];
  readonly rejections = new Rejections();
  points = 0;
  private readonly columns = new MetricColumns();
  private readonly options: OtlpConversionOptions;
  private readonly settings: OtlpSettings;
  private readonly labels: PointLabels;
  private readonly histograms: ClassicHistogramWriter;
  private readonly described = new Set<string>();
  private readonly targets: Target[] = [];
  private target: Target = { labels: undefined, earliest: Infinity, newest: -Infinity };

  constructor(bodyBytes: number, options: OtlpConversionOptions) {
    this.options = options;
    this.settings = options.settings ?? defaultOtlpSettings;
    this.labels = new PointLabels(this.settings);
    this.histograms = new ClassicHistogramWriter(this.columns, bodyBytes);
  }

  resource({ resource, scopeMetrics }: ResourceMetrics): void {
    const points = scopeMetrics.reduce((sum, { metrics }) => sum + pointsOf(metrics), 0);
    this.points += points;
    if (!this.rejections.attempt(points, () => this.labels.enterResource(resource?.attributes ?? []))) return;
    let labels: LabelPair[] | undefined;
    this.rejections.attempt(0, () => {
      labels = this.labels.ofTarget();
      if (labels) this.options.check?.('target_info', labels, 1, this.options.receivedAt);
    });
    this.target = { labels, earliest: Infinity, newest: -Infinity };
    this.targets.push(this.target);
    for (const { scope, metrics, schemaUrl } of scopeMetrics) {
      const isUsable = this.rejections.attempt(pointsOf(metrics), () => this.labels.enterScope(scope, schemaUrl));
      if (isUsable) for (const metric of metrics) this.metric(metric);
    }
  }

  finish(states: DeltaStates): MetricBatch {
    for (const delta of this.deltas) this.rejections.attempt(1, () => this.addUp(delta, states));
    const info = new TargetInfoWriter(this.columns, this.settings.lookbackMs);
    for (const target of this.targets) info.write(target);
    return this.columns.finish();
  }

  private metric(metric: MetricMessage): void {
    const { data } = metric;
    if (data === undefined) return;
    const points = data.dataPoints.length;
    if (points === 0) return;
    let family = '';
    const isUsable = this.rejections.attempt(points, () => {
      family = this.familyName(metric, data);
      checkTemporality(metric.name, data);
    });
    if (!isUsable) return;
    const before = this.rejections.points;
    switch (data.type) {
      case 'gauge':
      case 'sum':
        for (const point of data.dataPoints) this.rejections.attempt(1, () => this.number(family, data, point));
        break;
      case 'histogram':
        for (const point of data.dataPoints) {
          this.rejections.attempt(1, () => this.histogram(family, data, point, explicitBuckets(point, metric.name)));
        }
        break;
      case 'exponential':
        for (const point of data.dataPoints) {
          this.rejections.attempt(1, () => this.native(family, data, point, metric.name));
        }
        break;
      case 'summary':
        for (const point of data.dataPoints) this.rejections.attempt(1, () => this.summary(family, point));
    }
    if (this.rejections.points - before < points) this.describe(family, metric, data);
  }

  private familyName(metric: MetricMessage, data: MetricData): string {
    const type = metricType(data) === 'counter' ? 'counter' : data.type === 'gauge' ? 'gauge' : 'other';
    const name = prometheusName(metric.name, metric.unit, type, this.settings.translationStrategy);
    if (name === '') throw new WireError(`OTLP metrics: the metric name ${JSON.stringify(metric.name)} is not usable`);
    return name;
  }

  private describe(name: string, metric: MetricMessage, data: MetricData): void {
    if (this.described.has(name)) return;
    this.described.add(name);
    const unit = prometheusUnit(metric.unit);
    this.columns.metadata.push({ name, type: metricType(data), help: metric.description, unit });
  }

  /** Labels and time of a point that may be taken. */
  private place(family: string, point: Point, more: number): { labels: LabelPair[]; timestamp: number } {
    const timestamp = millis(this.timeOf(point));
    const labels = this.labels.of(point.attributes);
    this.options.check?.(family, labels, more, timestamp);
    return { labels, timestamp };
  }

  private number(family: string, data: MetricData & { dataPoints: NumberPoint[] }, point: NumberPoint): void {
    const stale = isStale(point);
    if (point.value === undefined && !stale) {
      throw new WireError(`OTLP metrics: a point of ${JSON.stringify(family)} has no value`);
    }
    const { labels, timestamp } = this.place(family, point, 1);
    const exemplars = data.type === 'sum' ? exemplarsOf(point.exemplars, timestamp) : [];
    const value = point.value ?? 0;
    if (data.type === 'sum' && data.aggregationTemporality === DELTA) {
      const stream = streamOf('sum', family, labels);
      const counted = { kind: 'sum', value, monotonic: data.isMonotonic } as const;
      this.deltas.push({ stream, family, labels, ...this.interval(point), exemplars, counted, target: this.target });
      return;
    }
    this.seen(timestamp);
    const series = this.sample(labels, [[METRIC_NAME, family]], timestamp, value, stale);
    for (const exemplar of exemplars) this.columns.pushExemplar(series, exemplar);
  }

  private histogram(
    family: string,
    data: MetricData & { aggregationTemporality: number },
    point: HistogramPoint,
    buckets: readonly ClassicBucket[],
  ): void {
    const { labels, timestamp } = this.place(family, point, 2);
    const { count, sum } = point;
    const exemplars = exemplarsOf(point.exemplars, timestamp);
    if (data.aggregationTemporality === DELTA) {
      const stream = streamOf('histogram', family, labels);
      const counted = { kind: 'histogram', buckets, count, sum } as const;
      this.deltas.push({ stream, family, labels, ...this.interval(point), exemplars, counted, target: this.target });
      return;
    }
    this.histograms.write({ family, labels, buckets, count, sum, timestamp, stale: isStale(point), exemplars });
    this.seen(timestamp);
  }

  private native(
    family: string,
    data: MetricData & { aggregationTemporality: number },
    point: ExponentialPoint,
    metric: string,
  ): void {
    const { labels, timestamp } = this.place(family, point, 1);
    const stale = isStale(point);
    // What is not recorded has nothing to check.
    const histogram = exponentialHistogram(stale ? { ...point, ...NOTHING_COUNTED } : point, metric);
    const exemplars = exemplarsOf(point.exemplars, timestamp);
    if (data.aggregationTemporality === DELTA) {
      const stream = streamOf('native', family, labels);
      const counted = { kind: 'native', histogram } as const;
      this.deltas.push({ stream, family, labels, ...this.interval(point), exemplars, counted, target: this.target });
      return;
    }
    this.nativeSample(family, labels, timestamp, histogram, stale, exemplars);
    this.seen(timestamp);
  }

  private nativeSample(
    family: string,
    labels: readonly LabelPair[],
    timestamp: number,
    histogram: NativeHistogram,
    stale: boolean,
    exemplars: readonly Exemplar[],
  ): void {
    const series = this.columns.addSeries(mergeLabels(labels, [[METRIC_NAME, family]]));
    if (stale) this.columns.pushStale(series, timestamp);
    else this.columns.pushHistogram(series, timestamp, histogram);
    for (const exemplar of exemplars) this.columns.pushExemplar(series, exemplar);
  }

  private summary(family: string, point: SummaryPoint): void {
    const { labels, timestamp } = this.place(family, point, 2);
    const stale = isStale(point);
    this.histograms.charge(family, labels.length, point.quantileValues.length);
    this.seen(timestamp);
    for (const { quantile, value } of point.quantileValues) {
      const extra: LabelPair[] = [
        [METRIC_NAME, family],
        ['quantile', floatText(quantile)],
      ];
      this.sample(labels, extra, timestamp, value, stale);
    }
    this.sample(labels, [[METRIC_NAME, `${family}_sum`]], timestamp, point.sum, stale);
    this.sample(labels, [[METRIC_NAME, `${family}_count`]], timestamp, point.count, stale);
  }

  /** Writes what a delta brings its stream to. */
  private addUp(point: PendingDelta, states: DeltaStates): void {
    const known = states.get(point.stream);
    const sum = accumulate(known, point);
    if (typeof sum === 'string') throw new WireError(`OTLP metrics: ${sum}`);
    const { family, labels, stale, exemplars } = point;
    const { timestamp, total } = sum.state;
    if (total.kind === 'sum') {
      if (sum.zeroAt !== undefined) this.sample(labels, [[METRIC_NAME, family]], sum.zeroAt, 0, false);
      const series = this.sample(labels, [[METRIC_NAME, family]], timestamp, total.value, stale);
      for (const exemplar of exemplars) this.columns.pushExemplar(series, exemplar);
    } else if (total.kind === 'native') {
      const { histogram } = total;
      if (sum.zeroAt !== undefined) this.nativeSample(family, labels, sum.zeroAt, emptied(histogram), false, []);
      this.nativeSample(family, labels, timestamp, histogram, stale, exemplars);
    } else {
      const buckets = bucketsOf(total);
      if (sum.zeroAt !== undefined) {
        const none = buckets.map(({ bound }) => ({ bound, count: 0 }));
        const zero = { buckets: none, count: 0, sum: total.sum === undefined ? undefined : 0, stale: false };
        this.histograms.write({ family, labels, ...zero, timestamp: sum.zeroAt });
      }
      const { count, sum: amount } = total;
      this.histograms.write({ family, labels, buckets, count, sum: amount, timestamp, stale, exemplars });
    }
    point.target.earliest = Math.min(point.target.earliest, timestamp);
    point.target.newest = Math.max(point.target.newest, timestamp);
    // A stream that pauses before it began has nothing to go on from.
    if (known !== undefined || !stale) states.set(point.stream, sum.state);
  }

  private sample(
    base: readonly LabelPair[],
    extra: readonly LabelPair[],
    timestamp: number,
    value: number,
    stale: boolean,
  ): number {
    const series = this.columns.addSeries(mergeLabels(base, extra));
    if (stale) this.columns.pushStale(series, timestamp);
    else this.columns.push(series, timestamp, value);
    return series;
  }

  private seen(timestamp: number): void {
    this.target.earliest = Math.min(this.target.earliest, timestamp);
    this.target.newest = Math.max(this.target.newest, timestamp);
  }

  private interval(point: Point): Pick<DeltaPoint, 'start' | 'time' | 'stale'> {
    return { start: point.startTimeUnixNano, time: this.timeOf(point), stale: isStale(point) };
  }

  private timeOf(point: Point): bigint {
    return point.timeUnixNano === 0n ? BigInt(Math.trunc(this.options.receivedAt)) * 1_000_000n : point.timeUnixNano;
  }
}

const pointsOf = (metrics: readonly MetricMessage[]): number =>
  metrics.reduce((sum, { data }) => sum + (data?.dataPoints.length ?? 0), 0);

/** `pointTime` stands in for a time that is not there; ids that are empty or all zeros are left out. */
function exemplarsOf(messages: readonly ExemplarMessage[], pointTime: number): Exemplar[] {
  return messages.map((message) => {
    const { value, timeUnixNano } = message;
    const ids: LabelPair[] = [];
    if (/[^0]/.test(message.spanId)) ids.push(['span_id', message.spanId]);
    if (/[^0]/.test(message.traceId)) ids.push(['trace_id', message.traceId]);
    const filtered = message.filteredAttributes.map(({ key, value }): LabelPair => [key, textOf(value)]);
    const all = new Map(usable(new Map([...filtered, ...ids])));
    const timestamp = timeUnixNano === 0n ? pointTime : millis(timeUnixNano);
    return { labels: fitsExemplar(all) ? all : new Map(ids), value, timestamp };
  });
}

const usable = (labels: ReadonlyMap<string, string>): LabelPair[] =>
  [...labels].filter(([name, value]) => name !== '' && value !== '').sort(byName);

function checkTemporality(name: string, data: MetricData): void {
  if (!('aggregationTemporality' in data)) return;
  const { aggregationTemporality } = data;
  if (aggregationTemporality === CUMULATIVE || aggregationTemporality === DELTA) return;
  throw new WireError(
    `OTLP metrics: metric ${JSON.stringify(name)} has no temporality: cumulative and delta are taken`,
  );
}

function metricType(data: MetricData): MetricType {
  if (data.type === 'sum') return data.isMonotonic ? 'counter' : 'gauge';
  return data.type === 'exponential' ? 'histogram' : data.type;
}

/** Of an exponential point without a recorded value. */
const NOTHING_COUNTED = { count: 0, zeroCount: 0, positive: undefined, negative: undefined };

const NO_RECORDED_VALUE = 1;

function isStale(point: Point): boolean {
  return point.flags % 2 === NO_RECORDED_VALUE;
}

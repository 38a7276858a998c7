import { type Exemplar, type MetricBatch, type MetricMetadata, type MetricType, WireError } from '../batch.ts';
import { ClassicHistogramWriter } from '../classic-histogram.ts';
import { MetricColumns } from '../columns.ts';
import { fitsExemplar } from '../exemplar.ts';
import { type ClassicBucket, classicBuckets, MAX_SCALE, MIN_SCALE } from '../exponential-buckets.ts';
import { floatText } from '../float-text.ts';
import { byName, type LabelPair, METRIC_NAME, mergeLabels } from '../labels.ts';
import { type KeyValue, textOf } from './any-value.ts';
import { decodeMessage, type OtlpFormat } from './message.ts';
import {
  type Buckets,
  CUMULATIVE,
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
import { prometheusLabel, prometheusName, prometheusUnit } from './naming.ts';

/**
 * Decodes an ExportMetricsServiceRequest (opentelemetry-proto, metrics/v1) to Prometheus series, as Prometheus' OTLP
 * receiver does with its default settings:
 * - names get their unit and `_total` (`http.server.request.duration` in s: `http_server_request_duration_seconds`);
 * - histograms become `_bucket{le}`, `_sum` and `_count`, summaries `{quantile}`, `_sum` and `_count`;
 * - exponential histograms become classic ones with at most four buckets to a doubling (native histograms come later);
 * - `job` is service.namespace/service.name, `instance` is service.instance.id, the other resource attributes are
 *   labels of `target_info`, which is written once per resource at the time of its newest point;
 * - beyond Prometheus, the resource attributes service.version and deployment.environment.name are also labels of
 *   every series, `service_version` and `deployment_environment_name`, unless the point has such an attribute itself;
 * - exemplars of sums go to their series, those of histograms to the bucket of their value; they keep `trace_id` and
 *   `span_id`, and their filtered attributes where all of it fits into 128 characters;
 * - a point with the flag "no recorded value" becomes a stale marker; a point without a time takes `receivedAt`
 *   (Unix milliseconds).
 * @throws WireError for damage, for a name of which nothing is left, and for sums and histograms that are not
 * cumulative: delta temporality has no place in Prometheus' model, and the message names the metric.
 */
export function decodeOtlpMetrics(body: Uint8Array, format: OtlpFormat, receivedAt: number): MetricBatch {
  const request = decodeMessage(METRICS_REQUEST, body, format);
  const conversion = new Conversion(body.length, receivedAt);
  for (const resource of request.resourceMetrics) conversion.resource(resource);
  return conversion.columns.finish();
}

const IDENTIFYING = ['service.name', 'service.namespace', 'service.instance.id'];
const PROMOTED = ['service.version', 'deployment.environment.name'];

class Conversion {
  readonly columns = new MetricColumns();
  private readonly receivedAt: number;
  private readonly histograms: ClassicHistogramWriter;
  private readonly labelNames = new Map<string, string>();
  private readonly described = new Set<string>();
  private target: readonly LabelPair[] = [];
  private promoted: readonly LabelPair[] = [];
  private newest = 0;

  constructor(bodyBytes: number, receivedAt: number) {
    this.receivedAt = receivedAt;
    this.histograms = new ClassicHistogramWriter(this.columns, bodyBytes);
  }

  resource({ resource, scopeMetrics }: ResourceMetrics): void {
    const attributes = new Map((resource?.attributes ?? []).map(({ key, value }) => [key, textOf(value)]));
    const namespace = attributes.get('service.namespace') ?? '';
    const service = attributes.get('service.name') ?? '';
    this.target = present([
      ['instance', attributes.get('service.instance.id') ?? ''],
      ['job', namespace === '' || service === '' ? service : `${namespace}/${service}`],
    ]);
    this.promoted = present(PROMOTED.map((key) => [this.labelName(key), attributes.get(key) ?? '']));
    this.newest = 0;
    for (const { metrics } of scopeMetrics) for (const metric of metrics) this.metric(metric);
    if (this.newest > 0) this.targetInfo(resource?.attributes ?? []);
  }

  private metric(metric: MetricMessage): void {
    const { data } = metric;
    if (data === undefined) return;
    const name = familyName(metric, data);
    refuseDelta(metric.name, data);
    this.describe(name, metric, data);
    switch (data.type) {
      case 'gauge':
        for (const point of data.dataPoints) this.number(name, point, []);
        return;
      case 'sum':
        for (const point of data.dataPoints) this.number(name, point, point.exemplars);
        return;
      case 'histogram':
        for (const point of data.dataPoints) this.histogram(name, point, explicitBuckets(point, metric.name));
        return;
      case 'exponential':
        for (const point of data.dataPoints) this.histogram(name, point, exponentialBuckets(point, metric.name));
        return;
      case 'summary':
        for (const point of data.dataPoints) this.summary(name, point);
    }
  }

  private describe(name: string, metric: MetricMessage, data: MetricData): void {
    if (this.described.has(name)) return;
    this.described.add(name);
    const metadata: MetricMetadata = {
      name,
      type: metricType(data),
      help: metric.description,
      unit: prometheusUnit(metric.unit),
    };
    this.columns.metadata.push(metadata);
  }

  private number(name: string, point: NumberPoint, exemplars: readonly ExemplarMessage[]): void {
    const stale = isStale(point);
    if (point.value === undefined && !stale) return;
    const series = this.sample(this.pointLabels(point.attributes), [[METRIC_NAME, name]], point, point.value ?? 0);
    for (const exemplar of exemplars) this.columns.pushExemplar(series, exemplarOf(exemplar, this.time(point)));
  }

  private histogram(family: string, point: HistogramPoint | ExponentialPoint, buckets: readonly ClassicBucket[]): void {
    const labels = this.pointLabels(point.attributes);
    const { count, sum } = point;
    const timestamp = this.time(point);
    const exemplars = point.exemplars.map((exemplar) => exemplarOf(exemplar, timestamp));
    this.histograms.write({ family, labels, buckets, count, sum, timestamp, stale: isStale(point), exemplars });
  }

  private summary(name: string, point: SummaryPoint): void {
    const labels = this.pointLabels(point.attributes);
    this.histograms.charge(name, labels.length, point.quantileValues.length);
    for (const { quantile, value } of point.quantileValues) {
      const extra: LabelPair[] = [
        [METRIC_NAME, name],
        ['quantile', floatText(quantile)],
      ];
      this.sample(labels, extra, point, value);
    }
    this.sample(labels, [[METRIC_NAME, `${name}_sum`]], point, point.sum);
    this.sample(labels, [[METRIC_NAME, `${name}_count`]], point, point.count);
  }

  private sample(base: readonly LabelPair[], extra: readonly LabelPair[], point: Point, value: number): number {
    const series = this.columns.addSeries(mergeLabels(base, extra));
    if (isStale(point)) this.columns.pushStale(series, this.time(point));
    else this.columns.push(series, this.time(point), value);
    return series;
  }

  private targetInfo(attributes: readonly KeyValue[]): void {
    const described = attributes.filter(({ key }) => !IDENTIFYING.includes(key));
    if (described.length === 0 || this.target.length === 0) return;
    const labels = this.labelsOf(described);
    for (const [name, value] of this.target) labels.set(name, value);
    const series = this.columns.addSeries(mergeLabels(sorted(labels), [[METRIC_NAME, 'target_info']]));
    this.columns.push(series, this.newest, 1);
    if (this.described.has('target_info')) return;
    this.described.add('target_info');
    this.columns.metadata.push({ name: 'target_info', type: 'gauge', help: 'Target metadata', unit: '' });
  }

  /** The labels of a point, without `__name__`, sorted; `job` and `instance` win over attributes of that name. */
  private pointLabels(attributes: readonly KeyValue[]): LabelPair[] {
    const labels = this.labelsOf(attributes);
    for (const [name, value] of this.promoted) if (!labels.has(name)) labels.set(name, value);
    for (const [name, value] of this.target) labels.set(name, value);
    return sorted(labels);
  }

  /** Attributes whose keys become the same label are joined by `;` in the order of their keys. */
  private labelsOf(attributes: readonly KeyValue[]): Map<string, string> {
    const byKey = new Map<string, string>();
    for (const { key, value } of attributes) byKey.set(key, textOf(value));
    const joined = new Map<string, string[]>();
    for (const [key, value] of sorted(byKey)) {
      const name = this.labelName(key);
      const values = joined.get(name);
      if (values === undefined) joined.set(name, [value]);
      else values.push(value);
    }
    const labels = new Map<string, string>();
    for (const [name, values] of joined) labels.set(name, values.join(';'));
    labels.delete(METRIC_NAME);
    return labels;
  }

  private labelName(key: string): string {
    let name = this.labelNames.get(key);
    if (name === undefined) {
      name = prometheusLabel(key);
      if (name === '') throw new WireError(`OTLP metrics: attribute ${JSON.stringify(key)} leaves no label name`);
      this.labelNames.set(key, name);
    }
    return name;
  }

  private time(point: Point): number {
    const time = point.timeUnixNano === 0n ? this.receivedAt : Number(point.timeUnixNano / 1_000_000n);
    if (time > this.newest) this.newest = time;
    return time;
  }
}

/** `pointTime` stands in for a time that is not there; ids that are empty or all zeros are left out. */
function exemplarOf(message: ExemplarMessage, pointTime: number): Exemplar {
  const { value, timeUnixNano } = message;
  const ids: LabelPair[] = [];
  if (/[^0]/.test(message.spanId)) ids.push(['span_id', message.spanId]);
  if (/[^0]/.test(message.traceId)) ids.push(['trace_id', message.traceId]);
  const filtered = message.filteredAttributes.map(({ key, value }): LabelPair => [key, textOf(value)]);
  const all = new Map(sorted(new Map([...filtered, ...ids])).filter(([name]) => name !== ''));
  const timestamp = timeUnixNano === 0n ? pointTime : Number(timeUnixNano / 1_000_000n);
  return { labels: fitsExemplar(all) ? all : new Map(ids), value, timestamp };
}

function familyName(metric: MetricMessage, data: MetricData): string {
  const type = metricType(data) === 'counter' ? 'counter' : data.type === 'gauge' ? 'gauge' : 'other';
  const name = prometheusName(metric.name, metric.unit, type);
  if (name === '') throw new WireError(`OTLP metrics: the metric name ${JSON.stringify(metric.name)} is not usable`);
  return name;
}

function refuseDelta(name: string, data: MetricData): void {
  if (!('aggregationTemporality' in data) || data.dataPoints.length === 0) return;
  if (data.aggregationTemporality === CUMULATIVE) return;
  const temporality = data.aggregationTemporality === 1 ? 'delta' : 'unspecified';
  throw new WireError(
    `OTLP metrics: metric ${JSON.stringify(name)} has ${temporality} temporality, only cumulative is accepted`,
  );
}

function metricType(data: MetricData): MetricType {
  if (data.type === 'sum') return data.isMonotonic ? 'counter' : 'gauge';
  return data.type === 'exponential' ? 'histogram' : data.type;
}

function explicitBuckets(point: HistogramPoint, metric: string): ClassicBucket[] {
  const { explicitBounds, bucketCounts } = point;
  if (bucketCounts.length > 0 && bucketCounts.length !== explicitBounds.length + 1) {
    throw new WireError(
      `OTLP metrics: histogram ${JSON.stringify(metric)} has ${bucketCounts.length} buckets for ${explicitBounds.length} bounds`,
    );
  }
  const buckets: ClassicBucket[] = [];
  let total = 0;
  for (let i = 0; i + 1 < bucketCounts.length; i++) {
    const bound = explicitBounds[i]!;
    if (!(i === 0 ? !Number.isNaN(bound) : bound > explicitBounds[i - 1]!)) {
      throw new WireError(`OTLP metrics: the bounds of histogram ${JSON.stringify(metric)} do not ascend at ${bound}`);
    }
    total += bucketCounts[i]!;
    if (bound !== Infinity) buckets.push({ bound, count: total });
  }
  return buckets;
}

function exponentialBuckets(point: ExponentialPoint, metric: string): ClassicBucket[] {
  const { scale, zeroThreshold, zeroCount, positive, negative } = point;
  if (scale < MIN_SCALE || scale > MAX_SCALE) {
    throw new WireError(
      `OTLP metrics: histogram ${JSON.stringify(metric)} has scale ${scale}, expected ${MIN_SCALE} to ${MAX_SCALE}`,
    );
  }
  return classicBuckets({ scale, zeroThreshold, zeroCount, positive: indexed(positive), negative: indexed(negative) });
}

function indexed(buckets: Buckets | undefined) {
  if (buckets === undefined) return [];
  return buckets.bucketCounts.map((count, i) => ({ index: buckets.offset + i, count }));
}

const NO_RECORDED_VALUE = 1;

function isStale(point: Point): boolean {
  return point.flags % 2 === NO_RECORDED_VALUE;
}

function present(pairs: LabelPair[]): LabelPair[] {
  return pairs.filter(([, value]) => value !== '');
}

function sorted(labels: ReadonlyMap<string, string>): LabelPair[] {
  return present([...labels]).sort(byName);
}

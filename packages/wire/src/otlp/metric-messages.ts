import type { KeyValue } from './any-value.ts';
import { type Field, Message } from './message.ts';
import { RESOURCE, type ResourceMessage } from './resource.ts';

/** What every data point has (opentelemetry-proto, metrics/v1); bit 0 of `flags` is "no recorded value". */
export interface Point {
  attributes: KeyValue[];
  /** 0 where it is not said: since when a cumulative point counts, or the begin of a delta's interval. */
  startTimeUnixNano: bigint;
  timeUnixNano: bigint;
  flags: number;
}

/** Ids are hexadecimal, of whatever length was sent. */
export interface ExemplarMessage {
  filteredAttributes: KeyValue[];
  timeUnixNano: bigint;
  value: number;
  spanId: string;
  traceId: string;
}

export interface NumberPoint extends Point {
  value: number | undefined;
  exemplars: ExemplarMessage[];
}

export interface HistogramPoint extends Point {
  exemplars: ExemplarMessage[];
  count: number;
  sum: number | undefined;
  bucketCounts: number[];
  explicitBounds: number[];
}

export interface Buckets {
  offset: number;
  bucketCounts: number[];
}

export interface ExponentialPoint extends Point {
  exemplars: ExemplarMessage[];
  count: number;
  sum: number | undefined;
  scale: number;
  zeroCount: number;
  zeroThreshold: number;
  positive: Buckets | undefined;
  negative: Buckets | undefined;
}

export interface SummaryPoint extends Point {
  count: number;
  sum: number;
  quantileValues: { quantile: number; value: number }[];
}

/** AggregationTemporality. */
export const DELTA = 1;
export const CUMULATIVE = 2;

export type MetricData =
  | { type: 'gauge'; dataPoints: NumberPoint[] }
  | { type: 'sum'; dataPoints: NumberPoint[]; aggregationTemporality: number; isMonotonic: boolean }
  | { type: 'histogram'; dataPoints: HistogramPoint[]; aggregationTemporality: number }
  | { type: 'exponential'; dataPoints: ExponentialPoint[]; aggregationTemporality: number }
  | { type: 'summary'; dataPoints: SummaryPoint[] };

export interface MetricMessage {
  name: string;
  description: string;
  unit: string;
  data: MetricData | undefined;
}

const emptyPoint = () => ({ attributes: [] as KeyValue[], startTimeUnixNano: 0n, timeUnixNano: 0n, flags: 0 });

const TIMES: readonly Field[] = [
  { number: 2, name: 'startTimeUnixNano', kind: 'time' },
  { number: 3, name: 'timeUnixNano', kind: 'time' },
];

const EXEMPLAR = new Message<ExemplarMessage>(
  () => ({ filteredAttributes: [], timeUnixNano: 0n, value: 0, spanId: '', traceId: '' }),
  [
    { number: 2, name: 'timeUnixNano', kind: 'time' },
    { number: 3, name: 'value', json: 'asDouble', kind: 'double' },
    { number: 4, name: 'spanId', kind: 'id' },
    { number: 5, name: 'traceId', kind: 'id' },
    { number: 6, name: 'value', json: 'asInt', kind: 'sfixed64' },
    { number: 7, name: 'filteredAttributes', kind: 'attribute', repeated: true },
  ],
);

const exemplarsAt = (number: number): Field => ({ number, name: 'exemplars', kind: EXEMPLAR, repeated: true });

const NUMBER_POINT = new Message<NumberPoint>(
  () => ({ ...emptyPoint(), value: undefined, exemplars: [] }),
  [
    ...TIMES,
    { number: 4, name: 'value', json: 'asDouble', kind: 'double' },
    exemplarsAt(5),
    { number: 6, name: 'value', json: 'asInt', kind: 'sfixed64' },
    { number: 7, name: 'attributes', kind: 'attribute', repeated: true },
    { number: 8, name: 'flags', kind: 'uint64' },
  ],
);

const HISTOGRAM_POINT = new Message<HistogramPoint>(
  () => ({ ...emptyPoint(), exemplars: [], count: 0, sum: undefined, bucketCounts: [], explicitBounds: [] }),
  [
    ...TIMES,
    { number: 4, name: 'count', kind: 'fixed64' },
    { number: 5, name: 'sum', kind: 'double' },
    { number: 6, name: 'bucketCounts', kind: 'fixed64', repeated: true },
    { number: 7, name: 'explicitBounds', kind: 'double', repeated: true },
    exemplarsAt(8),
    { number: 9, name: 'attributes', kind: 'attribute', repeated: true },
    { number: 10, name: 'flags', kind: 'uint64' },
  ],
);

const BUCKETS = new Message<Buckets>(
  () => ({ offset: 0, bucketCounts: [] }),
  [
    { number: 1, name: 'offset', kind: 'sint32' },
    { number: 2, name: 'bucketCounts', kind: 'uint64', repeated: true },
  ],
);

function emptyExponentialPoint(): ExponentialPoint {
  return {
    ...emptyPoint(),
    exemplars: [],
    count: 0,
    sum: undefined,
    scale: 0,
    zeroCount: 0,
    zeroThreshold: 0,
    positive: undefined,
    negative: undefined,
  };
}

const EXPONENTIAL_POINT = new Message<ExponentialPoint>(emptyExponentialPoint, [
  { number: 1, name: 'attributes', kind: 'attribute', repeated: true },
  ...TIMES,
  { number: 4, name: 'count', kind: 'fixed64' },
  { number: 5, name: 'sum', kind: 'double' },
  { number: 6, name: 'scale', kind: 'sint32' },
  { number: 7, name: 'zeroCount', kind: 'fixed64' },
  { number: 8, name: 'positive', kind: BUCKETS },
  { number: 9, name: 'negative', kind: BUCKETS },
  { number: 10, name: 'flags', kind: 'uint64' },
  exemplarsAt(11),
  { number: 14, name: 'zeroThreshold', kind: 'double' },
]);

const QUANTILE = new Message<{ quantile: number; value: number }>(
  () => ({ quantile: 0, value: 0 }),
  [
    { number: 1, name: 'quantile', kind: 'double' },
    { number: 2, name: 'value', kind: 'double' },
  ],
);

const SUMMARY_POINT = new Message<SummaryPoint>(
  () => ({ ...emptyPoint(), count: 0, sum: 0, quantileValues: [] }),
  [
    ...TIMES,
    { number: 4, name: 'count', kind: 'fixed64' },
    { number: 5, name: 'sum', kind: 'double' },
    { number: 6, name: 'quantileValues', kind: QUANTILE, repeated: true },
    { number: 7, name: 'attributes', kind: 'attribute', repeated: true },
    { number: 8, name: 'flags', kind: 'uint64' },
  ],
);

/** The message of one kind of metric: its data points in field 1 and, where it has one, its temporality in field 2. */
function dataMessage(
  create: () => MetricData,
  point: Message<object>,
  more: readonly Field[] = [],
): Message<MetricData> {
  return new Message<MetricData>(create, [{ number: 1, name: 'dataPoints', kind: point, repeated: true }, ...more]);
}

const TEMPORALITY: Field = { number: 2, name: 'aggregationTemporality', kind: 'int32' };

const GAUGE = dataMessage(() => ({ type: 'gauge', dataPoints: [] }), NUMBER_POINT);
const SUM = dataMessage(
  () => ({ type: 'sum', dataPoints: [], aggregationTemporality: 0, isMonotonic: false }),
  NUMBER_POINT,
  [TEMPORALITY, { number: 3, name: 'isMonotonic', kind: 'bool' }],
);
const HISTOGRAM = dataMessage(
  () => ({ type: 'histogram', dataPoints: [], aggregationTemporality: 0 }),
  HISTOGRAM_POINT,
  [TEMPORALITY],
);
const EXPONENTIAL = dataMessage(
  () => ({ type: 'exponential', dataPoints: [], aggregationTemporality: 0 }),
  EXPONENTIAL_POINT,
  [TEMPORALITY],
);
const SUMMARY = dataMessage(() => ({ type: 'summary', dataPoints: [] }), SUMMARY_POINT);

const METRIC = new Message<MetricMessage>(
  () => ({ name: '', description: '', unit: '', data: undefined }),
  [
    { number: 1, name: 'name', kind: 'string' },
    { number: 2, name: 'description', kind: 'string' },
    { number: 3, name: 'unit', kind: 'string' },
    { number: 5, name: 'data', json: 'gauge', kind: GAUGE },
    { number: 7, name: 'data', json: 'sum', kind: SUM },
    { number: 9, name: 'data', json: 'histogram', kind: HISTOGRAM },
    { number: 10, name: 'data', json: 'exponentialHistogram', kind: EXPONENTIAL },
    { number: 11, name: 'data', json: 'summary', kind: SUMMARY },
  ],
);

export interface ScopeMetrics {
  scope: MetricScope | undefined;
  metrics: MetricMessage[];
  schemaUrl: string;
}

/** opentelemetry.proto.common.v1.InstrumentationScope with all that can become labels. */
export interface MetricScope {
  name: string;
  version: string;
  attributes: KeyValue[];
}

const METRIC_SCOPE = new Message<MetricScope>(
  () => ({ name: '', version: '', attributes: [] }),
  [
    { number: 1, name: 'name', kind: 'string' },
    { number: 2, name: 'version', kind: 'string' },
    { number: 3, name: 'attributes', kind: 'attribute', repeated: true },
  ],
);

const SCOPE_METRICS = new Message<ScopeMetrics>(
  () => ({ scope: undefined, metrics: [], schemaUrl: '' }),
  [
    { number: 1, name: 'scope', kind: METRIC_SCOPE },
    { number: 2, name: 'metrics', kind: METRIC, repeated: true },
    { number: 3, name: 'schemaUrl', kind: 'string' },
  ],
);

export interface ResourceMetrics {
  resource: ResourceMessage | undefined;
  scopeMetrics: ScopeMetrics[];
}

const RESOURCE_METRICS = new Message<ResourceMetrics>(
  () => ({ resource: undefined, scopeMetrics: [] }),
  [
    { number: 1, name: 'resource', kind: RESOURCE },
    { number: 2, name: 'scopeMetrics', kind: SCOPE_METRICS, repeated: true },
  ],
);

/** ExportMetricsServiceRequest. */
export const METRICS_REQUEST = new Message<{ resourceMetrics: ResourceMetrics[] }>(
  () => ({ resourceMetrics: [] }),
  [{ number: 1, name: 'resourceMetrics', kind: RESOURCE_METRICS, repeated: true }],
);

import type { MetricType } from '../../../packages/wire/src/index.ts';
import { encodeSnappy, encodeWriteRequest } from '../../../packages/wire/src/index.ts';
import type { Peer } from '../../peers/process.ts';
import type { Check } from '../remote-write-index.ts';
import { accepts, answers, encoded, post, refuses, type Sent } from './exchange.ts';

const HOUR = 3_600_000;

const api = { __name__: 'http_requests_total', job: 'api' };
const up = (instance: string) => ({ __name__: 'up', job: 'testjob', instance: `localhost:${instance}` });
const nameless = (instance: string) => ({ job: 'testjob', instance: `localhost:${instance}` });

const about = (type: MetricType, help = 'What it is.', unit = '') => ({ type, help, unit });

const trace = (
  value: number,
  labels: Readonly<Record<string, string>> = { trace_id: 'abc123', span_id: 'def456' },
) => ({
  labels,
  value,
});

/** Two stretches of buckets, with a gap between them. */
const POSITIVE = {
  spans: [
    [0, 3],
    [2, 2],
  ] as const,
  buckets: [1, 3, 4, 7, 8],
};
const NEGATIVE = { spans: [[0, 2]] as const, buckets: [1, 2] };

function histogram(sum: number, parts: readonly ('positive' | 'negative' | 'zero')[]): NonNullable<Sent['histogram']> {
  const has = (part: (typeof parts)[number]) => parts.includes(part);
  const count = (has('positive') ? 23 : 0) + (has('negative') ? 3 : 0) + (has('zero') ? 1 : 0);
  return {
    count,
    sum,
    zeroCount: has('zero') ? 1 : 0,
    ...(has('positive') ? POSITIVE : { buckets: [] }),
    ...(has('negative') && { negative: NEGATIVE }),
  };
}

const full = (sum: number) => histogram(sum, ['positive', 'negative', 'zero']);

const customBuckets: NonNullable<Sent['histogram']> = {
  count: 30,
  sum: 42,
  zeroCount: 0,
  schema: -53,
  bounds: [0.1, 0.5, 1, 2.5, 5, 10],
  spans: [[0, 6]],
  buckets: [2, 3, 5, 8, 7, 5],
};

const empty: NonNullable<Sent['histogram']> = { count: 0, sum: 0, zeroCount: 0, buckets: [] };

/** Values that each of these cases is repeated with. */
const VALUES: readonly NonNullable<Sent['value']>[] = [1, 'stale', Number.NaN, Infinity, -Infinity];

/** The checks of the index by the names of their cases, against a server that speaks remote write 2.0. */
export function receiverChecks(peer: Peer): Record<string, Check> {
  // A name of its own for each request: samples of one series must not be of the same millisecond.
  let requests = 0;
  const own = (sent: readonly Sent[]): Sent[] => {
    const request = String(++requests);
    return sent.map((each) => ({ ...each, labels: { ...each.labels, request } }));
  };
  const taken =
    (...sent: Sent[]): Check =>
    () =>
      accepts(peer, own(sent));
  const refused =
    (sent: readonly Sent[], good: readonly Sent[] = []): Check =>
    () =>
      refuses(peer, sent, good);
  const each = async <T>(values: readonly T[], check: (value: T) => ReturnType<Check>): Promise<string | undefined> => {
    for (const value of values) {
      const wrong = await check(value);
      if (wrong !== undefined) return `${value}: ${wrong}`;
    }
    return undefined;
  };
  const withEachValue = (labels: Readonly<Record<string, string>>): Check => {
    return () => each(VALUES, (value) => accepts(peer, own([{ labels, value }])));
  };
  const refusedWithEachValue = (labels: Readonly<Record<string, string>>): Check => {
    return () => each(VALUES, (value) => refuses(peer, [{ labels, value }]));
  };
  const exemplar = (labels: Readonly<Record<string, string>>, value = 1): Check =>
    taken({ labels: api, value, exemplars: [trace(value, labels)] });
  const metadata = (type: MetricType, help?: string, unit?: string): Check =>
    taken({
      labels: { __name__: `described_${type}` },
      ...(type === 'histogram' ? { histogram: full(1) } : { value: 1 }),
      metadata: about(type, help, unit),
    });
  const one = [{ labels: api, value: 1 }];
  const corrupt = (first: number): Uint8Array => {
    const body = Uint8Array.from(encoded(one, Date.now()));
    body[0] = first;
    return body;
  };
  const V1 = { 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' };
  const many = (series: (i: number) => Sent): Sent[] => Array.from({ length: 50 }, (_, i) => series(i));
  const labelsOf = (name: string, label: string, i: number) => ({ __name__: `${name}_${i}`, [label]: `${label}_${i}` });

  return {
    TestSamplesWithMetadataAndExemplars: taken({
      labels: api,
      value: 1,
      metadata: about('counter', 'Requests.', 'requests'),
      exemplars: [trace(1)],
    }),
    TestHistogramsWithMetadataAndExemplars: taken({
      labels: { __name__: 'request_duration_seconds', service: 'auth' },
      histogram: full(0.456),
      metadata: about('histogram', 'How long requests take.', 'seconds'),
      exemplars: [trace(0.456)],
    }),
    TestComplexSamplesRequest: taken(
      {
        labels: { __name__: 'cpu_usage' },
        value: 0.85,
        metadata: about('gauge', 'CPU', 'ratio'),
        exemplars: [trace(1)],
      },
      { labels: { __name__: 'memory_usage' }, value: 2 ** 33, metadata: about('gauge', 'Memory', 'bytes') },
    ),
    TestComplexHistogramsRequest: taken(
      {
        labels: { __name__: 'response_time', endpoint: '/users' },
        histogram: histogram(0.125, ['positive', 'zero']),
        metadata: about('histogram', 'Times', 'seconds'),
        exemplars: [trace(0.125)],
      },
      {
        labels: { __name__: 'request_size', method: 'POST' },
        histogram: histogram(1024, ['negative', 'zero']),
        metadata: about('histogram', 'Sizes', 'bytes'),
      },
    ),
    TestMultipleMetricFamiliesSamples: taken(
      { labels: api, value: 1000, metadata: about('counter', 'Requests', 'requests'), exemplars: [trace(1000)] },
      { labels: { __name__: 'temperature' }, value: 23.5, metadata: about('gauge', 'Temperature', 'celsius') },
    ),
    TestMultipleMetricFamiliesHistograms: taken({
      labels: { __name__: 'request_duration_seconds', handler: '/metrics' },
      histogram: histogram(0.003, ['positive', 'zero']),
      metadata: about('histogram', 'Duration', 'seconds'),
      exemplars: [trace(0.003)],
    }),
    // Either answer is right to the suite; the protocol wants a sample or a histogram of each series, as Prometheus does.
    'TestEdgeCaseCombinations/metadata_without_data': refused([
      { labels: { __name__: 'orphan_metric' }, metadata: about('counter', 'No samples', 'count') },
    ]),
    'TestEdgeCaseCombinations/exemplars_without_data': refused([
      { labels: { __name__: 'orphan_metric' }, exemplars: [trace(42)] },
    ]),
    'TestEdgeCaseCombinations/mixed_timestamp_data': taken(
      {
        labels: { __name__: 'old_metric' },
        value: 1,
        offset: -HOUR,
        exemplars: [{ ...trace(1), offset: -HOUR / 2 }],
      },
      { labels: { __name__: 'new_metric' }, value: 2 },
    ),
    TestManySamples: taken(
      ...many((i) => ({
        labels: labelsOf('counter_metric', 'series', i),
        value: i * 100,
        metadata: about('counter', `Counter ${i}`, 'count'),
        exemplars: [trace(i * 100, { trace_id: `trace_${i}` })],
      })),
    ),
    TestManyHistograms: taken(
      ...many((i) => ({
        labels: labelsOf('histogram_metric', 'bucket', i),
        histogram: i % 2 === 0 ? full(i / 10) : histogram(i / 10, ['positive', 'zero']),
        metadata: about('histogram', `Histogram ${i}`, 'seconds'),
        exemplars: [trace(i / 10, { trace_id: `trace_${i}` })],
      })),
    ),
    TestSpecialCharactersCombined: taken({
      labels: { __name__: 'test_metric', job: 'test-job_with.special@chars', environment: 'test🚀' },
      value: 42,
      metadata: about('gauge', 'äöü, newlines\nand "quotes"', 'special/units'),
      exemplars: [trace(42, { trace_id: 'trace_äöü-123', span_id: 'span_with.dots-and_underscores' })],
    }),
    TestCustomBucketsHistogramWithExemplar: taken({
      labels: { __name__: 'custom_latency', version: 'v2' },
      histogram: customBuckets,
      exemplars: [trace(0.05, { trace_id: 'custom', bucket: '0.1' })],
    }),
    'TestExemplars/basic_exemplar': exemplar({ trace_id: 'abc123def456' }),
    'TestExemplars/exemplar_with_span_id': exemplar({ trace_id: 'xyz789', span_id: 'span123' }, 0.125),
    'TestExemplars/exemplar_without_trace_id': exemplar({ user_id: 'user123' }, 0.85),
    'TestExemplars/exemplar_with_multiple_labels': exemplar({ trace_id: 't', user: 'admin', endpoint: '/login' }, 0.05),
    'TestExemplars/exemplar_no_labels': exemplar({}),
    'TestExemplars/exemplar_with_special_chars': exemplar({ trace_id: 'trace-with-dashes_and.123' }),
    'TestExemplars/exemplar_with_unicode': exemplar({ trace_id: 'trace_测试' }),
    TestExemplarWithCreatedTimestamp: taken({ labels: api, value: 250, created: -2 * HOUR, exemplars: [trace(250)] }),
    TestMultipleExemplars: taken(
      { labels: { __name__: 'request_duration', method: 'GET' }, value: 0.1, exemplars: [trace(0.1)] },
      { labels: { __name__: 'request_duration', method: 'POST' }, value: 0.25, exemplars: [trace(0.25)] },
      { labels: { __name__: 'error_count', service: 'payment' }, value: 1, exemplars: [trace(1, { user: 'test' })] },
    ),
    TestExemplarTimestamps: taken(
      ...[-HOUR, -60_000, 0].map((offset) => ({
        labels: { __name__: 'latency' },
        value: 0.05,
        offset,
        exemplars: [{ ...trace(0.05, { trace_id: `at${offset}` }), offset }],
      })),
    ),
    'TestExemplarValidation/exemplar_without_name_label': refused([
      { labels: { job: 'test' }, value: 1, exemplars: [trace(1)] },
    ]),
    'TestExemplarValidation/exemplar_with_empty_name': refused([
      { labels: { __name__: '' }, value: 1, exemplars: [trace(1)] },
    ]),
    'TestExemplarValidation/exemplar_with_valid_name': taken({
      labels: { __name__: 'valid_metric' },
      value: 1,
      exemplars: [trace(1)],
    }),
    TestExemplarSpecialValues: () =>
      each([0, -123.456, 1e10, 1e-10, Number.NaN, Infinity, -Infinity], (value) =>
        accepts(peer, own([{ labels: api, value, exemplars: [trace(value)] }])),
      ),
    'TestHistograms/basic_histogram': taken({ labels: { __name__: 'basic' }, histogram: full(1) }),
    'TestHistograms/custom_buckets_histogram': taken({ labels: { __name__: 'custom' }, histogram: customBuckets }),
    'TestHistograms/positive_only_histogram': taken({
      labels: { __name__: 'positive' },
      histogram: histogram(1, ['positive', 'zero']),
    }),
    'TestHistograms/negative_only_histogram': taken({
      labels: { __name__: 'negative' },
      histogram: histogram(-1, ['negative']),
    }),
    'TestHistograms/minimal_histogram': taken({ labels: { __name__: 'minimal' }, histogram: histogram(0, ['zero']) }),
    'TestHistograms/bad_count_histogram': refused([
      { labels: { __name__: 'bad_count' }, histogram: { ...full(1), count: 99 } },
    ]),
    TestHistogramWithCreatedTimestamp: taken({
      labels: { __name__: 'request_duration' },
      histogram: full(1),
      created: -HOUR,
    }),
    TestMultipleHistograms: taken(
      { labels: { __name__: 'duration', method: 'GET' }, histogram: full(1) },
      { labels: { __name__: 'duration', method: 'POST' }, histogram: histogram(2, ['positive']) },
    ),
    TestEmptyHistogram: taken({ labels: { __name__: 'empty' }, histogram: empty }),
    TestHistogramWithMetadata: taken({
      labels: { __name__: 'duration', job: 'api' },
      histogram: full(2.5),
      metadata: about('histogram', 'Duration', 'seconds'),
    }),
    TestHistogramWithExemplar: taken({
      labels: { __name__: 'duration', method: 'GET' },
      histogram: histogram(1.23, ['positive', 'zero']),
      exemplars: [trace(1.23)],
    }),
    TestHistogramWithMetadataAndExemplar: taken({
      labels: { __name__: 'response_size', service: 'upload' },
      histogram: full(10_485_760),
      metadata: about('histogram', 'Sizes', 'bytes'),
      exemplars: [trace(10_485_760)],
    }),
    TestMultipleHistogramsWithMetadata: taken(
      { labels: { __name__: 'cpu' }, histogram: full(0.75), metadata: about('histogram', 'CPU', 'ratio') },
      { labels: { __name__: 'memory' }, histogram: full(2 ** 33), metadata: about('histogram', 'Memory', 'bytes') },
    ),
    'TestMetadata/counter_metadata': metadata('counter', 'Number of requests', 'requests'),
    'TestMetadata/gauge_metadata': metadata('gauge', 'CPU in percent', 'percent'),
    'TestMetadata/histogram_metadata': metadata('histogram', 'Duration', 'seconds'),
    'TestMetadata/metadata_no_help_no_unit': metadata('counter', '', ''),
    'TestMetadata/metadata_with_special_chars': metadata('gauge', 'With\nnewlines and "quotes"', 'bytes/sec'),
    'TestMetadata/unspecified_metadata_type': metadata('unknown'),
    'TestMetadata/info_metadata_type': metadata('info'),
    'TestMetadata/stateset_metadata_type': metadata('stateset'),
    'TestMetadata/summary_metadata_type': metadata('summary', 'Latency', 'seconds'),
    'TestMetadata/gauge_histogram_metadata_type': metadata('gaugehistogram', 'Temperatures', 'celsius'),
    TestCounterMetadataWithCreatedTimestamp: taken({
      labels: api,
      value: 150,
      created: -HOUR,
      metadata: about('counter', 'Requests', 'requests'),
    }),
    TestMetadataWithSamples: taken({ labels: api, value: 42, metadata: about('counter', 'Requests', 'requests') }),
    TestMultipleMetadata: taken(
      { labels: { __name__: 'cpu' }, value: 85.5, metadata: about('gauge', 'CPU', 'percent') },
      { labels: { __name__: 'memory' }, value: 4_096_000_000, metadata: about('gauge', 'Memory', 'bytes') },
      { labels: { __name__: 'disk', device: 'sda1' }, value: 75.2, metadata: about('gauge', 'Disk', 'percent') },
    ),
    TestMetadataWithComplexLabels: taken({
      labels: {
        __name__: 'http_request_duration_seconds',
        job: 'api-server',
        instance: 'localhost:8080',
        method: 'GET',
        status: '200',
        endpoint: '/api/v1/users',
      },
      histogram: full(0.25),
      metadata: about('histogram', 'Duration', 'seconds'),
    }),
    'TestMetadataValidation/metadata_without_name_label': refused([
      { labels: { job: 'test' }, value: 1, metadata: about('counter') },
    ]),
    'TestMetadataValidation/metadata_with_empty_name': refused([
      { labels: { __name__: '' }, value: 1, metadata: about('gauge') },
    ]),
    'TestMetadataValidation/metadata_with_valid_name': taken({
      labels: { __name__: 'valid_metric_name' },
      value: 1,
      metadata: about('counter'),
    }),
    'TestSingleMetric/simple metric': withEachValue({ __name__: 'up' }),
    'TestSingleMetric/simple metric with multiple labels': withEachValue(up('9090')),
    'TestSingleMetric/simple metric with newlines': withEachValue({ ...up('9090'), job: 'test\njob\n' }),
    'TestSingleMetric/simple metric with dots': withEachValue({
      __name__: 'resource.cpu.usage',
      'job.name': 'testjob',
      'instance.name': 'localhost:9090',
    }),
    'TestSingleMetric/simple metric with spaces': withEachValue({
      __name__: 'resource cpu usage',
      'job name': 'testjob',
      'instance name': 'localhost:9090',
    }),
    'TestSingleMetric/simple metric without name label': refusedWithEachValue(nameless('9090')),
    'TestSingleMetric/empty metric': refusedWithEachValue({}),
    TestCounterWithCreatedTimestamp: taken({ labels: api, value: 100, created: -HOUR }),
    'TestMultipleMetrics/multiple metrics': () =>
      each(VALUES, (value) =>
        accepts(peer, own(['9090', '9091', '9092', '9093'].map((port) => ({ labels: up(port), value })))),
      ),
    'TestMultipleMetrics/multiple metrics, without name label': () =>
      each(VALUES, (value) =>
        refuses(
          peer,
          ['9090', '9091', '9092', '9093'].map((port) => ({ labels: nameless(port), value })),
        ),
      ),
    'TestMultipleMetrics/multiple metrics, 1 without name label': () =>
      each(VALUES, (value) => {
        const good = own(['9091', '9092', '9093'].map((port) => ({ labels: up(port), value })));
        return refuses(peer, [{ labels: nameless('9090'), value }, ...good], good);
      }),
    TestBadContentTypes: () =>
      each(['application/json', 'image/png'], (type) =>
        answers(415, post(peer, corrupt(0x30), { 'content-type': type })),
      ),
    TestBadContentEncodings: () =>
      each(['gzip', 'deflate'], (encoding) =>
        answers(415, post(peer, corrupt(0x30), { 'content-encoding': encoding })),
      ),
    TestCorruptRequestBody: () => answers(400, post(peer, corrupt(0x30))),
    TestRW1BasicCompatibility: () => {
      const sample = { timestamp: Date.now(), value: 1 };
      const series = [up('9090'), { __name__: 'http_requests_total' }].map((labels) => ({
        labels: new Map(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
        samples: [sample],
      }));
      return answers(204, post(peer, encodeSnappy(encodeWriteRequest(series)), V1));
    },
    TestRW1ErrorHandling: () => answers(400, post(peer, corrupt(0xff), V1)),
  };
}

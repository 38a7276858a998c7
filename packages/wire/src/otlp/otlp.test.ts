import { describe, expect, it } from 'vitest';
import { type MetricBatch, WireError } from '../batch.ts';
import { isStaleMarker } from '../columns.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { decodeOtlpLogs } from './logs.ts';
import { decodeOtlpMetrics } from './metrics.ts';
import { decodeOtlpTraces } from './traces.ts';

const NOW = 1_700_000_000_000;
const TIME = '1767225600000000000';
const MILLIS = 1767225600000;
const TRACE = '5B8EFFF798038103D269B633813FC60C';
const SPAN = 'eee19b7ec3c1b174';

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}

function attribute(key: string, stringValue: string) {
  return { key, value: { stringValue } };
}

const resource = {
  attributes: [
    attribute('service.name', 'shop'),
    attribute('service.namespace', 'web'),
    attribute('service.instance.id', 'i-1'),
    attribute('service.version', 'v2'),
    attribute('host.name', 'h'),
  ],
};

function metrics(...list: unknown[]): Uint8Array {
  return json({ resourceMetrics: [{ scopeMetrics: [{ metrics: list }] }] });
}

function rows(batch: MetricBatch): [string, number][] {
  return [...batch.seriesIndex].map((series, i) => {
    const { __name__: name, ...labels } = Object.fromEntries(batch.series[series]!);
    const text = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    return [`${name}{${text.join(',')}}`, batch.values[i]!];
  });
}

function spans(...list: object[]): Uint8Array {
  return json({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'lib' }, spans: list }] }] });
}

const span = { traceId: TRACE, spanId: SPAN, name: 'GET /', kind: 2, startTimeUnixNano: TIME, endTimeUnixNano: TIME };

describe('OTLP metrics', () => {
  it('get job, instance, promoted labels and target_info from the resource', () => {
    const point = { asInt: '3', timeUnixNano: TIME, attributes: [attribute('http.method', 'GET')] };
    const metric = { name: 'hits', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point] } };
    const body = json({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [metric] }] }] });
    const batch = decodeOtlpMetrics(body, 'json', NOW);
    expect(rows(batch)).toEqual([
      ['hits_total{http_method=GET,instance=i-1,job=web/shop,service_version=v2}', 3],
      ['target_info{host_name=h,instance=i-1,job=web/shop,service_version=v2}', 1],
    ]);
    expect([...batch.timestamps]).toEqual([MILLIS, MILLIS]);
    expect([...batch.series[0]!.keys()]).toEqual(['__name__', 'http_method', 'instance', 'job', 'service_version']);
  });

  it('unfold a histogram to cumulative buckets', () => {
    const point = { timeUnixNano: TIME, count: '6', sum: 2.5, bucketCounts: ['1', 2, '3'], explicitBounds: [0.1, 1] };
    const metric = { name: 'd', unit: 's', histogram: { aggregationTemporality: 2, dataPoints: [point] } };
    const batch = decodeOtlpMetrics(metrics(metric), 'json', NOW);
    expect(rows(batch)).toEqual([
      ['d_seconds_bucket{le=0.1}', 1],
      ['d_seconds_bucket{le=1}', 3],
      ['d_seconds_bucket{le=+Inf}', 6],
      ['d_seconds_sum{}', 2.5],
      ['d_seconds_count{}', 6],
    ]);
    expect(batch.metadata).toEqual([{ name: 'd_seconds', type: 'histogram', help: '', unit: 'seconds' }]);
  });

  it('keep exemplars of sums and histograms, each with the bucket of its value', () => {
    const exemplar = (asDouble: number, more: object = {}) => ({ asDouble, timeUnixNano: TIME, ...more });
    const ids = { traceId: TRACE, spanId: SPAN };
    const exemplars = [
      exemplar(0.5, { ...ids, filteredAttributes: [attribute('user.id', 'u')] }),
      exemplar(1, { traceId: '0'.repeat(32), timeUnixNano: 0 }),
      exemplar(7, { ...ids, filteredAttributes: [attribute('much', 'x'.repeat(100))] }),
    ];
    const point = { timeUnixNano: TIME, count: 3, bucketCounts: [2, 0, 1], explicitBounds: [1, 5], exemplars };
    const histogram = { name: 'h', histogram: { aggregationTemporality: 2, dataPoints: [point] } };
    const number = { asInt: '3', timeUnixNano: TIME, exemplars: [{ asInt: '2', timeUnixNano: TIME }] };
    const sum = { name: 's', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [number] } };
    const gauge = { name: 'g', gauge: { dataPoints: [number] } };
    const batch = decodeOtlpMetrics(metrics(histogram, sum, gauge), 'json', NOW);
    const shown = batch.exemplars.map(({ series, labels, value, timestamp }) => {
      const { __name__: name, le = '' } = Object.fromEntries(batch.series[series]!);
      return [`${name} ${le}`, Object.fromEntries(labels), value, timestamp];
    });
    const idLabels = { span_id: SPAN, trace_id: TRACE.toLowerCase() };
    expect(shown).toEqual([
      ['h_bucket 1', { ...idLabels, 'user.id': 'u' }, 0.5, MILLIS],
      ['h_bucket 1', {}, 1, MILLIS],
      ['h_bucket +Inf', idLabels, 7, MILLIS],
      ['s_total ', {}, 2, MILLIS],
    ]);
  });

  it('have exponential histograms as native ones, with 2^n buckets as one where they are too fine', () => {
    const positive = { offset: -1, bucketCounts: new Array(9).fill(1) };
    const point = { timeUnixNano: TIME, count: '10', scale: 10, zeroCount: 1, positive };
    const metric = { name: 'e', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [point] } };
    const { series, histograms = [] } = decodeOtlpMetrics(metrics(metric), 'json', NOW);
    expect(series.map((one) => [...one])).toEqual([[['__name__', 'e']]]);
    expect(histograms).toMatchObject([
      {
        timestamp: MILLIS,
        histogram: {
          ...{ schema: 8, count: 10, sum: 0, zeroCount: 1 },
          positive: { indexes: Int32Array.of(0, 1, 2), counts: Float64Array.of(1, 4, 4) },
        },
      },
    ]);
  });

  it('unfold a summary', () => {
    const point = { timeUnixNano: TIME, count: 2, sum: 3, quantileValues: [{ quantile: 0.5, value: 1.5 }] };
    expect(rows(decodeOtlpMetrics(metrics({ name: 's', summary: { dataPoints: [point] } }), 'json', NOW))).toEqual([
      ['s{quantile=0.5}', 1.5],
      ['s_sum{}', 3],
      ['s_count{}', 2],
    ]);
  });

  it('turn "no recorded value" into a stale marker, and a missing time into the time of receipt', () => {
    const batch = decodeOtlpMetrics(metrics({ name: 'g', gauge: { dataPoints: [{ flags: 1 }] } }), 'json', NOW);
    expect(isStaleMarker(batch.values, 0)).toBe(true);
    expect(batch.timestamps[0]).toBe(NOW);
  });

  it('are the same from protobuf', () => {
    const w = new ProtoWriter();
    const open = [w.open(1), w.open(2), w.open(2)];
    w.string(1, 'temp');
    w.string(3, 'Cel');
    const gauge = w.open(5);
    for (const value of [21.5, -3]) {
      const point = w.open(1);
      w.tag(4, 1);
      w.double(value);
      w.tag(3, 1);
      w.fixed64(Number(BigInt(TIME) & 0xffffffffn), Number(BigInt(TIME) >> 32n));
      w.close(point);
    }
    w.close(gauge);
    for (const start of open.reverse()) w.close(start);
    const dataPoints = [21.5, -3].map((asDouble) => ({ asDouble, timeUnixNano: TIME }));
    const same = metrics({ name: 'temp', unit: 'Cel', gauge: { dataPoints } });
    const batch = decodeOtlpMetrics(w.finish(), 'protobuf', NOW);
    expect(batch).toEqual(decodeOtlpMetrics(same, 'json', NOW));
    expect(rows(batch)).toEqual([
      ['temp_celsius{}', 21.5],
      ['temp_celsius{}', -3],
    ]);
  });

  const attributes = Array.from({ length: 2000 }, (_, i) => attribute(`k${i}`, 'v'));
  const huge = {
    attributes,
    explicitBounds: Array.from({ length: 2000 }, (_, i) => i),
    bucketCounts: new Array(2001).fill(0),
  };
  const refused: [string, unknown, RegExp][] = [
    [
      'delta temporality',
      { name: 'd', sum: { aggregationTemporality: 1, dataPoints: [{ asInt: 1 }] } },
      /"d" has delta/,
    ],
    ['an empty name', { name: '', gauge: { dataPoints: [{ asInt: 1 }] } }, /metric name "" is not usable/],
    [
      'buckets that do not fit the bounds',
      histogramOf({ bucketCounts: [1], explicitBounds: [1] }),
      /1 buckets for 1 bounds/,
    ],
    [
      'bounds that do not ascend',
      histogramOf({ bucketCounts: [1, 1, 1], explicitBounds: [2, 1] }),
      /do not ascend at 1/,
    ],
    ['buckets times labels beyond all measure', histogramOf(huge), /too many for the body/],
    [
      'an attribute without a key',
      { name: 'g', gauge: { dataPoints: [{ asInt: 1, attributes: [attribute('', 'v')] }] } },
      /""/,
    ],
    [
      'a value of the wrong type',
      { name: 'g', gauge: { dataPoints: [{ asDouble: 'x' }] } },
      /asDouble: expected a number/,
    ],
  ];
  it.each(refused)('refuse %s', (_, metric, message) => {
    const decode = () => decodeOtlpMetrics(metrics(metric), 'json', NOW);
    expect(decode).toThrow(WireError);
    expect(decode).toThrow(message);
  });
});

function histogramOf(point: object) {
  return { name: 'h', histogram: { aggregationTemporality: 2, dataPoints: [point] } };
}

describe('OTLP traces', () => {
  it('keep ids in lower case, exact times, and the resource', () => {
    const [one] = decodeOtlpTraces(
      spans({ ...span, startTimeUnixNano: '1767225600000000001', status: { code: 2 } }),
      'json',
    );
    expect(one).toMatchObject({
      traceId: TRACE.toLowerCase(),
      kind: 'server',
      status: 'error',
      scope: 'lib',
      parentSpanId: '',
    });
    expect(one!.startUnixNano).toBe(1767225600000000001n);
    expect(one!.resource).toMatchObject({ service: 'shop', version: 'v2', environment: '' });
  });

  it('keep nanoseconds that JSON writes as a number', () => {
    const body = new TextDecoder().decode(spans(span)).replaceAll(`"${TIME}"`, '1767225600123456789');
    expect(decodeOtlpTraces(json(body), 'json')[0]!.startUnixNano).toBe(1767225600123456789n);
  });

  it('give a span that ends before it starts no duration', () => {
    const [one] = decodeOtlpTraces(spans({ ...span, endTimeUnixNano: '1' }), 'json');
    expect(one!.endUnixNano).toBe(one!.startUnixNano);
  });

  const refused: [string, object, RegExp][] = [
    ['a short trace id', { traceId: 'abcd' }, /span "GET \/": trace id "abcd" has 4 hexadecimal digits, expected 32/],
    ['a zero trace id', { traceId: '0'.repeat(32) }, /trace id is all zeros/],
    ['a missing span id', { spanId: '' }, /span id "" has 0/],
    ['a short parent', { parentSpanId: 'ab' }, /parent: span id "ab"/],
    ['an id that is not hexadecimal', { spanId: 'zz' }, /spanId: "zz" is not hexadecimal/],
    ['a link without ids', { links: [{}] }, /link: trace id/],
    ['a kind by name', { kind: 'SPAN_KIND_SERVER' }, /kind: expected an integer/],
    ['half a surrogate pair', { name: '\ud800' }, /half a surrogate pair/],
  ];
  it.each(refused)('refuse %s', (_, change, message) => {
    const decode = () => decodeOtlpTraces(spans({ ...span, ...change }), 'json');
    expect(decode).toThrow(WireError);
    expect(decode).toThrow(message);
  });
});

describe('OTLP logs', () => {
  const record = (log: object) => {
    const body = json({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [log] }] }] });
    return decodeOtlpLogs(body, 'json', NOW)[0]!;
  };

  it('take the observed time, then the time of receipt, where there is none', () => {
    expect(record({ observedTimeUnixNano: '5' }).timeUnixNano).toBe(5n);
    expect(record({}).timeUnixNano).toBe(BigInt(NOW) * 1_000_000n);
  });

  it('take the severity from its text where the number is missing', () => {
    expect(record({ severityText: 'Warning' })).toMatchObject({ severity: 13, severityText: 'Warning' });
    expect(record({ severityNumber: 18, severityText: 'x' }).severity).toBe(18);
  });

  it('write maps, arrays, bytes and integers of a body as JSON text', () => {
    const values = [
      { intValue: '9223372036854775807' },
      { bytesValue: 'AQI=' },
      { doubleValue: 'NaN' },
      { boolValue: true },
      {},
    ];
    const map = { kvlistValue: { values: [{ key: 'a"', value: { arrayValue: { values } } }] } };
    expect(record({ body: map }).body).toBe('{"a\\"":[9223372036854775807,"AQI=","NaN",true,null]}');
  });

  it('take zero ids for none, and keep the name of an event', () => {
    const log = record({ traceId: '0'.repeat(32), spanId: '', eventName: 'login' });
    expect(log).toMatchObject({ traceId: '', spanId: '' });
    expect(log.attributes.get('event.name')).toBe('login');
  });

  it('refuse a trace id of the wrong length', () => {
    expect(() => record({ traceId: 'abcd' })).toThrow(/log record: trace id "abcd" has 4/);
  });
});

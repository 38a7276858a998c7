import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MetricBatch, WireError } from '../batch.ts';
import { isStaleMarker } from '../columns.ts';
import type { DeltaState } from './delta/accumulate.ts';
import { type OtlpConversionOptions, readOtlpMetrics } from './metrics.ts';
import { defaultOtlpSettings, type OtlpSettings } from './settings.ts';

const NOW = 1_767_225_700_000;
const T = 1_767_225_600_000;
const nanos = (ms: number) => `${BigInt(T + ms) * 1_000_000n}`;
const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const attributes = (map: Record<string, string>) => Object.entries(map).map(([key, value]) => attribute(key, value));

interface Scope {
  name?: string;
  version?: string;
  attributes?: object[];
}

function request(metrics: object[], resource: Record<string, string> = {}, scope: Scope = {}) {
  return { resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics: [{ scope, metrics }] }] };
}

function read(body: object, settings: Partial<OtlpSettings> = {}, more: Partial<OtlpConversionOptions> = {}) {
  const bytes = Buffer.from(JSON.stringify(body));
  const all = { ...defaultOtlpSettings, ...settings };
  return readOtlpMetrics(bytes, { format: 'json', receivedAt: NOW, settings: all, ...more });
}

/** `name{labels} value @milliseconds behind T`, in order of text. */
function lines({ series, seriesIndex, timestamps, values, histograms = [] }: MetricBatch): string[] {
  const all = [...seriesIndex].map((at, i) => {
    const { __name__: name, ...labels } = Object.fromEntries(series[at]!);
    const text = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const value = isStaleMarker(values, i) ? 'stale' : values[i];
    return `${name}{${text.join(',')}} ${value} @${timestamps[i]! - T}`;
  });
  for (const { series: at, histogram } of histograms) all.push(`${series[at]!.get('__name__')} ${histogram.count}`);
  return all.sort();
}

const gauge = (name: string, ...dataPoints: object[]) => ({ name, gauge: { dataPoints } });
const at = (ms: number, asDouble: unknown, more: object = {}) => ({ timeUnixNano: nanos(ms), asDouble, ...more });

describe('labels', () => {
  const resource = { 'service.name': 'shop', 'service.namespace': 'web', 'service.instance.id': 'i', 'host.name': 'h' };
  const one = gauge('g', at(0, 1, { attributes: attributes({ a: '1' }) }));
  const labelsOf = (settings: Partial<OtlpSettings>, scope: Scope = {}) =>
    lines(read(request([one], resource, scope), settings).finish(new Map()));

  it.each([
    [{}, 'g{a=1,instance=i,job=web/shop}', 'target_info{host_name=h,instance=i,job=web/shop}'],
    [
      { promoteResourceAttributes: ['host.name', 'not.there'] },
      'g{a=1,host_name=h,instance=i,job=web/shop}',
      'target_info{host_name=h,instance=i,job=web/shop}',
    ],
    [
      { promoteAllResourceAttributes: true, ignoreResourceAttributes: ['host.name', 'service.instance.id'] },
      'g{a=1,instance=i,job=web/shop,service_name=shop,service_namespace=web}',
      'target_info{host_name=h,instance=i,job=web/shop}',
    ],
    [
      { keepIdentifyingResourceAttributes: true },
      'g{a=1,instance=i,job=web/shop}',
      'target_info{host_name=h,instance=i,job=web/shop,service_instance_id=i,service_name=shop,service_namespace=web}',
    ],
    [
      { translationStrategy: 'NoTranslation', promoteResourceAttributes: ['host.name'] } as const,
      'g{a=1,host.name=h,instance=i,job=web/shop}',
      'target_info{host.name=h,instance=i,job=web/shop}',
    ],
  ])('of a resource by %j', (settings, series, info) => {
    expect(labelsOf(settings)).toEqual([`${series} 1 @0`, `${info} 1 @0`]);
  });

  it('of a scope are there where they are promoted, and not on target_info', () => {
    const scope = { name: 'lib', version: '2', attributes: attributes({ 'x.y': 'z' }) };
    expect(labelsOf({}, scope)[0]).toBe('g{a=1,instance=i,job=web/shop} 1 @0');
    const [series, info] = labelsOf({ promoteScopeMetadata: true }, scope);
    expect(series).toBe(
      'g{a=1,instance=i,job=web/shop,otel_scope_name=lib,otel_scope_version=2,otel_scope_x_y=z} 1 @0',
    );
    expect(info).toBe('target_info{host_name=h,instance=i,job=web/shop} 1 @0');
    expect(labelsOf({ promoteScopeMetadata: true }, { version: '2' })[0]).toBe('g{a=1,instance=i,job=web/shop} 1 @0');
  });

  it('that join the signals keep their names, whatever the strategy', () => {
    const body = request([gauge('g', at(0, 1))], { 'service.version': '7', 'deployment.environment.name': 'prod' });
    for (const translationStrategy of ['UnderscoreEscapingWithSuffixes', 'NoTranslation'] as const) {
      const [series] = lines(read(body, { translationStrategy }).finish(new Map()));
      expect(series).toBe('g{deployment_environment_name=prod,service_version=7} 1 @0');
    }
  });

  it.each([
    [{ 'a.b': '2', a_b: '1' }, 'g{a_b=2;1}'],
    [{ 'a-b': '', 'a.b': '2', a_b: '' }, 'g{a_b=2;}'],
    [{ job: 'mine', 'service.name': 'x' }, 'g{job=mine,service_name=x}'],
    [{ __name__: 'other', a: '' }, 'g{}'],
  ])('of a point from %j', (map, expected) => {
    const body = request([gauge('g', at(0, 1, { attributes: attributes(map) }))]);
    expect(lines(read(body).finish(new Map()))).toEqual([`${expected} 1 @0`]);
  });
});

describe('target_info', () => {
  const times = (points: number[]) => {
    const body = request([gauge('g', ...points.map((ms) => at(ms, 1)))], { 'service.name': 's', x: 'y' });
    const all = lines(read(body).finish(new Map())).filter((line) => line.startsWith('target_info'));
    return all.map((line) => Number(line.split('@')[1])).sort((a, b) => a - b);
  };

  it.each([
    [[0], [0]],
    [
      [0, 150_000],
      [0, 150_000],
    ],
    [
      [400_000, 0],
      [0, 150_000, 300_000, 400_000],
    ],
  ])('of points at %j stands at %j', (points, expected) => {
    expect(times(points)).toEqual(expected);
  });

  it('of points years apart has its newest 601 samples', () => {
    const all = times([0, 1e11]);
    expect([all.length, all.at(-1)]).toEqual([601, 1e11]);
  });

  it('stands once, whatever the number of resources with its labels', () => {
    const one = request([gauge('g', at(0, 1))], { 'service.name': 's', x: 'y' }).resourceMetrics[0]!;
    const { series } = read({ resourceMetrics: [one, one] }).finish(new Map());
    const infos = lines(read({ resourceMetrics: [one, one] }).finish(new Map()));
    expect(infos.filter((line) => line.startsWith('target_info'))).toHaveLength(1);
    expect(series.length).toBeGreaterThan(2);
  });
});

describe('a point that cannot be taken', () => {
  const good = at(0, 1);
  const cumulative = { aggregationTemporality: 2 };
  const cases: [string, object, RegExp][] = [
    ['has no value', gauge('g', good, { timeUnixNano: nanos(0) }), /"g" has no value/],
    ['has an attribute without a name', gauge('g', good, at(1, 1, { attributes: [attribute('', 'x')] })), /""/],
    [
      'has a bucket too many',
      {
        name: 'h',
        histogram: { ...cumulative, dataPoints: [{ count: 1 }, { bucketCounts: [1, 1, 1], explicitBounds: [1] }] },
      },
      /3 buckets for 1 bounds/,
    ],
    [
      'has a scale that no exporter has',
      { name: 'h', exponentialHistogram: { ...cumulative, dataPoints: [{ zeroCount: 1, count: 1 }, { scale: -5 }] } },
      /Scale must be >= -4, was -5/,
    ],
  ];
  it.each(cases)('%s, is alone in being refused', (_, metric, message) => {
    const conversion = read(request([metric, gauge('other', good)]));
    const all = lines(conversion.finish(new Map()));
    expect(conversion.rejections.points).toBe(1);
    expect(conversion.rejections.message()).toMatch(message);
    expect(all).toContain('other{} 1 @0');
    expect(all.length).toBeGreaterThan(1);
  });

  it('takes its metric along where the fault is the metric’s', () => {
    const metrics = [
      { name: '...', gauge: { dataPoints: [good, good] } },
      { name: 's', sum: { dataPoints: [good] } },
    ];
    const { rejections, finish } = (() => {
      const conversion = read(request([...metrics, gauge('g', good)]));
      return { rejections: conversion.rejections, finish: () => conversion.finish(new Map()) };
    })();
    expect(lines(finish())).toEqual(['g{} 1 @0']);
    expect(rejections.points).toBe(3);
    expect(rejections.message()).toMatch(/"\.\.\." is not usable \(2 times\); .*"s" has no temporality/);
  });

  it('is told by its check, and only the first reasons are named', () => {
    const check = (family: string) => {
      if (family !== 'g0') throw new WireError(`no ${family}`);
    };
    const metrics = Array.from({ length: 9 }, (_, i) => gauge(`g${i}`, good));
    const { rejections } = read(request(metrics), {}, { check });
    expect(rejections.points).toBe(8);
    expect(rejections.message()).toBe('no g1; no g2; no g3; no g4; no g5; and 3 more');
  });
});

describe('values', () => {
  it.each([
    [{ asInt: '9007199254740993' }, '9007199254740992'],
    [{ asInt: '-3' }, '-3'],
    [{ asDouble: 'NaN' }, 'NaN'],
    [{ asDouble: '-Infinity' }, '-Infinity'],
    [{ asDouble: 0.1 }, '0.1'],
    [{ flags: 1 }, 'stale'],
    [{ flags: 1, asDouble: 4 }, 'stale'],
    [{ flags: 2, asDouble: 4 }, '4'],
  ])('%j is %s', (value, expected) => {
    const body = request([gauge('g', { timeUnixNano: nanos(0), ...value })]);
    expect(lines(read(body).finish(new Map()))).toEqual([`g{} ${expected} @0`]);
  });

  it('of a histogram and a summary without a recorded value are stale markers', () => {
    const point = { timeUnixNano: nanos(0), flags: 1 };
    const metrics = [
      { name: 'h', histogram: { aggregationTemporality: 2, dataPoints: [{ ...point, sum: 1 }] } },
      { name: 's', summary: { dataPoints: [{ ...point, quantileValues: [{ quantile: 1, value: 2 }] }] } },
    ];
    expect(lines(read(request(metrics)).finish(new Map()))).toEqual([
      'h_bucket{le=+Inf} stale @0',
      'h_count{} stale @0',
      'h_sum{} stale @0',
      's_count{} stale @0',
      's_sum{} stale @0',
      's{quantile=1} stale @0',
    ]);
  });

  it('of an exponential histogram are one native sample, and its exemplars are of that series', () => {
    const point = {
      timeUnixNano: nanos(0),
      count: 7,
      sum: -1.5,
      scale: 1,
      zeroCount: 2,
      zeroThreshold: 0.25,
      positive: { offset: 0, bucketCounts: [1, 0, 2] },
      negative: { offset: 2, bucketCounts: [2] },
      exemplars: [{ asDouble: 0.1, timeUnixNano: nanos(0) }, { asInt: '-3' }, { asDouble: 1e9 }],
    };
    const batch = read(
      request([{ name: 'e', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [point] } }]),
    );
    const all = batch.finish(new Map());
    expect(all.histograms).toMatchObject([
      {
        timestamp: Number(BigInt(nanos(0)) / 1_000_000n),
        histogram: {
          ...{ isInteger: true, schema: 1, count: 7, sum: -1.5, zeroThreshold: 1e-128, zeroCount: 2 },
          positive: { indexes: Int32Array.of(1, 3), counts: Float64Array.of(1, 2) },
          negative: { indexes: Int32Array.of(3), counts: Float64Array.of(2) },
        },
      },
    ]);
    expect(all.exemplars.map(({ series, value }) => [all.series[series]!.get('__name__'), value])).toEqual([
      ['e', 0.1],
      ['e', -3],
      ['e', 1e9],
    ]);
  });

  it.each([
    [
      { count: 2, positive: { offset: 0, bucketCounts: [1] } },
      /1 observations found in buckets, but the Count field is 2/,
    ],
    [{ count: 1, positive: { offset: 2 ** 31 - 1, bucketCounts: [1] } }, /beyond all numbers/],
  ])('of an exponential histogram that is none, %j, are refused', (point, message) => {
    const conversion = read(
      request([{ name: 'e', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [point] } }]),
    );
    expect(conversion.finish(new Map()).histograms).toBeUndefined();
    expect(conversion.rejections.message()).toMatch(message);
  });
});

describe('deltas', () => {
  const sum = (dataPoints: object[], isMonotonic = true) => ({
    name: 'c',
    sum: { aggregationTemporality: 1, isMonotonic, dataPoints },
  });
  const delta = (from: number, to: number, asInt: number, more: object = {}) => ({
    startTimeUnixNano: nanos(from),
    timeUnixNano: nanos(to),
    asInt,
    ...more,
  });

  it('of a sum are counters, with a zero where the stream begins', () => {
    const states = new Map<string, DeltaState>();
    const first = read(request([sum([delta(0, 10, 2), delta(10, 20, 3)])])).finish(states);
    expect(lines(first)).toEqual(['c_total{} 0 @0', 'c_total{} 2 @10', 'c_total{} 5 @20']);
    expect(first.metadata).toMatchObject([{ name: 'c_total', type: 'counter' }]);
    expect(lines(read(request([sum([delta(20, 30, 4)])])).finish(states))).toEqual(['c_total{} 9 @30']);
  });

  it('that come a second time are refused and counted once', () => {
    const states = new Map<string, DeltaState>();
    const body = request([sum([delta(0, 10, 2)])]);
    read(body).finish(states);
    const again = read(body);
    expect(lines(again.finish(states))).toEqual([]);
    expect([again.rejections.points, again.rejections.message()]).toEqual([1, expect.stringMatching(/out of order/)]);
  });

  it('of histograms become histograms', () => {
    const dataPoints = [
      delta(0, 10, 0, { count: 3, sum: 4, bucketCounts: [1, 2], explicitBounds: [1] }),
      delta(10, 20, 0, { count: 1, sum: 9, bucketCounts: [0, 1], explicitBounds: [1] }),
    ];
    const all = lines(
      read(request([{ name: 'h', histogram: { aggregationTemporality: 1, dataPoints } }])).finish(new Map()),
    );
    expect(all.filter((line) => !line.endsWith('@0') && !line.endsWith('@10'))).toEqual([
      'h_bucket{le=+Inf} 4 @20',
      'h_bucket{le=1} 1 @20',
      'h_count{} 4 @20',
      'h_sum{} 13 @20',
    ]);
    expect(all.filter((line) => line.endsWith('0 @0'))).toHaveLength(4);
  });

  it('without a recorded value mark a stream that is there, and begin none', () => {
    const states = new Map<string, DeltaState>();
    read(request([sum([delta(0, 10, 2, { flags: 1 })])])).finish(states);
    expect(states.size).toBe(0);
    const all = read(request([sum([delta(0, 10, 2), delta(10, 20, 0, { flags: 1 }), delta(20, 30, 1)])]));
    expect(lines(all.finish(states))).toEqual([
      'c_total{} 0 @0',
      'c_total{} 2 @10',
      'c_total{} 3 @30',
      'c_total{} stale @20',
    ]);
  });

  const step = fc.record({ key: fc.constantFrom('a', 'b'), value: fc.nat(100), gap: fc.constantFrom(0, 0, 7) });
  it('come to the same however they are spread over requests', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 20 }),
        fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
        (steps, cuts) => {
          const ends: Record<string, number> = {};
          const metrics = steps.map(({ key, value, gap }) => {
            const from = (ends[key] ?? 0) + gap;
            ends[key] = from + 10;
            return sum([delta(from, from + 10, value, { attributes: attributes({ key }) })]);
          });
          const whole = lines(read(request(metrics)).finish(new Map()));
          const states = new Map<string, DeltaState>();
          const pieces: object[][] = [[]];
          metrics.forEach((metric, i) => {
            if (cuts[i]) pieces.push([]);
            pieces.at(-1)!.push(metric);
          });
          const parts = pieces.flatMap((piece) => lines(read(request(piece)).finish(states)));
          expect(parts.sort()).toEqual(whole);
        },
      ),
    );
  });
});

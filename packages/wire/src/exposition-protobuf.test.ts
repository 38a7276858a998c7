import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from './batch.ts';
import { type ProtobufExpositionOptions, parseProtobufExposition } from './exposition-protobuf.ts';
import { ProtoWriter } from './protobuf/writer.ts';

const NOW = 1_700_000_000_000;
const classic = { nativeHistograms: false, alwaysClassic: false };

/** A message in field `field` of whatever is open. */
function message(writer: ProtoWriter, field: number, write: () => void): void {
  const start = writer.open(field);
  write();
  writer.close(start);
}

const double = (writer: ProtoWriter, field: number, value: number) => {
  writer.tag(field, 1);
  writer.double(value);
};

const int = (writer: ProtoWriter, field: number, value: number) => {
  writer.tag(field, 0);
  writer.int64(value);
};

function pair(writer: ProtoWriter, name: string, value: string): void {
  message(writer, 1, () => {
    writer.string(1, name);
    writer.string(2, value);
  });
}

interface Metric {
  readonly labels: readonly (readonly [string, string])[];
  readonly timestamp: number;
  /** Field of the kind of value, and what is in it. */
  readonly field: number;
  readonly write: (writer: ProtoWriter) => void;
}

/** One family with its length in front. */
function family(name: string, type: number, metrics: readonly Metric[]): Uint8Array {
  const inner = new ProtoWriter();
  inner.string(1, name);
  inner.string(2, 'Helps.');
  int(inner, 3, type);
  for (const metric of metrics) {
    message(inner, 4, () => {
      for (const [label, value] of metric.labels) pair(inner, label, value);
      message(inner, metric.field, () => metric.write(inner));
      if (metric.timestamp !== 0) int(inner, 6, metric.timestamp);
    });
  }
  const bytes = inner.finish();
  const outer = new ProtoWriter();
  outer.uint32(bytes.length);
  outer.raw(bytes);
  return outer.finish();
}

const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

function samplesOf(body: Uint8Array, options = classic) {
  const { batch, timed } = parseProtobufExposition(body, NOW, options);
  return [...batch.seriesIndex].map((series, i) => ({
    series: Object.fromEntries(batch.series[series]!),
    value: batch.values[i],
    timestamp: batch.timestamps[i],
    timed: timed[series],
  }));
}

const values = (body: Uint8Array, options = classic) =>
  Object.fromEntries(
    samplesOf(body, options).map(({ series: { __name__, le = '', quantile = '' }, value }) => [
      [__name__, le, quantile].filter(Boolean).join(' '),
      value,
    ]),
  );

const one = (field: number, write: Metric['write']): Metric => ({ labels: [], timestamp: 0, field, write });

const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/).filter((text) => text !== '__name__');
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
const labelled = fc
  .dictionary(name, text, { maxKeys: 4 })
  .map((pairs) => Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1)));

describe('the protobuf exposition', () => {
  it('gives back any labels, values and times', () => {
    const metric = fc.record({
      labels: labelled,
      value: fc.double({ noNaN: true }),
      timestamp: fc.integer({ min: 0, max: 8.64e15 }),
    });
    fc.assert(
      fc.property(name, fc.array(metric, { maxLength: 5 }), fc.constantFrom(2, 3, 5), (family_, metrics, field) => {
        const body = family(
          family_,
          0,
          metrics.map(({ labels, value, timestamp }) => ({
            labels,
            timestamp,
            field,
            write: (writer: ProtoWriter) => double(writer, 1, value),
          })),
        );
        expect(samplesOf(body)).toEqual(
          metrics.map(({ labels, value, timestamp }) => ({
            series: { ...Object.fromEntries(labels), __name__: family_ },
            value,
            timestamp: timestamp || NOW,
            timed: timestamp !== 0,
          })),
        );
      }),
    );
  });

  it('unfolds summaries and classic histograms, with numbers as OpenMetrics writes them', () => {
    const summary = one(4, (writer) => {
      int(writer, 1, 3);
      double(writer, 2, 1.5);
      message(writer, 3, () => {
        double(writer, 1, 0.5);
        double(writer, 2, 0.25);
      });
    });
    const histogram = one(7, (writer) => {
      int(writer, 1, 4);
      double(writer, 2, 9);
      for (const [bound, count] of [
        [1, 2],
        [1e6, 3],
      ] as const) {
        message(writer, 3, () => {
          int(writer, 1, count);
          double(writer, 2, bound);
        });
      }
    });
    expect(values(joined(family('s', 2, [summary]), family('h', 4, [histogram])))).toEqual({
      s_count: 3,
      s_sum: 1.5,
      's 0.5': 0.25,
      h_count: 4,
      h_sum: 9,
      'h_bucket 1.0': 2,
      'h_bucket 1e+06': 3,
      'h_bucket +Inf': 4,
    });
  });

  it('reads the native part of a histogram where it is wanted', () => {
    const both = one(7, (writer) => {
      int(writer, 1, 6);
      double(writer, 2, 9);
      message(writer, 3, () => {
        int(writer, 1, 6);
        double(writer, 2, 10);
      });
      double(writer, 6, 0.001);
      int(writer, 7, 1);
      message(writer, 12, () => {
        int(writer, 1, 2); // offset 1, zigzag: the first bucket ends at 2
        int(writer, 2, 2);
      });
      const deltas = writer.open(13);
      writer.uint32(4); // 2
      writer.uint32(2); // 2 + 1
      writer.close(deltas);
    });
    const body = family('h', 4, [both]);
    const asClassic = { h_count: 6, h_sum: 9, 'h_bucket 10.0': 6, 'h_bucket +Inf': 6 };
    const native = {
      isInteger: true,
      ...{ schema: 0, count: 6, sum: 9, zeroThreshold: 0.001, zeroCount: 1, resetHint: 'unknown' },
      positive: { indexes: Int32Array.of(1, 2), counts: Float64Array.of(2, 3) },
      negative: { indexes: new Int32Array(), counts: new Float64Array() },
      bounds: new Float64Array(),
    };
    const nativesOf = (options: ProtobufExpositionOptions, type = 4) => {
      const { series, histograms = [] } = parseProtobufExposition(family('h', type, [both]), NOW, options).batch;
      return histograms.map((one) => [series[one.series]?.get('__name__'), one.timestamp, one.histogram]);
    };
    expect(values(body)).toEqual(asClassic);
    expect(nativesOf(classic)).toEqual([]);
    expect(values(body, { nativeHistograms: true, alwaysClassic: true })).toEqual(asClassic);
    expect(nativesOf({ nativeHistograms: true, alwaysClassic: true })).toEqual([['h', NOW, native]]);
    expect(values(body, { nativeHistograms: true, alwaysClassic: false })).toEqual({});
    expect(nativesOf({ nativeHistograms: true, alwaysClassic: false }, 5)).toEqual([
      ['h', NOW, { ...native, resetHint: 'gauge' }],
    ]);
  });

  describe('with classic histograms as native ones', () => {
    const histogram = (more: (writer: ProtoWriter) => void, count: number, buckets: [number, number][]) =>
      one(7, (writer) => {
        more(writer);
        int(writer, 1, count);
        double(writer, 2, 9);
        for (const [bound, at] of buckets) {
          message(writer, 3, () => {
            double(writer, 4, at);
            double(writer, 2, bound);
            message(writer, 3, () => {
              double(writer, 2, bound);
              if (bound === 1) message(writer, 3, () => int(writer, 1, 1_600_000_000));
            });
          });
        }
      });
    const isNative = (writer: ProtoWriter) => double(writer, 6, 0.001);
    const read = (metric: Metric, options: Partial<ProtobufExpositionOptions> = {}, type = 4) => {
      const all = { nativeHistograms: false, alwaysClassic: false, convertsClassic: true, ...options };
      const body = family('h', type, [metric]);
      const { series, histograms = [], exemplars } = parseProtobufExposition(body, NOW, all).batch;
      return {
        classic: values(body, all),
        histograms: histograms.map(
          ({ series: place, histogram: { schema, count, sum, bounds, positive, resetHint } }) => ({
            ...{ name: series[place]?.get('__name__'), schema, count, sum, resetHint, bounds: [...bounds] },
            counts: [...positive.counts],
          }),
        ),
        exemplars: exemplars.map(({ value }) => value),
      };
    };
    const custom = {
      ...{ name: 'h', schema: -53, count: 6, sum: 9, resetHint: 'unknown', bounds: [1, 2], counts: [3, 2, 1] },
    };
    const plain = histogram(() => {}, 6, [
      [1, 3],
      [2, 5],
    ]);
    const both = histogram(isNative, 0, [[1, 0]]);

    it('gives these alone, with the exemplars that have a time, or the classic series as well', () => {
      expect(read(plain)).toEqual({ classic: {}, histograms: [custom], exemplars: [1] });
      expect(read(plain, {}, 5).histograms).toEqual([{ ...custom, resetHint: 'gauge' }]);
      const kept = read(plain, { alwaysClassic: true });
      expect(kept.classic).toEqual({
        ...{ h_count: 6, h_sum: 9, 'h_bucket 1.0': 3, 'h_bucket 2.0': 5, 'h_bucket +Inf': 6 },
      });
      expect(kept.histograms).toEqual([custom]);
    });

    it('leaves those alone that have a native part, where that is read', () => {
      const schemas = (options: Partial<ProtobufExpositionOptions>) =>
        read(both, options).histograms.map(({ schema }) => schema);
      expect(schemas({ nativeHistograms: true })).toEqual([0]);
      expect(schemas({ nativeHistograms: true, alwaysClassic: true })).toEqual([0]);
      expect(schemas({})).toEqual([-53]);
      expect(Object.keys(read(both, { nativeHistograms: true }).classic)).toEqual([]);
      expect(Object.keys(read(both, { nativeHistograms: true, alwaysClassic: true }).classic)).toHaveLength(4);
    });

    it('makes of one without buckets one with the bucket +Inf', () => {
      expect(read(histogram(() => {}, 6, [])).histograms).toEqual([{ ...custom, bounds: [], counts: [6] }]);
    });

    it.each<[number, [number, number][], string]>([
      [
        6,
        [
          [1, 5],
          [2, 4],
        ],
        'count is not cumulative: 4 < 5',
      ],
      [6, [[Infinity, 5]], 'count mismatch: count=6 != le=+Inf count=5'],
      [6, [[1, -1]], 'bucket count must be non-negative: le=1, count=-1'],
      [6, [[Number.NaN, 1]], 'bucket boundary must not be NaN'],
      [
        6,
        [
          [1, Number.NaN],
          [Infinity, Number.NaN],
        ],
        'count mismatch: count=6 != le=+Inf count=NaN',
      ],
      [2, [[1, 3]], 'positive side: bucket number 2 has observation count of -1: '],
    ])('refuses the body where a histogram of %d cannot be converted: %j', (count, buckets, reason) => {
      const bad = histogram(() => {}, count, buckets);
      expect(() => read(bad)).toThrow(`protobuf exposition: histogram "h": ${reason}`);
      expect(() => read(bad, { convertsClassic: false })).not.toThrow();
    });
  });

  it('keeps the exemplars of counters and buckets', () => {
    const exemplar = (writer: ProtoWriter, field: number) =>
      message(writer, field, () => {
        pair(writer, 'trace_id', 'x');
        double(writer, 2, 0.5);
        message(writer, 3, () => {
          int(writer, 1, 1_600_000_000);
          int(writer, 2, 250_000_000);
        });
      });
    const counter = one(3, (writer) => {
      double(writer, 1, 7);
      exemplar(writer, 2);
    });
    const histogram = one(7, (writer) => {
      message(writer, 3, () => {
        double(writer, 2, 1);
        exemplar(writer, 3);
      });
    });
    const { batch } = parseProtobufExposition(
      joined(family('c', 0, [counter]), family('h', 4, [histogram])),
      NOW,
      classic,
    );
    expect(batch.exemplars.map(({ series, timestamp }) => [batch.series[series]?.get('__name__'), timestamp])).toEqual([
      ['c', 1_600_000_000_250],
      ['h_bucket', 1_600_000_000_250],
    ]);
    expect(batch.metadata.map(({ name: n, type, help }) => [n, type, help])).toEqual([
      ['c', 'counter', 'Helps.'],
      ['h', 'histogram', 'Helps.'],
    ]);
  });

  it('that is damaged is refused as such, wherever the damage is', () => {
    const body = joined(
      family('c', 0, [{ labels: [['a', 'b']], timestamp: 5, field: 3, write: (writer) => double(writer, 1, 7) }]),
      family('s', 2, [one(4, (writer) => int(writer, 1, 3))]),
    );
    for (let size = 1; size < body.length; size++) {
      if (size === (body[0] as number) + 1) continue;
      expect(() => parseProtobufExposition(body.subarray(0, size), NOW, classic)).toThrow(WireError);
    }
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), (at, byte) => {
        const damaged = body.slice();
        damaged[at] = byte;
        try {
          parseProtobufExposition(damaged, NOW, classic);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('does not unfold to more than the body can bear', () => {
    const labels = Array.from({ length: 2000 }, (_, i) => [`l${1000 + i}`, 'x'] as const);
    const write = (writer: ProtoWriter) => {
      for (let i = 0; i < 5000; i++) message(writer, 3, () => double(writer, 2, i + 1));
    };
    const body = family('h', 4, [{ labels, timestamp: 0, field: 7, write }]);
    expect(() => parseProtobufExposition(body, NOW, classic)).toThrow(/too many for the body/);
  });
});

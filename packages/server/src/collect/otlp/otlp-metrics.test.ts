import { type DeltaPoint, type DeltaState, defaultOtlpSettings, type MetricBatch } from '@nightshift/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecord } from '../decode.ts';
import type { Decoded, JournalRecord } from '../record.ts';
import { DeltaStreams } from './delta-streams.ts';
import { OtlpMetrics } from './otlp-metrics.ts';

const now = Date.UTC(2026, 10, 21);
const nanos = (ms: number) => `${BigInt(now + ms) * 1_000_000n}`;

/** What a batch says, in terms that do not tell apart how its series are numbered. */
function told({ series, seriesIndex, timestamps, values, exemplars, metadata }: MetricBatch) {
  const bits = new BigUint64Array(values.slice().buffer);
  const samples = [...seriesIndex].map((at, i) => [[...series[at]!], timestamps[i], bits[i]]);
  return { samples, metadata, exemplars: exemplars.map(({ series: at, ...rest }) => [[...series[at]!], rest]) };
}

const attributes = fc
  .dictionary(fc.constantFrom('a', 'b.c', 'é', '1'), fc.string({ unit: 'grapheme', maxLength: 5 }), { maxKeys: 3 })
  .map((map) => Object.entries(map).map(([key, stringValue]) => ({ key, value: { stringValue } })));
const time = fc
  .integer({ min: 0, max: 1000 })
  .map((ms) => ({ startTimeUnixNano: nanos(ms - 5), timeUnixNano: nanos(ms) }));
const ids = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' };
const value = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -0)).map((one) => {
  return { asDouble: Number.isFinite(one) ? one : String(one) };
});
const point = fc
  .tuple(attributes, time, value, fc.constantFrom(0, 0, 1))
  .map(([list, times, number, flags]) => ({ attributes: list, ...times, ...number, flags }));
const histogram = fc
  .tuple(attributes, time, fc.array(fc.nat(99), { minLength: 2, maxLength: 2 }))
  .map(([list, times, counts]) => {
    const exemplars = [{ asDouble: counts[0], timeUnixNano: times.timeUnixNano, ...ids }];
    return {
      attributes: list,
      ...times,
      count: counts[0]! + counts[1]!,
      bucketCounts: counts,
      explicitBounds: [50],
      exemplars,
    };
  });
const metric = fc.oneof(
  fc
    .array(point, { maxLength: 3 })
    .map((dataPoints) => ({ name: 'g.ü', unit: 'By', description: 'd', gauge: { dataPoints } })),
  fc.tuple(fc.array(point, { maxLength: 3 }), fc.constantFrom(1, 2)).map(([dataPoints, aggregationTemporality]) => {
    return { name: 'c', sum: { dataPoints, aggregationTemporality, isMonotonic: true } };
  }),
  fc.tuple(fc.array(histogram, { maxLength: 3 }), fc.constantFrom(1, 2)).map(([dataPoints, aggregationTemporality]) => {
    return { name: 'h', unit: 's', histogram: { dataPoints, aggregationTemporality } };
  }),
);

describe('what is journaled of OTLP metrics', () => {
  it('decodes to what was acknowledged, bit by bit', async () => {
    const resource = {
      attributes: [
        { key: 'service.name', value: { stringValue: 's' } },
        { key: 'x', value: { intValue: 1 } },
      ],
    };
    const property = fc.asyncProperty(fc.array(metric, { maxLength: 4 }), async (metrics) => {
      const taken: { record: JournalRecord; decoded: Decoded }[] = [];
      const sink = { admit: async (record: JournalRecord, decoded: Decoded) => void taken.push({ record, decoded }) };
      const limits = {
        maxDecompressedBytes: 1e6,
        maxDeltaStreams: 10,
        maxDeltaAgeMs: 1000,
        settings: defaultOtlpSettings,
      };
      const receiver = new OtlpMetrics({ sink, now: () => now, source: { select: async () => [] }, ...limits });
      const body = Buffer.from(JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] }));
      await receiver
        .take({ kind: 'otlp-metrics', format: 'json', receivedAt: now, body })
        .catch((error) => expect(error.code).toBe('BODY_INVALID'));
      for (const { record, decoded } of taken) {
        expect(told(decodeRecord(record).metrics!)).toEqual(told(decoded.metrics!));
      }
    });
    await fc.assert(property);
  });
});

describe('series beyond the limit of the store', () => {
  it('are refused with their reason, and no more points than there are', async () => {
    const refused = { series: 40, samples: 40, metric: 'g', most: 7 };
    const sink = { admit: async () => {}, admitReported: async () => refused };
    const limits = {
      maxDecompressedBytes: 1e6,
      maxDeltaStreams: 10,
      maxDeltaAgeMs: 1000,
      settings: defaultOtlpSettings,
    };
    const receiver = new OtlpMetrics({ sink, now: () => now, source: { select: async () => [] }, ...limits });
    const dataPoints = [{ asInt: 1, timeUnixNano: nanos(0) }, { timeUnixNano: nanos(0) }];
    const metrics = [{ name: 'g', gauge: { dataPoints } }];
    const body = Buffer.from(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }));
    const told = await receiver.take({ kind: 'otlp-metrics', format: 'json', receivedAt: now, body });
    expect(told).toEqual({ rejected: 2, message: expect.stringMatching(/has no value; 40 new series were refused/) });
    expect(receiver.counts).toEqual({ taken: 0, refused: 2 });
  });
});

describe('the states of delta streams', () => {
  const pointOf = (stream: string) => ({ stream }) as DeltaPoint;
  const stateOf = (value: number): DeltaState => ({ time: 1n, end: 1n, timestamp: 1, total: { kind: 'sum', value } });

  function streams(maxStreams: number, stored = new Map<string, DeltaState>()) {
    const clock = { now: 0 };
    const asked: [string[], number][] = [];
    const restore = async (points: readonly DeltaPoint[], from: number) => {
      asked.push([points.map(({ stream }) => stream), from]);
      return new Map(points.flatMap(({ stream }) => (stored.has(stream) ? [[stream, stored.get(stream)!]] : [])));
    };
    const all = new DeltaStreams({ maxStreams, maxAgeMs: 1000, now: () => clock.now, restore });
    const add = async (stream: string, value: number) => {
      const lease = await all.lease([pointOf(stream)]);
      lease.set(stream, stateOf(value));
      lease.keep();
    };
    return { all, clock, asked, add };
  }

  it('are asked of the store once, and again when they gave way', async () => {
    const { all, asked, add } = streams(2);
    for (const stream of ['a', 'b', 'a', 'c', 'a', 'b']) await add(stream, 1);
    expect(asked.map(([names]) => names.join())).toEqual(['a', 'b', 'c', 'b']);
    expect(all.size).toBe(2);
  });

  it('are forgotten when they are too old, in the store as well', async () => {
    const { clock, asked, add, all } = streams(10);
    await add('a', 1);
    clock.now = 1001;
    await add('b', 1);
    expect(all.size).toBe(1);
    expect(asked).toEqual([
      [['a'], -1000],
      [['b'], 1],
    ]);
  });

  it('are seen by the next only when they are kept', async () => {
    const { all } = streams(10, new Map([['a', stateOf(5)]]));
    const first = await all.lease([pointOf('a'), pointOf('b')]);
    first.set('a', stateOf(6));
    let second: unknown;
    const waiting = all.lease([pointOf('b')]).then((lease) => {
      second = lease.get('b');
      lease.drop();
    });
    const other = await all.lease([pointOf('c')]);
    other.drop();
    expect(second).toBeUndefined();
    first.drop();
    await waiting;
    const third = await all.lease([pointOf('a')]);
    expect(third.get('a')).toEqual(stateOf(5));
    third.drop();
  });

  it('are free again when the store cannot be asked', async () => {
    let down = true;
    const restore = async () => {
      if (down) throw new Error('engine down');
      return new Map();
    };
    const all = new DeltaStreams({ maxStreams: 1, maxAgeMs: 1, now: () => 0, restore });
    await expect(all.lease([pointOf('a')])).rejects.toThrow('engine down');
    down = false;
    (await all.lease([pointOf('a')])).drop();
  });
});

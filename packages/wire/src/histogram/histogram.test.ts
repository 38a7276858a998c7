import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHistogramChunk } from '../../test/remote-read/reader.ts';
import { WireError } from '../batch.ts';
import { isStaleMarker } from '../columns.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { histogramChunk } from '../remote-read/histogram-chunk.ts';
import { decodeWriteRequest } from '../remote-write/decode.ts';
import { encodeWriteRequest } from '../remote-write/encode.ts';
import { addedHistograms } from './add.ts';
import { checkedHistogram } from './checked.ts';
import { writeHistogram } from './encode.ts';
import { CUSTOM_SCHEMA, type HistogramBuckets, type NativeHistogram, NO_BOUNDS, NO_BUCKETS } from './histogram.ts';
import { HistogramMessage } from './message.ts';
import { finestSchema, reduced, withAtMostBuckets } from './resolution.ts';

const whole = fc.integer({ min: 1, max: 2 ** 40 });
const float = fc.double({ min: 1e-9, max: 1e12, noNaN: true });
const hint = fc.constantFrom('unknown', 'reset', 'not_reset', 'gauge');

const buckets = (count: fc.Arbitrary<number>, least = -50): fc.Arbitrary<HistogramBuckets> =>
  fc.dictionary(fc.integer({ min: least, max: 50 }).map(String), count, { maxKeys: 25 }).map((found) => {
    const entries = Object.entries(found).sort(([a], [b]) => Number(a) - Number(b));
    if (entries.length === 0) return NO_BUCKETS;
    return {
      indexes: Int32Array.from(entries, ([index]) => Number(index)),
      counts: Float64Array.from(entries, ([, n]) => n),
    };
  });

const totalOf = ({ counts }: HistogramBuckets) => counts.reduce((sum, count) => sum + count, 0);

const exponential = (isInteger: boolean): fc.Arbitrary<NativeHistogram> => {
  const count = isInteger ? whole : float;
  return fc
    .record({
      schema: fc.integer({ min: -4, max: 8 }),
      sum: fc.double({ noNaN: true }),
      zeroThreshold: fc.double({ min: 0, max: 1, noNaN: true }),
      zeroCount: count,
      positive: buckets(count),
      negative: buckets(count),
      resetHint: hint,
    })
    .map((one) => ({
      ...one,
      ...(isInteger && { isInteger }),
      count: one.zeroCount + totalOf(one.positive) + totalOf(one.negative),
      bounds: NO_BOUNDS,
    }));
};

const custom: fc.Arbitrary<NativeHistogram> = fc
  .record({ positive: buckets(whole, 0), sum: fc.double(), resetHint: hint })
  .map((one) => ({
    ...one,
    isInteger: true,
    schema: CUSTOM_SCHEMA,
    count: totalOf(one.positive),
    ...{ zeroThreshold: 0, zeroCount: 0, negative: NO_BUCKETS },
    bounds: Float64Array.from({ length: 50 }, (_, i) => i / 4),
  }));

const any = fc.oneof(exponential(true), exponential(false), custom);
const labels = new Map([
  ['__name__', 'took'],
  ['route', '/a'],
]);

const decoded = (histograms: readonly { timestamp: number; histogram: NativeHistogram }[]) =>
  decodeWriteRequest(encodeWriteRequest([{ labels, samples: [], histograms }]));

describe('native histograms in a remote write', () => {
  it('come out as they went in', () => {
    const samples = fc.array(fc.record({ timestamp: fc.nat(), histogram: any }), { maxLength: 4 });
    fc.assert(
      fc.property(samples, (sent) => {
        const { series, histograms = [] } = decoded(sent);
        expect(series).toEqual([labels]);
        expect(histograms).toEqual(sent.map((one) => ({ series: 0, ...one })));
      }),
    );
  });

  it('are stale by their sum: the marker of a float', () => {
    const writer = new ProtoWriter();
    const one = writer.open(1);
    const label = writer.open(1);
    writer.string(1, '__name__');
    writer.string(2, 'took');
    writer.close(label);
    const histogram = writer.open(4);
    writer.tag(3, 1);
    writer.fixed64(2, 0x7ff00000);
    writer.tag(15, 0);
    writer.int64(1234);
    writer.close(histogram);
    writer.close(one);
    const batch = decodeWriteRequest(writer.finish());
    expect(batch.histograms).toBeUndefined();
    expect([batch.timestamps[0], isStaleMarker(batch.values, 0)]).toEqual([1234, true]);
  });

  it('throw nothing but WireError where they are damaged', () => {
    fc.assert(
      fc.property(
        any,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (histogram, edits) => {
          const body = encodeWriteRequest([{ labels, samples: [], histograms: [{ timestamp: 5, histogram }] }]).slice();
          for (const [at, byte] of edits) body[at % body.length] = byte;
          try {
            decodeWriteRequest(body);
          } catch (error) {
            if (!(error instanceof WireError)) throw error;
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('are not more to a series than can be borne', () => {
    const writer = new ProtoWriter();
    const one = writer.open(1);
    for (let i = 0; i <= 100_000; i++) writer.close(writer.open(4));
    writer.close(one);
    expect(() => decodeWriteRequest(writer.finish())).toThrow(/more than 100000 histograms of one series/);
  });
});

/** Fields of a message, with spans as pairs and counts as differences, or as they are in a float histogram. */
interface Written extends Partial<Omit<HistogramMessage, 'positive' | 'negative' | 'customBounds'>> {
  readonly positive?: readonly [spans: number[], counts: number[]];
  readonly negative?: readonly [spans: number[], counts: number[]];
  readonly customBounds?: number[];
}

function messageOf({ positive, negative, customBounds = [], ...rest }: Written): HistogramMessage {
  const message = Object.assign(new HistogramMessage(), rest);
  message.customBounds.push(...customBounds);
  for (const side of ['positive', 'negative'] as const) {
    const [spans, counts] = { positive, negative }[side] ?? [[], []];
    message[side].spans.push(...spans);
    message[side][message.isFloat ? 'counts' : 'deltas'].push(...counts);
  }
  return message;
}

describe('a histogram that is none', () => {
  const cases: [string, Written, RegExp][] = [
    ['has a schema between the known ones', { schema: -5 }, /invalid schema, .* got schema -5$/],
    ['has a schema beyond the known ones', { schema: 53 }, /invalid schema/],
    [
      'has a span that goes back',
      {
        positive: [
          [0, 1, -1, 1],
          [1, 0],
        ],
        count: 2,
      },
      /^positive side: span number 2 with offset -1: histogram has a span whose offset is negative$/,
    ],
    [
      'has fewer buckets than its spans',
      { negative: [[0, 3], [1]], count: 1 },
      /^negative side: spans need 3 buckets, have 1 buckets: histogram spans specify different number of buckets than provided$/,
    ],
    [
      'has more buckets than its spans',
      {
        positive: [
          [0, 1],
          [1, 0],
        ],
        count: 2,
      },
      /spans need 1 buckets, have 2/,
    ],
    [
      'counts less than nothing',
      {
        positive: [
          [0, 2],
          [1, -2],
        ],
        count: 0,
      },
      /^positive side: bucket number 2 has observation count of -1: histogram has a bucket whose observation count is negative$/,
    ],
    [
      'counts more than its buckets',
      { positive: [[0, 1], [3]], count: 4 },
      /^3 observations found in buckets, but the Count field is 4: histogram's observation count should equal/,
    ],
    [
      'counts less than its buckets, NaN or not',
      { positive: [[0, 1], [3]], count: 2, sum: Number.NaN },
      /should be at least the number of observations/,
    ],
    ['is a float with less than nothing', { isFloat: true, count: -1 }, /observation count is -1/],
    [
      'is a float with less than nothing at zero',
      { isFloat: true, zeroCount: -1 },
      /zero bucket has observation count of -1/,
    ],
    ['is exponential and has bounds', { customBounds: [1] }, /exponential schema must not have custom bounds/],
    ['has bounds that do not ascend', { schema: CUSTOM_SCHEMA, customBounds: [1, 1] }, /strictly increasing order/],
    ['has a bound that is none', { schema: CUSTOM_SCHEMA, customBounds: [Number.NaN] }, /must not be NaN/],
    ['has an infinite bound', { schema: CUSTOM_SCHEMA, customBounds: [1, Infinity] }, /must be finite/],
    [
      'has too few bounds',
      {
        schema: CUSTOM_SCHEMA,
        customBounds: [1],
        positive: [
          [0, 3],
          [1, 0, 0],
        ],
        count: 3,
      },
      /only 1 custom bounds defined .* span length of 3/,
    ],
    ['has bounds and a zero bucket', { schema: CUSTOM_SCHEMA, zeroCount: 1, count: 1 }, /must have zero count of 0/],
    ['has bounds and a zero threshold', { schema: CUSTOM_SCHEMA, zeroThreshold: 1 }, /must have zero threshold of 0/],
    [
      'has bounds and negative buckets',
      { schema: CUSTOM_SCHEMA, negative: [[0, 1], [1]], count: 1 },
      /must not have negative spans/,
    ],
    [
      'has an index beyond all numbers',
      {
        positive: [
          [2 ** 31 - 1, 2],
          [1, 0],
        ],
        count: 2,
      },
      /beyond all numbers/,
    ],
    ['has a span without end', { positive: [[0, 2 ** 40], [1]], count: 1 }, /spans need 1099511627776 buckets, have 1/],
  ];
  it.each(cases)('%s', (_, written, message) => {
    expect(() => checkedHistogram(messageOf(written))).toThrow(message);
  });

  it('is named by its series', () => {
    const wrong = { ...fc.sample(exponential(true), 1)[0]!, count: 0, sum: 1 };
    expect(() => decoded([{ timestamp: 1, histogram: wrong }])).toThrow(/^remote write: series took\{route="\/a"\}: /);
  });

  it('may lack observations of NaN', () => {
    const message = messageOf({ positive: [[0, 1], [3]], count: 4, sum: Number.NaN });
    expect(checkedHistogram(message)).toMatchObject({ count: 4 });
  });
});

const observed = (histogram: NativeHistogram) =>
  totalOf(histogram.positive) + totalOf(histogram.negative) + histogram.zeroCount;

describe('resolution', () => {
  it('goes down without an observation lost, and a step at a time as at once', () => {
    fc.assert(
      fc.property(exponential(true), fc.integer({ min: -4, max: 8 }), (histogram, schema) => {
        const coarse = reduced(histogram, schema);
        expect(coarse.schema).toBe(Math.min(schema, histogram.schema));
        expect(observed(coarse)).toBe(observed(histogram));
        let stepwise = histogram;
        while (stepwise.schema > schema) stepwise = reduced(stepwise, stepwise.schema - 1);
        expect(stepwise).toEqual(coarse);
      }),
    );
  });

  it('of a schema that is too fine is that of the finest', () => {
    const message = messageOf({
      schema: 10,
      positive: [
        [0, 9],
        [1, 0, 0, 0, 0, 0, 0, 0, 0],
      ],
      count: 9,
    });
    const { schema, positive } = checkedHistogram(message);
    expect([schema, [...positive.indexes], [...positive.counts]]).toEqual([8, [0, 1, 2], [1, 4, 4]]);
  });

  it('goes down until the buckets are few enough', () => {
    fc.assert(
      fc.property(exponential(true), fc.integer({ min: 2, max: 60 }), (histogram, most) => {
        const few = withAtMostBuckets(histogram, most);
        if (!few) return;
        expect(few.positive.indexes.length + few.negative.indexes.length).toBeLessThanOrEqual(most);
        if (few.schema < histogram.schema) {
          const finer = reduced(histogram, few.schema + 1);
          expect(finer.positive.indexes.length + finer.negative.indexes.length).toBeGreaterThan(most);
        }
      }),
    );
  });

  it.each([
    [0, 8],
    [1.0027, 8],
    [1.1, 2],
    [1.5, 0],
    [2, 0],
    [4, -1],
    [65_536, -4],
    [1e9, -4],
  ])('for a factor of %d is the schema %d', (factor, schema) => {
    expect(finestSchema(factor)).toBe(schema);
  });
});

describe('a chunk of remote read', () => {
  it('has one histogram as it is', () => {
    fc.assert(
      fc.property(any, fc.integer({ min: -8.64e15, max: 8.64e15 }), (sent, timestamp) => {
        const { isInteger: _, ...histogram } = sent;
        const resetHint = histogram.resetHint === 'not_reset' ? 'unknown' : histogram.resetHint;
        const expected = { timestamp, histogram: { ...histogram, resetHint } };
        expect(decodeHistogramChunk(histogramChunk(timestamp, sent))).toEqual(expected);
      }),
    );
  });
});

describe('the sum of two histograms', () => {
  it('counts all observations of both, whichever comes first', () => {
    const pairs = fc.tuple(exponential(true), exponential(true));
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const sum = addedHistograms(a, b, 1000);
        expect(observed(sum)).toBe(observed(a) + observed(b));
        expect(addedHistograms(b, a, 1000).positive).toEqual(sum.positive);
      }),
    );
  });
});

it('an integer histogram is written as differences, a float one as it is', () => {
  const sizeOf = (isInteger: boolean) => {
    const writer = new ProtoWriter();
    const positive = { indexes: Int32Array.from({ length: 20 }, (_, i) => i), counts: new Float64Array(20).fill(3) };
    const more = { schema: 0, sum: 1, zeroThreshold: 0, zeroCount: 0, negative: NO_BUCKETS, bounds: NO_BOUNDS };
    writeHistogram(writer, 4, 1, { ...more, isInteger, count: 60, positive, resetHint: 'unknown' });
    return writer.size;
  };
  expect([sizeOf(true), sizeOf(false)]).toEqual([43, 201]);
});

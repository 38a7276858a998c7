import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeWriteRequestV2, WireError } from '../../src/index.ts';
import { encodeV2, type SentSeries } from './encode-v2.ts';

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const labels = fc
  .tuple(fc.dictionary(name, name, { maxKeys: 6 }), name)
  .map(([more, metric]) => Object.entries({ ...more, __name__: metric }).sort(([a], [b]) => (a < b ? -1 : 1)));
const sample = fc.record({
  timestamp: fc.integer({ min: -8.64e15, max: 8.64e15 }),
  value: fc.double({ noNaN: true }),
  start: fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined }),
});
const series = fc.array(fc.record({ labels, samples: fc.array(sample, { minLength: 1, maxLength: 5 }) }), {
  maxLength: 5,
});
const options = fc.record({ symbolsLast: fc.boolean(), packed: fc.boolean() });

const up = [['__name__', 'up'] as const];
const point = { timestamp: 1000, value: 2 };
const decode = (sent: SentSeries[]) => decodeWriteRequestV2(encodeV2(sent));
const names = (sent: SentSeries[]) => decode(sent).batch.series.map((one) => one.get('__name__'));

describe('remote write 2.0', () => {
  it('gives back what was encoded, in any order of fields, start timestamps aside', () => {
    fc.assert(
      fc.property(series, options, (sent, how) => {
        const { batch, written, refusal } = decodeWriteRequestV2(encodeV2(sent, how));
        expect(batch.series.map((one) => [...one])).toEqual(sent.map((one) => one.labels));
        const samples = sent.flatMap((one, i) => one.samples.map((s) => ({ i, ...s })));
        expect([...batch.seriesIndex]).toEqual(samples.map((s) => s.i));
        expect([...batch.timestamps]).toEqual(samples.map((s) => s.timestamp));
        expect([...batch.values]).toEqual(samples.map((s) => s.value));
        expect([written, refusal]).toEqual([{ samples: samples.length, histograms: 0, exemplars: 0 }, '']);
      }),
    );
  });

  it('keeps exemplars and metadata, the latter once for each family', () => {
    const metadata = { type: 'histogram', help: 'How long.', unit: 'seconds' } as const;
    const exemplars = [{ labels: [['trace_id', 'x']] as const, value: 0.5, timestamp: 7 }];
    const { batch, written } = decode([
      { labels: [['__name__', 'd_bucket']], samples: [point], metadata, exemplars },
      { labels: [['__name__', 'd_sum']], samples: [point], metadata },
      { labels: up, samples: [point], metadata: { type: 'unknown', help: '', unit: '' } },
    ]);
    expect(batch.metadata).toEqual([{ name: 'd', ...metadata }]);
    expect(batch.exemplars).toMatchObject([{ series: 0, value: 0.5, timestamp: 7 }]);
    expect(written).toEqual({ samples: 3, histograms: 0, exemplars: 1 });
  });

  it('takes native histograms beside floats, and counts them as such', () => {
    const histogram = { timestamp: 5, count: 6, sum: 9, zeroCount: 1, buckets: [2, 3] };
    const exemplars = [{ labels: [['trace_id', 'x']] as const, value: 0.5, timestamp: 7 }];
    const { batch, written } = decode([
      { labels: up, samples: [point] },
      { labels: [['__name__', 'h']], histograms: [histogram], exemplars },
    ]);
    expect(batch.histograms).toEqual([
      {
        series: 1,
        timestamp: 5,
        histogram: {
          isInteger: true,
          ...{ schema: 0, count: 6, sum: 9, zeroThreshold: 0, zeroCount: 1, resetHint: 'unknown' },
          positive: { indexes: Int32Array.of(1, 2), counts: Float64Array.of(2, 3) },
          negative: { indexes: new Int32Array(), counts: new Float64Array() },
          bounds: new Float64Array(),
        },
      },
    ]);
    expect([...batch.seriesIndex]).toEqual([0]);
    expect(batch.exemplars).toMatchObject([{ series: 1, value: 0.5 }]);
    expect(written).toEqual({ samples: 1, histograms: 1, exemplars: 1 });
  });

  const good = { labels: up, samples: [point] };
  const refused: [string, SentSeries, RegExp][] = [
    ['without metric name', { labels: [['a', 'b']], samples: [point] }, /without metric name/],
    ['with an empty metric name', { labels: [['__name__', '']], samples: [point] }, /without metric name/],
    ['with a label twice', { labels: [...up, ['a', '1'], ['a', '2']], samples: [point] }, /duplicate label "a"/],
    ['with a reference beyond the symbols', { labels: [], refs: [1, 99], samples: [point] }, /reference 99 with/],
    ['with half a pair', { labels: [], refs: [1], samples: [point] }, /1 label references, which are no pairs/],
    ['without samples', { labels: [['__name__', 'none']] }, /"none" has neither a sample nor a histogram/],
    [
      'with a histogram whose count is wrong',
      {
        labels: [['__name__', 'h']],
        histograms: [{ timestamp: 5, count: 7, sum: 9, zeroCount: 1, buckets: [2, 3] }],
      },
      /series h: 6 observations found in buckets, but the Count field is 7/,
    ],
  ];
  it.each(refused)('refuses a series %s, and takes the others', (_, bad, message) => {
    const { batch, written, refusal } = decode([good, bad, { ...good, labels: [['__name__', 'down']] }]);
    expect(refusal).toMatch(message);
    expect(batch.series.map((one) => one.get('__name__'))).toEqual(['up', 'down']);
    expect(written).toEqual({ samples: 2, histograms: 0, exemplars: 0 });
  });

  it('refuses a sample whose time is out of range, and takes the others of its series', () => {
    const { batch, refusal } = decode([{ labels: up, samples: [point, { timestamp: 2 ** 62, value: 1 }, point] }]);
    expect([...batch.timestamps]).toEqual([1000, 1000]);
    expect(refusal).toMatch(/up: timestamp .* out of range/);
  });

  it('says ten reasons and how many more there are', () => {
    const { refusal } = decode(Array.from({ length: 25 }, () => ({ labels: [['a', 'b'] as const], samples: [point] })));
    expect(refusal.split('; ')).toHaveLength(11);
    expect(refusal).toMatch(/; and 15 more$/);
  });

  it('loses only the exemplar that has labels which do not exist', () => {
    const exemplars = [{ labels: [['', 'x']] as const, value: 1, timestamp: 1 }];
    expect(decode([{ ...good, exemplars }]).written).toEqual({ samples: 1, histograms: 0, exemplars: 0 });
  });

  it('refuses labels that a few bytes unfold to without end', () => {
    const long: SentSeries = { labels: [...up, ['a', 'x'.repeat(60_000)]], samples: [point] };
    expect(() => names(Array.from({ length: 200 }, () => long))).toThrow(/too many for the body/);
  });

  it('fails as a whole where the body is damaged', () => {
    const body = encodeV2([good]);
    for (let size = 1; size < body.length; size++) {
      try {
        const { batch } = decodeWriteRequestV2(body.subarray(0, size));
        expect(batch.timestamps.length).toBe(0);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
  });

  it('throws nothing but WireError on damaged bodies', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    const histogram = { timestamp: 5, count: 6, sum: 9, zeroCount: 1, buckets: [2, 3] };
    const exemplars = [{ labels: [['trace_id', 'x']] as const, value: 0.5, timestamp: 7 }];
    const whole = encodeV2([{ ...good, exemplars, histograms: [histogram] }, good]);
    fc.assert(
      fc.property(edits, (changes) => {
        const body = Uint8Array.from(whole);
        for (const [at, byte] of changes) body[at % body.length] = byte;
        try {
          decodeWriteRequestV2(body);
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

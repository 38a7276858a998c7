import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, equal, HistogramMean, HistogramSum, multiply, negate, subtract } from './arithmetic.ts';
import { bucketsOf, bucketsUpTo } from './bounds.ts';
import { withoutFirst } from './buckets.ts';
import { formatHistogram } from './format.ts';
import { type Buckets, CUSTOM_SCHEMA, type FloatHistogram, NO_BUCKETS } from './histogram.ts';
import { histogramLiteral, parseHistogramLiteral } from './literal.ts';
import { histogramFraction, histogramQuantile } from './quantile.ts';
import { isReset } from './resets.ts';
import { compact, reduceResolution } from './resolution.ts';
import { trimLower, trimUpper } from './trim.ts';

const counts = fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 1e-3, max: 1e6, noNaN: true }));

function sides(min: number, max: number): fc.Arbitrary<Buckets> {
  return fc
    .uniqueArray(fc.tuple(fc.integer({ min, max }), counts), { maxLength: 12, selector: ([index]) => index })
    .map((pairs) => {
      const sorted = pairs.sort(([a], [b]) => a - b);
      return {
        indexes: Int32Array.from(sorted, ([index]) => index),
        counts: Float64Array.from(sorted, ([, count]) => count),
      };
    });
}

const hints = fc.constantFrom('unknown', 'reset', 'not_reset', 'gauge');

const parts = { sum: fc.double({ min: -1e9, max: 1e9, noNaN: true }).map((sum) => sum + 0), resetHint: hints };

function counted(histogram: Omit<FloatHistogram, 'count'>): FloatHistogram {
  const total = (buckets: Buckets) => buckets.counts.reduce((sum, count) => sum + count, 0);
  return { ...histogram, count: total(histogram.negative) + histogram.zeroCount + total(histogram.positive) };
}

function exponentials(schemas: fc.Arbitrary<number>): fc.Arbitrary<FloatHistogram> {
  return fc
    .record({
      schema: schemas,
      zeroThreshold: fc.constantFrom(0, 2 ** -128, 0.001, 0.7, 1, 3),
      zeroCount: fc.oneof(fc.constant(0), counts),
      positive: sides(-20, 20),
      negative: sides(-20, 20),
      bounds: fc.constant(new Float64Array()),
      ...parts,
    })
    .map((raw) => {
      // What is inside of the zero bucket was counted there.
      const outside = (side: Buckets) => withoutFirst(side, bucketsUpTo(side, raw.schema, raw.zeroThreshold));
      return counted({ ...raw, positive: outside(raw.positive), negative: outside(raw.negative) });
    });
}

const exponential = exponentials(fc.integer({ min: -4, max: 8 }));

const custom: fc.Arbitrary<FloatHistogram> = fc
  .uniqueArray(fc.integer({ min: -5, max: 15 }), { minLength: 1, maxLength: 8 })
  .chain((bounds) =>
    fc.record({
      schema: fc.constant(CUSTOM_SCHEMA),
      zeroThreshold: fc.constant(0),
      zeroCount: fc.constant(0),
      positive: sides(0, bounds.length),
      negative: fc.constant(NO_BUCKETS),
      bounds: fc.constant(Float64Array.from(bounds.sort((a, b) => a - b))),
      ...parts,
    }),
  )
  .map(counted);

const either = fc.oneof(exponential, custom);
/** Of one schema, for what an in-between zero bucket would make different at different resolutions. */
const sameSchema = fc.integer({ min: -2, max: 4 }).chain((n) => {
  const one = exponentials(fc.constant(n));
  return fc.tuple(one, one);
});
const pairs = fc.oneof(sameSchema, fc.tuple(custom, custom));

function expectClose(a: FloatHistogram, b: FloatHistogram, scale: number) {
  const tolerance = 1e-12 * (1 + scale);
  const near = (x: number, y: number) => expect(Math.abs(x - y)).toBeLessThanOrEqual(tolerance);
  const at = (buckets: Buckets, index: number) => buckets.counts[buckets.indexes.indexOf(index)] ?? 0;
  expect(a.schema).toBe(b.schema);
  expect(a.bounds).toEqual(b.bounds);
  expect(a.zeroThreshold).toBe(b.zeroThreshold);
  near(a.count, b.count);
  near(a.sum, b.sum);
  near(a.zeroCount, b.zeroCount);
  for (const side of ['positive', 'negative'] as const) {
    for (const index of [...a[side].indexes, ...b[side].indexes]) near(at(a[side], index), at(b[side], index));
  }
}

const size = (...all: FloatHistogram[]) => all.reduce((sum, h) => sum + Math.abs(h.count) + Math.abs(h.sum), 0);

function expectOrdered(histogram: FloatHistogram) {
  for (const { indexes, counts: figures } of [histogram.positive, histogram.negative]) {
    expect(indexes.length).toBe(figures.length);
    expect(figures.includes(0)).toBe(false);
    for (let i = 1; i < indexes.length; i++) expect(indexes[i]!).toBeGreaterThan(indexes[i - 1]!);
  }
}

describe('addition', () => {
  it('does not depend on the order', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const sum = add(a, b);
        expectClose(sum.histogram, add(b, a).histogram, size(a, b));
        expectOrdered(sum.histogram);
        expect(sum.histogram.resetHint).toBe(add(b, a).histogram.resetHint);
      }),
    );
  });

  it('counts every observation once', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const { histogram } = add(a, b);
        let total = 0;
        for (const { count } of bucketsOf(histogram)) total += count;
        expect(total).toBeCloseTo(histogram.count, 4);
      }),
    );
  });

  it('is undone by subtraction', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const sum = add(a, b).histogram;
        // With nothing of b in it a is as the sum has it: in the common bounds and with the wider zero bucket.
        const inLayout = add(a, multiply(b, 0)).histogram;
        if (sum.zeroThreshold !== inLayout.zeroThreshold) return;
        expectClose(subtract(sum, b).histogram, inLayout, size(a, b));
      }),
    );
  });

  it('of the negative is subtraction', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        expectClose(subtract(a, b).histogram, add(a, negate(b)).histogram, size(a, b));
      }),
    );
  });

  it('one after the other is the sum of all, and the mean times their number', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(exponential, { minLength: 1 }), fc.array(custom, { minLength: 1 })), (all) => {
        const sum = new HistogramSum();
        const mean = new HistogramMean();
        for (const each of all) {
          sum.add(each);
          mean.add(each);
        }
        const expected = all.slice(1).reduce((total, each) => add(total, each).histogram, all[0]!);
        expectClose(sum.total(), expected, size(...all));
        expectClose(multiply(mean.mean(), all.length), expected, size(...all));
        expectOrdered(sum.total());
      }),
    );
  });

  it('leaves its operands as they were', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const before = [histogramLiteral(a), histogramLiteral(b)];
        const sum = new HistogramSum();
        for (const each of [a, b, a]) sum.add(each);
        add(a, b);
        subtract(a, b);
        expect([histogramLiteral(a), histogramLiteral(b)]).toEqual(before);
      }),
    );
  });
});

describe('resolution', () => {
  it('can be reduced in one step or in many, and no observation is lost', () => {
    fc.assert(
      fc.property(exponential, fc.nat(12), fc.nat(12), (histogram, first, second) => {
        const between = Math.max(-4, histogram.schema - first);
        const last = Math.max(-4, between - second);
        const reduced = reduceResolution(histogram, last);
        expectClose(reduceResolution(reduceResolution(histogram, between), last), reduced, size(histogram));
        const observed = (h: FloatHistogram) => h.positive.counts.reduce((sum, count) => sum + count, 0);
        expect(observed(reduced)).toBeCloseTo(observed(histogram), 6);
        expectOrdered(reduced);
      }),
    );
  });

  it('lower, a quantile stays in the bucket that it was in', () => {
    fc.assert(
      fc.property(
        exponentials(fc.integer({ min: -3, max: 8 })),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (raw, q) => {
          const histogram = { ...raw, zeroThreshold: 0, zeroCount: 0 };
          const fine = counted(histogram);
          if (fine.count === 0) return;
          const coarse = reduceResolution(fine, fine.schema - 1);
          const value = histogramQuantile(q, fine).value;
          const wide = histogramQuantile(q, coarse).value;
          const slack = 1e-9 * Math.abs(value);
          const bucket = [...bucketsOf(coarse)].find(
            ({ lower, upper }) => lower - slack <= value && value <= upper + slack,
          );
          expect(bucket).toBeDefined();
          // At the edge of two buckets rounding may choose either, so the neighbour's nearer end is right too.
          const ends = [...bucketsOf(coarse)].flatMap(({ lower, upper }) => [lower, upper]);
          const atEdge = ends.some((end) => Math.abs(end - value) <= 1e-6 * Math.abs(end));
          if (!atEdge) expect(wide >= bucket!.lower - slack && wide <= bucket!.upper + slack).toBe(true);
        },
      ),
    );
  });
});

describe('a reset', () => {
  it('is none from a histogram to itself', () => {
    fc.assert(
      fc.property(either, (histogram) => {
        expect(isReset({ ...histogram, resetHint: 'unknown' }, histogram)).toBe(false);
      }),
    );
  });

  it('is none when only observations came', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        if (a.schema !== CUSTOM_SCHEMA && b.zeroThreshold > a.zeroThreshold) return;
        const more = { ...add(a, b).histogram, resetHint: 'unknown' as const };
        expect(isReset(more, a)).toBe(false);
      }),
    );
  });

  it('is one when a bucket lost some', () => {
    fc.assert(
      fc.property(either, fc.nat(), (histogram, at) => {
        const { positive } = histogram;
        const { zeroThreshold, zeroCount } = { zeroThreshold: 0, zeroCount: 0 };
        if (positive.indexes.length === 0) return;
        const fewer = positive.counts.slice();
        fewer[at % fewer.length]! /= 2;
        const before = { ...histogram, zeroThreshold, zeroCount };
        expect(isReset({ ...before, positive: { ...positive, counts: fewer }, resetHint: 'unknown' }, before)).toBe(
          true,
        );
      }),
    );
  });
});

describe('a quantile', () => {
  const probability = fc.double({ min: 0, max: 1, noNaN: true });

  it('does not fall when q rises', () => {
    fc.assert(
      fc.property(either, probability, probability, (histogram, p, q) => {
        const low = histogramQuantile(Math.min(p, q), histogram).value;
        const high = histogramQuantile(Math.max(p, q), histogram).value;
        if (histogram.count > 0 && !Number.isNaN(low)) expect(low).toBeLessThanOrEqual(high + 1e-9 * Math.abs(high));
      }),
    );
  });

  it('is what the fraction of its value gives back, inside of a bucket', () => {
    fc.assert(
      fc.property(exponential, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (histogram, q) => {
        const { value } = histogramQuantile(q, histogram);
        if (!Number.isFinite(value) || value === 0) return;
        const { value: back } = histogramFraction(Number.NEGATIVE_INFINITY, value, histogram);
        expect(back).toBeCloseTo(q, 6);
      }),
    );
  });

  it('cuts the observations into what is below and above', () => {
    fc.assert(
      fc.property(exponential, fc.double({ min: -50, max: 50, noNaN: true }), (histogram, at) => {
        if (histogram.zeroThreshold > 0.001) return;
        const below = trimUpper(histogram, at);
        const above = trimLower(histogram, at);
        expect(below.count + above.count).toBeCloseTo(histogram.count, 3);
        expectOrdered(below);
      }),
    );
  });
});

describe('the literal', () => {
  it('reads back as the histogram', () => {
    fc.assert(
      fc.property(either, (histogram) => {
        const read = parseHistogramLiteral(histogramLiteral(histogram));
        expect(equal(read, compact(histogram))).toBe(true);
        expect(read.resetHint).toBe(histogram.resetHint);
        expect(formatHistogram(read)).toBe(formatHistogram(histogram));
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClassicBuckets } from './classic-buckets.ts';
import type { NativeHistogram } from './histogram.ts';

interface Classic {
  readonly buckets: readonly (readonly [bound: number, count: number])[];
  readonly count?: number | undefined;
  readonly sum?: number | undefined;
}

function convert({ buckets, count, sum }: Classic): NativeHistogram {
  const classic = new ClassicBuckets();
  for (const bucket of buckets) classic.addBucket(...bucket);
  if (count !== undefined) classic.setCount(count);
  if (sum !== undefined) classic.setSum(sum);
  return classic.convert();
}

/** What the histogram says of each bound of a classic one, by `le`. */
function cumulative({ bounds, positive }: NativeHistogram): Map<number, number> {
  const found = new Map<number, number>();
  let total = 0;
  for (const [i, bound] of [...bounds, Infinity].entries()) {
    const place = positive.indexes.indexOf(i);
    if (place >= 0) total += positive.counts[place] as number;
    found.set(bound, total);
  }
  return found;
}

const bound = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(-Infinity, 0, 0.005, 0.5, 1, 10));
// Multiples of 1/8, which add up without loss.
const own = fc.oneof(
  fc.constant(0),
  fc.nat(1000),
  fc.nat(8000).map((n) => n / 8),
);
const classics = fc
  .record({
    buckets: fc.uniqueArray(
      fc.tuple(
        bound.map((at) => at + 0),
        own,
      ),
      { selector: ([at]) => at, maxLength: 12 },
    ),
    above: own,
    sum: fc.double(),
  })
  .map(({ buckets, above, sum }) => {
    let total = 0;
    const finite = buckets.filter(([at]) => at !== Infinity).sort(([a], [b]) => (a < b ? -1 : 1));
    const all = finite.map(([at, count]): [number, number] => {
      total += count;
      return [at, total];
    });
    return { buckets: [...all, [Infinity, total + above] as [number, number]], count: total + above, sum };
  });

describe('the native histogram of a classic one', () => {
  it('has its count, its sum and its bounds, and at each bound as many observations, whatever the order', () => {
    fc.assert(
      fc.property(classics, fc.array(fc.nat(), { minLength: 13, maxLength: 13 }), (classic, order) => {
        const histogram = convert(classic);
        expect(histogram).toMatchObject({ schema: -53, count: classic.count, zeroCount: 0, zeroThreshold: 0 });
        expect(histogram.sum).toBe(classic.sum);
        expect([...cumulative(histogram)]).toEqual(classic.buckets);
        expect([...histogram.positive.counts].includes(0)).toBe(false);
        const isWhole = classic.buckets.every(([, count]) => Number.isInteger(count));
        expect(histogram.isInteger === true).toBe(isWhole);
        const shuffled = classic.buckets.map((one, i) => [order[i] as number, one] as const).sort(([a], [b]) => a - b);
        expect(convert({ ...classic, buckets: shuffled.map(([, one]) => one) })).toEqual(histogram);
      }),
    );
  });

  it('is the same without what can be known from the rest', () => {
    fc.assert(
      fc.property(classics, (classic) => {
        const histogram = convert(classic);
        expect(convert({ ...classic, count: undefined })).toEqual(histogram);
        expect(convert({ ...classic, buckets: classic.buckets.slice(0, -1) })).toEqual(histogram);
      }),
    );
  });

  it('counts the first of two buckets of one bound, and has a sum of 0 where there is none', () => {
    const histogram = convert({
      buckets: [
        [1, 2],
        [1, 3],
        [Infinity, 4],
        [1, 1],
      ],
    });
    expect([...cumulative(histogram)]).toEqual([
      [1, 2],
      [Infinity, 4],
    ]);
    expect(histogram.sum).toBe(0);
  });

  it('of nothing at all is empty', () => {
    expect(convert({ buckets: [] })).toMatchObject({ isInteger: true, count: 0, bounds: new Float64Array() });
  });

  it('takes sums and counts as large as they come, as fractional where a double does not hold them', () => {
    expect(convert({ buckets: [[Infinity, 2 ** 60]], count: 2 ** 60 }).isInteger).toBeUndefined();
    expect(convert({ buckets: [], count: Infinity, sum: Infinity })).toMatchObject({ count: Infinity, sum: Infinity });
    const unknown = convert({
      buckets: [
        [1, 1],
        [2, Number.NaN],
      ],
      count: 5,
      sum: Number.NaN,
    });
    expect([...unknown.positive.counts]).toEqual([1, Number.NaN, Number.NaN]);
    expect(unknown.sum).toBeNaN();
  });

  it.each<[string, Classic, string]>([
    ['a negative count', { buckets: [], count: -1 }, 'count must be non-negative: count=-1'],
    ['a negative bucket', { buckets: [[0.5, -1.5]] }, 'bucket count must be non-negative: le=0.5, count=-1.5'],
    ['a bound that is no number', { buckets: [[Number.NaN, 1]] }, 'bucket boundary must not be NaN'],
    [
      'buckets that go down',
      {
        buckets: [
          [1, 5],
          [2, 3],
        ],
      },
      'count is not cumulative: 3 < 5',
    ],
    [
      'buckets that go down, out of order',
      {
        buckets: [
          [2, 3],
          [1, 5],
        ],
      },
      'count is not cumulative: 3 < 5',
    ],
    [
      'a count that is another',
      { buckets: [[Infinity, 3]], count: 1e6 },
      'count mismatch: count=1e+06 != le=+Inf count=3',
    ],
    ['a count that is NaN', { buckets: [[1, 3]], count: Number.NaN }, 'count mismatch: count=NaN != le=+Inf count=NaN'],
    [
      'a count below that of the buckets',
      { buckets: [[1, 3]], count: 2 },
      'positive side: bucket number 2 has observation count of -1: histogram has a bucket whose observation count is negative',
    ],
    [
      'a flood of buckets',
      { buckets: Array.from({ length: 65_537 }, (_none, i) => [i, i]) },
      'a histogram has more than 65536 buckets',
    ],
  ])('does not exist with %s', (_what, classic, reason) => {
    expect(() => convert(classic)).toThrow(reason);
  });

  it('begins anew after what could not be converted', () => {
    const classic = new ClassicBuckets();
    classic.addBucket(1, -1);
    expect(() => classic.convert()).toThrow();
    classic.clear();
    classic.addBucket(1, 1);
    expect(classic.convert()).toEqual(convert({ buckets: [[1, 1]] }));
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NativeHistogram, NO_BOUNDS, NO_BUCKETS } from '../../histogram/histogram.ts';
import { accumulate, bucketsOf, type DeltaState, restored, restoredHistogram, type Total } from './accumulate.ts';
import type { Counted, DeltaHistogram, DeltaNative, DeltaPoint, DeltaSum } from './point.ts';

const MS = 1_000_000n;
const T = 1_767_225_600_000n;

/** An interval in milliseconds behind T. */
function point(from: number, to: number, counted: Counted, more: Partial<DeltaPoint> = {}): DeltaPoint {
  const at = (ms: number) => (T + BigInt(ms)) * MS;
  return {
    stream: 's',
    family: 'm',
    labels: [],
    start: at(from),
    time: at(to),
    stale: false,
    exemplars: [],
    counted,
    ...more,
  };
}

const sum = (value: number, monotonic = true): DeltaSum => ({ kind: 'sum', value, monotonic });

function histogram(buckets: Record<number, number>, count: number, more: Partial<DeltaHistogram> = {}): DeltaHistogram {
  const list = Object.entries(buckets).map(([bound, at]) => ({ bound: Number(bound), count: at }));
  list.sort((a, b) => a.bound - b.bound);
  return { kind: 'histogram', buckets: list, count, sum: count, ...more };
}

/** Of the schema 0 with these counts by index. */
function native(buckets: Record<number, number>, more: Partial<NativeHistogram> = {}): DeltaNative {
  const entries = Object.entries(buckets).map(([index, count]) => [Number(index), count] as const);
  entries.sort(([a], [b]) => a - b);
  const count = entries.reduce((sum, [, own]) => sum + own, 0);
  const positive = { indexes: Int32Array.from(entries, ([i]) => i), counts: Float64Array.from(entries, ([, n]) => n) };
  const rest = {
    zeroThreshold: 1e-128,
    zeroCount: 0,
    negative: NO_BUCKETS,
    bounds: NO_BOUNDS,
    resetHint: 'unknown',
  } as const;
  return { kind: 'native', histogram: { isInteger: true, schema: 0, count, sum: count, positive, ...rest, ...more } };
}

function shown(total: Total): unknown {
  if (total.kind === 'sum') return total.value;
  if (total.kind === 'histogram') return [bucketsOf(total).map(({ count }) => count), total.count, total.sum];
  const { positive, count, sum } = total.histogram;
  return [Object.fromEntries([...positive.indexes].map((index, i) => [index, positive.counts[i]])), count, sum];
}

/** What the points come to: of each its value, or the reason why it was refused. */
function run(points: readonly DeltaPoint[], from?: DeltaState) {
  let state = from;
  const seen: unknown[] = [];
  for (const one of points) {
    const result = accumulate(state, one);
    if (typeof result === 'string') seen.push(result);
    else {
      state = result.state;
      seen.push(shown(state.total));
    }
  }
  return { state: state as DeltaState, seen };
}

const zeroOf = (state: DeltaState | undefined, one: DeltaPoint) => {
  const result = accumulate(state, one);
  if (typeof result === 'string') throw new Error(result);
  return result.zeroAt === undefined ? undefined : result.zeroAt - Number(T);
};

describe('deltas of a sum', () => {
  it('add up, over a gap as well', () => {
    expect(run([point(0, 10, sum(1)), point(10, 20, sum(2)), point(50, 60, sum(4))]).seen).toEqual([1, 3, 7]);
  });

  it('that are not newer are refused and change nothing', () => {
    const late = /out of order/;
    expect(run([point(0, 10, sum(1)), point(0, 10, sum(1)), point(0, 5, sum(9)), point(10, 20, sum(2))]).seen).toEqual([
      1,
      expect.stringMatching(late),
      expect.stringMatching(late),
      3,
    ]);
  });

  it('that reach back into what is counted are refused', () => {
    expect(run([point(0, 10, sum(1)), point(9, 20, sum(2))]).seen[1]).toMatch(/overlaps/);
  });

  it('without a start are taken in order', () => {
    const none = { start: 0n };
    expect(run([point(0, 10, sum(1), none), point(0, 20, sum(2), none)]).seen).toEqual([1, 3]);
  });

  it.each([
    [sum(Number.NaN), /NaN/],
    [sum(Infinity), /Infinity/],
    [sum(-1), /is -1, but it only goes up/],
    [histogram({ 1: 1 }, 1, { sum: Number.NaN }), /NaN/],
  ])('%j is refused', (counted, message) => {
    expect(accumulate(undefined, point(0, 10, counted))).toMatch(message);
  });

  it('go down where the sum may', () => {
    expect(run([point(0, 10, sum(3, false)), point(10, 20, sum(-5, false))]).seen).toEqual([3, -2]);
  });

  it('get a millisecond each', () => {
    const inside = { start: T * MS + 10n, time: T * MS + 20n };
    const { state } = run([point(-5, 0, sum(1)), point(0, 0, sum(1), inside)]);
    expect(state.timestamp).toBe(Number(T) + 1);
  });

  it('have no recorded value: the total stays, for what comes next', () => {
    const { seen, state } = run([point(0, 10, sum(1)), point(10, 20, sum(0), { stale: true }), point(20, 30, sum(2))]);
    expect(seen).toEqual([1, 1, 3]);
    expect(state.timestamp).toBe(Number(T) + 30);
  });
});

describe('a zero', () => {
  const known = restored(Number(T), { kind: 'sum', value: 5 });
  it.each([
    ['stands at the begin of a first interval', undefined, point(0, 10, sum(1)), 0],
    ['is not written without a begin', undefined, point(0, 10, sum(1), { start: 0n }), undefined],
    ['stands a millisecond before an interval of no length', undefined, point(10, 10, sum(1)), 9],
    ['is not written for a first interval of a day', undefined, point(-86_400_000, 0, sum(1)), undefined],
    ['is not written for what may go down', undefined, point(0, 10, sum(1, false)), undefined],
    ['is not written for a stream that goes on', known, point(0, 10, sum(1)), undefined],
  ])('%s', (_, state, one, expected) => {
    expect(zeroOf(state, one)).toBe(expected);
  });

  it('shows that explicit bounds changed, behind the last sample', () => {
    const { state } = run([point(0, 10, histogram({ 1: 1 }, 2))]);
    expect(zeroOf(state, point(10, 20, histogram({ 2: 1 }, 2)))).toBe(11);
    expect(run([point(10, 20, histogram({ 2: 1 }, 2))], state).seen).toEqual([[[1], 2, 2]]);
  });
});

describe('deltas of a histogram', () => {
  it('add up bucket by bucket', () => {
    const points = [point(0, 10, histogram({ 1: 1, 2: 3 }, 4)), point(10, 20, histogram({ 1: 0, 2: 1 }, 5))];
    expect(run(points).seen).toEqual([
      [[1, 3], 4, 4],
      [[1, 4], 9, 9],
    ]);
  });

  it('have no sum any more once one of them has none', () => {
    const points = [0, 1, 2].map((i) => point(i, i + 1, histogram({}, 1, i === 1 ? { sum: undefined } : {})));
    expect(run(points).seen).toEqual([
      [[], 1, 1],
      [[], 2, undefined],
      [[], 3, undefined],
    ]);
  });

  it('of exponential buckets add up at the lower resolution', () => {
    const fine = native({ 2: 1, 3: 2, 8: 3 }, { schema: 1 });
    const coarse = native({ 2: 5 }, { schema: 0 });
    const { state, seen } = run([point(0, 10, fine), point(10, 20, coarse), point(20, 30, fine)]);
    expect(seen).toEqual([
      [{ 2: 1, 3: 2, 8: 3 }, 6, 6],
      [{ 1: 1, 2: 7, 4: 3 }, 11, 11],
      [{ 1: 2, 2: 9, 4: 6 }, 17, 17],
    ]);
    expect(state.total).toMatchObject({ histogram: { schema: 0, zeroThreshold: 1e-128 } });
  });

  it('lose resolution before they have more buckets than can be kept', () => {
    const many = (from: number) => native(Object.fromEntries(Array.from({ length: 600 }, (_, i) => [from + i, 1])));
    const { state } = run([point(0, 10, many(0)), point(10, 20, many(10_000))]);
    const { total } = state;
    if (total.kind !== 'native') throw new Error('a native histogram');
    expect(total.histogram).toMatchObject({ schema: -1, count: 1200 });
    expect(total.histogram.positive.indexes.length).toBeLessThanOrEqual(640);
  });
});

describe('a stream', () => {
  const deltas = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 20 });

  it('goes on from its last sample as from its state, and counts nothing twice', () => {
    fc.assert(
      fc.property(deltas, fc.nat(), fc.integer({ min: 0, max: 999_999 }), (values, cut, nanos) => {
        const odd = BigInt(nanos);
        const points = values.map((value, i) => {
          const one = point(i * 10, i * 10 + 10, sum(value));
          return { ...one, start: one.start + odd, time: one.time + odd };
        });
        const at = (cut % values.length) + 1;
        const { state, seen } = run(points.slice(0, at));
        const again = restored(state.timestamp, state.total);
        // The sender did not hear that the last one was taken, and sends it again.
        const rest = run(points.slice(at - 1), again).seen;
        expect(rest[0]).toMatch(/out of order/);
        expect([...seen, ...rest.slice(1)]).toEqual(run(points).seen);
      }),
    );
  });

  it('of a histogram goes on from its samples', () => {
    const { state } = run([point(0, 10, histogram({ 1: 1, 5: 4 }, 6, { sum: undefined }))]);
    const { total, timestamp } = state;
    if (total.kind !== 'histogram') throw new Error('a histogram');
    const again = restoredHistogram(timestamp, bucketsOf(total), total.count, total.sum);
    expect(again.total).toEqual(total);
  });
});

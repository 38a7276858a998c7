import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Head } from './head.ts';
import { wordsOf } from './sample-columns.ts';

type Words = readonly [low: number, high: number];

function wordsOfValue(value: number): Words {
  const [low, high] = new Uint32Array(Float64Array.of(value).buffer);
  return [low!, high!];
}

const STALE: Words = [2, 0x7ff00000];
const END = 40_000_000;

/** Values as metrics have them: counters, gauges with few decimals, constants, any double, any bits of a NaN. */
const value: fc.Arbitrary<Words> = fc.oneof(
  fc.integer({ min: 0, max: 300 }).map(wordsOfValue),
  fc.integer({ min: 1e9, max: 1e9 + 100_000 }).map(wordsOfValue),
  fc.integer({ min: -1000, max: 1000 }).map((cents) => wordsOfValue(cents / 100)),
  fc.double().map(wordsOfValue),
  fc.maxSafeInteger().map(wordsOfValue),
  fc.constantFrom(STALE, wordsOfValue(-0), wordsOfValue(Number.NaN), wordsOfValue(Number.POSITIVE_INFINITY), [
    7, 0xfff80001,
  ] as const),
);

/** Runs of samples as scrapes bring them, on time or with jitter, and samples anywhere. */
const run = fc.record({
  from: fc.integer({ min: 0, max: END }),
  every: fc.constantFrom(1, 1000, 15_000, 15_000, 100_000),
  jitter: fc.constantFrom(0, 0, 5, 40_000),
  values: fc.oneof(
    fc.array(value, { minLength: 1, maxLength: 80 }),
    fc.tuple(value, fc.integer({ min: 1, max: 80 })).map(([one, count]) => new Array<Words>(count).fill(one)),
    fc
      .tuple(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 }))
      .map(([first, step, count]) => Array.from({ length: count }, (_, i) => wordsOfValue(first + i * step))),
  ),
});
const series = fc.constantFrom(0, 1, 7);
const range = fc.tuple(fc.integer({ min: 0, max: END }), fc.integer({ min: 0, max: END }));
const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('insert' as const), series, run }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), series, range }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('evict' as const), before: fc.integer({ min: 0, max: END / 2 }) }),
  },
);

/** What the head has to hold: bits by time, by series. */
class Model {
  readonly series = new Map<number, Map<number, Words>>();

  samplesOf(series: number): Map<number, Words> {
    const known = this.series.get(series) ?? new Map<number, Words>();
    this.series.set(series, known);
    return known;
  }

  read(series: number, start: number, end: number): string[] {
    return [...this.samplesOf(series)]
      .filter(([time]) => time >= start && time <= end)
      .sort(([a], [b]) => a - b)
      .map(([time, [low, high]]) => `${time} ${low} ${high}`);
  }
}

function shown(head: Head, series: number, start: number, end: number): string[] {
  const { timestamps, values } = head.read(series, start, end);
  const words = wordsOf(values);
  return Array.from(timestamps, (time, i) => `${time} ${words[2 * i]} ${words[2 * i + 1]}`);
}

function insertRun(
  head: Head,
  model: Model,
  at: number,
  { from, every, jitter, values }: typeof run extends fc.Arbitrary<infer T> ? T : never,
) {
  values.forEach(([low, high], i) => {
    const time = from + i * every + (jitter > 0 ? (i * 7919) % jitter : 0);
    if (time >= head.coveredFrom) model.samplesOf(at).set(time, [low, high]);
    head.insert(at, time, low, high);
  });
}

function compare(head: Head, model: Model, from: number, to: number): void {
  for (const at of [0, 1, 7]) {
    for (const [start, end] of [
      [head.coveredFrom, Number.MAX_SAFE_INTEGER],
      [Math.max(from, head.coveredFrom), to],
    ] as const) {
      const expected = model.read(at, start, end);
      expect(shown(head, at, start, end)).toEqual(expected);
      expect(head.has(at, start, end)).toBe(expected.length > 0);
    }
  }
}

describe('the head', () => {
  it('holds to the bit what was inserted, not deleted and not given up, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 25 }), range, (operations, [from, to]) => {
        const head = new Head(100e6, Number.NEGATIVE_INFINITY);
        const model = new Model();
        let evicted = false;
        for (const one of operations) {
          if (one.kind === 'insert') insertRun(head, model, one.series, one.run);
          else if (one.kind === 'delete') {
            const [start, end] = one.range;
            head.delete(one.series, start, end);
            for (const time of [...model.samplesOf(one.series).keys()]) {
              if (time >= start && time <= end) model.samplesOf(one.series).delete(time);
            }
          } else {
            evicted = true;
            head.evictBefore(one.before);
            expect(head.coveredFrom).toBeGreaterThanOrEqual(one.before);
          }
        }
        compare(head, model, from, to);
        if (evicted) return;
        const held = [...model.series.values()].reduce((sum, samples) => sum + samples.size, 0);
        expect(head.samples).toBe(held);
        const times = [...model.series.values()].flatMap((samples) => [...samples.keys()]);
        const { minTime, maxTime } = head.extent();
        expect([minTime, maxTime]).toEqual(held === 0 ? [null, null] : [Math.min(...times), Math.max(...times)]);
      }),
      { numRuns: 300 },
    );
  });

  it('stays under its cap by giving up the oldest, and holds all that is newer', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ series, run }), { minLength: 1, maxLength: 60 }), (runs) => {
        const capBytes = 32 * 1024;
        const head = new Head(capBytes, Number.NEGATIVE_INFINITY);
        const model = new Model();
        for (const one of runs) {
          insertRun(head, model, one.series, one.run);
          expect(head.bytes).toBeLessThanOrEqual(capBytes);
        }
        compare(head, model, 0, END);
      }),
      { numRuns: 100 },
    );
  });

  it('takes two bytes for a sample of a counter, and no more than doubles for anything', () => {
    const bytesFor = (valueAt: (i: number) => number) => {
      const head = new Head(100e6, Number.NEGATIVE_INFINITY);
      for (let i = 0; i < 240; i++) {
        const [low, high] = wordsOfValue(valueAt(i));
        for (let at = 0; at < 4000; at++) head.insert(at, i * 15_000, low, high);
      }
      return head.bytes / head.samples;
    };
    // 16 samples of each series are open, which is a byte for each of 240.
    expect(bytesFor((i) => 1e9 + 5000 * i + ((i * 7) % 250))).toBeLessThan(1 + 2.5);
    expect(bytesFor((i) => Math.sin(i))).toBeLessThan(1 + 10);
    // Now and then the series ends: the doubles of that chunk do not become those of its neighbours.
    expect(bytesFor((i) => (i % 96 === 40 ? Number.NaN : i % 7))).toBeLessThan(1 + 4);
  });

  it('gives back its memory when all is deleted or given up', () => {
    const head = new Head(100e6, Number.NEGATIVE_INFINITY);
    for (let i = 0; i < 100_000; i++) head.insert(i % 50, i * 1000, i, i);
    const { bytes } = head;
    for (let i = 0; i < 25; i++) head.delete(i, 0, Number.MAX_SAFE_INTEGER);
    head.evictBefore(100_000_000);
    expect(head.extent()).toEqual({ chunks: 0, minTime: null, maxTime: null });
    expect(head.samples).toBe(0);
    expect(head.bytes).toBeLessThan(bytes / 10);
  });
});

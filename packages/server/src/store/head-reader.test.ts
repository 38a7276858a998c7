import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Head } from './head.ts';
import { HeadReader } from './head-reader.ts';
import { wordsOf } from './sample-columns.ts';

const STALE = [2, 0x7ff00000] as const;
const one = new Float64Array(1);
const words = wordsOf(one);

function insert(head: Head, series: number, time: number, value: number | 'stale'): void {
  if (value === 'stale') words.set(STALE);
  else one[0] = value;
  head.insert(series, time, words[0]!, words[1]!);
}

const bitsOf = (values: Float64Array): number[] => [...wordsOf(values.slice())];

function readerOf(head: Head, count: number, start: number, end: number): HeadReader {
  const reader = new HeadReader(start, end);
  for (let series = 0; series < count; series++) {
    reader.series(new Map([['series', String(series)]]));
    head.collect(series, start, end, reader);
  }
  return reader;
}

/** What the reader gives of each series, in order of `places`. */
const contentsOf = (reader: HeadReader, places: readonly number[]) =>
  places.map((place) => {
    const { timestamps, values } = reader.read(place);
    return { times: [...timestamps], bits: bitsOf(values) };
  });

const value = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -1000, max: 100_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 9999 }).map((n) => n / 100) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constant('stale' as const) },
);
const series = fc.record({
  start: fc.constantFrom(0, 0, 0, 7, 1000),
  gaps: fc.oneof(fc.constant([15]), fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 3 })),
  values: fc.array(value, { maxLength: 90 }),
  /** Samples that come behind the others. */
  late: fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 3 }),
});

describe('a reader of the head', () => {
  it('gives what the head gives, in any order and more than once', () =>
    fc.assert(
      fc.property(
        fc.array(series, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: -10, max: 1500 }),
        fc.integer({ min: 0, max: 1500 }),
        fc.array(fc.nat(5), { maxLength: 12 }),
        (specs, start, length, picked) => {
          const head = new Head(1_000_000, Number.NEGATIVE_INFINITY);
          for (const [number, { start: first, gaps, values, late }] of specs.entries()) {
            let time = first;
            for (const [i, each] of values.entries()) {
              insert(head, number, time, each);
              time += gaps[i % gaps.length]!;
            }
            for (const at of late) insert(head, number, at, at);
          }
          const end = start + length;
          const places = picked.map((place) => place % specs.length);
          const reader = readerOf(head, specs.length, start, end);
          const expected = places.map((place) => {
            const { timestamps, values } = head.read(place, start, end);
            return { times: [...timestamps], bits: bitsOf(values) };
          });
          expect(contentsOf(reader, places)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    ));

  it('goes on giving what there was when the head has given it up, moved it, deleted it or taken more', () => {
    const head = new Head(200_000, Number.NEGATIVE_INFINITY);
    const count = 40;
    const fill = (from: number, to: number) => {
      for (let i = from; i < to; i++)
        for (let number = 0; number < count; number++) insert(head, number, i * 15, i * number);
    };
    fill(0, 100);
    const places = Array.from({ length: count }, (_, place) => place);
    const before = contentsOf(readerOf(head, count, 0, 1e9), places);
    expect(before[3]?.times).toHaveLength(100);
    const reader = readerOf(head, count, 0, 1e9);
    head.delete(3, 0, 1e9);
    insert(head, 4, 16, 1);
    fill(100, 20_000);
    expect(head.coveredFrom).toBeGreaterThan(100 * 15);
    expect(head.read(5, 0, 100 * 15).timestamps).toHaveLength(0);
    expect(contentsOf(reader, places)).toEqual(before);
  });

  it('gives the very same times where a series was scraped with the one before, and leaves those that were given', () => {
    const head = new Head(1_000_000, Number.NEGATIVE_INFINITY);
    for (let i = 0; i < 50; i++) {
      for (const number of [0, 1]) insert(head, number, 1000 + i * 15, i);
      insert(head, 2, 1007 + i * 15, i);
    }
    const reader = readerOf(head, 3, 0, 1e9);
    const first = reader.read(0).timestamps;
    expect(reader.read(1).timestamps).toBe(first);
    const other = reader.read(2).timestamps;
    expect([other[0], first[0]]).toEqual([1007, 1000]);
  });

  it('says that there is no stale marker only where there is none', () => {
    const head = new Head(1_000_000, Number.NEGATIVE_INFINITY);
    for (let i = 0; i < 40; i++) {
      insert(head, 0, i, i);
      insert(head, 1, i, i === 3 ? 'stale' : i);
      insert(head, 2, i, 'stale');
      insert(head, 3, i, i === 39 ? 'stale' : i);
    }
    const reader = readerOf(head, 4, 0, 1e9);
    expect([0, 1, 2, 3].map((place) => reader.read(place).withoutNaN)).toEqual([true, false, false, false]);
  });
});

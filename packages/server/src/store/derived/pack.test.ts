import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newColumns } from '../head-chunk.ts';
import { wordsOf } from '../sample-columns.ts';
import { HOUR_MS } from './hours.ts';
import { CHUNK, countOf, extentOf, hasNumbersOnly, haveSameTimes, Packer, unpackTimes, unpackValues } from './pack.ts';

const START = 495_000 * HOUR_MS;
const packer = new Packer();

const fromBits = (low: number, high: number): Float64Array => new Float64Array(Uint32Array.of(low, high).buffer);

function back(bytes: Uint8Array): { times: number[]; words: number[] } {
  const count = countOf(bytes, 0, bytes.length);
  const columns = newColumns(count + 3);
  expect(unpackTimes(bytes, 0, bytes.length, START, columns.times, 1)).toBe(count);
  expect(unpackValues(bytes, 0, bytes.length, columns, 2)).toBe(count);
  return { times: [...columns.times.subarray(1, 1 + count)], words: [...columns.words.subarray(4, 4 + 2 * count)] };
}

const times = fc.oneof(
  fc
    .uniqueArray(fc.integer({ min: 0, max: HOUR_MS - 1 }), { minLength: 1, maxLength: 600 })
    .map((list) => list.sort((a, b) => a - b)),
  fc
    .record({ count: fc.integer({ min: 1, max: 900 }), interval: fc.integer({ min: 1, max: 4000 }) })
    .map((of) => Array.from({ length: of.count }, (_, i) => i * of.interval)),
);
const value = fc.oneof(
  fc.integer({ min: 0, max: 255 }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 1000),
  fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  fc.double(),
  fc.constantFrom(-0, 0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, 2 ** 53, 5e-324),
);
const bits = fc.oneof(
  value.map((one) => [...wordsOf(Float64Array.of(one))]),
  fc.constantFrom([2, 0x7ff00000], [7, 0xfff80001], [1, 0x7ff80000]),
);
/** Runs of one kind, as series have them. */
const runs = fc.array(
  fc.oneof(
    fc.record({ bits, length: fc.integer({ min: 1, max: 300 }) }).map((of) => new Array(of.length).fill(of.bits)),
    fc
      .record({
        start: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
        step: fc.integer({ min: -(2 ** 33), max: 2 ** 33 }),
        noise: fc.constantFrom(0, 1, 200, 60_000, 2 ** 31),
        power: fc.constantFrom(1, 10, 100, 1000),
        length: fc.integer({ min: 1, max: 300 }),
      })
      .map(({ start, step, noise, power, length }) =>
        Array.from({ length }, (_, i) => {
          const whole = start + i * step + ((i * 2_654_435_761) % (noise + 1));
          return [...wordsOf(Float64Array.of(whole / power))];
        }),
      ),
    fc.array(bits, { minLength: 1, maxLength: 40 }),
  ),
  { minLength: 1, maxLength: 4 },
);

describe('a packed hour', () => {
  it('gives back every time and the very bits of every value', () => {
    fc.assert(
      fc.property(times, runs, (times, runs) => {
        const all = runs.flat();
        const count = Math.min(times.length, all.length);
        const at = Float64Array.from(times.slice(0, count), (time) => START + time);
        const words = Uint32Array.from(all.slice(0, count).flat());
        const bytes = packer.pack(at, new Float64Array(words.buffer), START);
        expect(back(bytes)).toEqual({ times: [...at], words: [...words] });
        const pack = { bytes, from: 0, to: bytes.length };
        expect(extentOf(pack)).toEqual({ first: at[0]! - START, last: at.at(-1)! - START });
        if (hasNumbersOnly(pack)) expect([...new Float64Array(words.buffer)].filter(Number.isNaN)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('is known to have the times of another', () => {
    const packed = (times: readonly number[], value: number) => {
      const bytes = packer.pack(Float64Array.from(times), new Float64Array(times.length).fill(value), START).slice();
      return { bytes, from: 0, to: bytes.length };
    };
    const regular = Array.from({ length: 300 }, (_, i) => START + 10_000 * i);
    const jittered = regular.map((time, i) => time + (i % 3));
    for (const times of [regular, jittered]) {
      expect(haveSameTimes(packed(times, 1), packed(times, 2))).toBe(true);
      expect(haveSameTimes(packed(times, 1), packed(times.slice(1), 1))).toBe(false);
      expect(haveSameTimes(packed(times, 1), packed(times.slice(0, 256), 1))).toBe(false);
      const other = times.map((time, i) => (i === 290 ? time + 1 : time));
      expect(haveSameTimes(packed(times, 1), packed(other, 1))).toBe(false);
    }
  });

  it.each([
    ['the same value all the time', () => 7, 28],
    ['a counter that grows evenly', (i: number) => 1e9 + 1500 * i, 28],
    ['a counter that grows by about as much', (i: number) => 1e9 + 1500 * i + (i % 7), 28 + 240],
    ['a gauge of two decimals', (i: number) => ((i * 7919) % 200) / 100, 28 + 240],
    ['doubles', (i: number) => Math.sin(i), 28 + 8 * 240],
  ])('takes few bytes for %s', (_, of, most) => {
    const at = Float64Array.from({ length: 240 }, (_, i) => START + 15_000 * i);
    expect(
      packer.pack(
        at,
        Float64Array.from(at, (_, i) => of(i)),
        START,
      ).length,
    ).toBeLessThanOrEqual(most);
  });

  it('stays small for whole numbers with a stale marker among them', () => {
    const at = Float64Array.from({ length: CHUNK }, (_, i) => START + 14_000 * i);
    const values = Float64Array.from(at, (_, i) => 1000 + i);
    values.set(fromBits(2, 0x7ff00000), 100);
    expect(packer.pack(at, values, START).length).toBeLessThan(700);
  });
});

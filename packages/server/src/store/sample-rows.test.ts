import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nativeSamples, type SampleRun } from './sample-rows.ts';

const HOUR = 3_600_000;

/** id, time and value of every row, in order, from a block of Native. */
function rowsOf(block: Buffer): [bigint, number, number][] {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = block[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const text = () => {
    const size = varint();
    at += size;
    return block.toString('utf8', at - size, at);
  };
  expect(varint()).toBe(3);
  const rows = varint();
  const columns = ['id UInt64', "time DateTime64(3, 'UTC')", 'value Float64'].map((expected) => {
    expect(`${text()} ${text()}`).toBe(expected);
    at += rows * 8;
    return at - rows * 8;
  });
  expect(at).toBe(block.length);
  return Array.from({ length: rows }, (_, i) => [
    block.readBigUInt64LE(columns[0]! + 8 * i),
    Number(block.readBigInt64LE(columns[1]! + 8 * i)),
    block.readDoubleLE(columns[2]! + 8 * i),
  ]);
}

// High words that are often the same, as those of the series of one metric are.
const ids = fc.uniqueArray(
  fc.tuple(fc.constantFrom(0, 1, 0x80000000, 0xffffffff), fc.integer({ min: 0, max: 0xffffffff })),
  { minLength: 1, maxLength: 30, selector: ([high, low]) => `${high} ${low}` },
);
const sample = fc.tuple(fc.nat(), fc.integer({ min: -5, max: 8 * HOUR }), fc.double({ noNaN: true }));

describe('samples on their way to the engine', () => {
  it('stand in the order of hour and id, and else in that in which they came', () => {
    fc.assert(
      fc.property(ids, fc.array(fc.array(sample, { maxLength: 20 }), { maxLength: 4 }), (words, batches) => {
        const idWords = Uint32Array.from(words.flatMap(([high, low]) => [low, high]));
        const idOf = (pick: number) => {
          const [high, low] = words[pick % words.length]!;
          return (BigInt(high) << 32n) + BigInt(low);
        };
        const runs = batches.map((samples): SampleRun => {
          // Every series has the number of its place, and each sample names a place in a list that is the other way round.
          const numbers = Uint32Array.from(words.keys()).reverse();
          return {
            seriesIndex: Uint32Array.from(samples, ([pick]) => words.length - 1 - (pick % words.length)),
            timestamps: Float64Array.from(samples, ([, time]) => time),
            values: Float64Array.from(samples, ([, , value]) => value),
            numbers,
            from: 0,
            to: samples.length,
          };
        });
        const came = batches.flat().map(([pick, time, value]) => ({ id: idOf(pick), time, value }));
        const hour = (time: number) => Math.floor(time / HOUR);
        const sorted = came
          .map((row, i) => ({ ...row, i }))
          .sort((a, b) => hour(a.time) - hour(b.time) || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.i - b.i));
        const found = rowsOf(Buffer.concat(nativeSamples(runs, idWords)));
        expect(found).toEqual(sorted.map(({ id, time, value }) => [id, time, value]));
      }),
      { numRuns: 500 },
    );
  });

  it('keep the order in which they came where they reach over too many hours', () => {
    const times = [200 * HOUR, 0, 100 * HOUR];
    const run = {
      seriesIndex: new Uint32Array(3),
      timestamps: Float64Array.from(times),
      values: new Float64Array(3),
      numbers: Uint32Array.of(0),
      from: 0,
      to: 3,
    };
    const rows = rowsOf(Buffer.concat(nativeSamples([run], Uint32Array.of(1, 2))));
    expect(rows.map(([, time]) => time)).toEqual(times);
  });
});

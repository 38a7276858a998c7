import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineLauncher } from '../../test/engine-launcher.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import type { EngineLauncher } from '../engine/engine-child.ts';
import { migrate } from '../engine/migrate.ts';
import { sampleCodec } from '../engine/migrations/004-sample-codec.ts';
import { migrations } from '../engine/migrations/index.ts';
import { engineSamples, engineSeriesInRange } from './engine-samples.ts';
import { nativeBlocks } from './native-blocks.ts';
import { wordsOf } from './sample-columns.ts';
import { hashKey, SeriesIndex } from './series-index.ts';

let launcher: EngineLauncher;
let dir: string;
let engine: Engine;

beforeAll(async () => {
  launcher = await engineLauncher();
  dir = mkdtempSync(join(tmpdir(), 'nightshift-engine-samples-'));
  engine = await startEngine({ dir, launcher, memoryBytes: 400_000_000, log: { info() {}, warn() {} } });
  await migrate(engine, migrations);
}, 60_000);
afterAll(async () => {
  await engine.close();
  rmSync(dir, { recursive: true, force: true });
  rmSync(dirname(launcher.args.at(-1) ?? ''), { recursive: true, force: true });
});

const HOUR = 3_600_000;
const START = Date.UTC(2026, 4, 1, 22);
/** All bits of a double, so that every NaN is told from the others. */
const bits = fc.oneof(
  fc.integer({ min: 0, max: 1000 }).map((value) => [...new Uint32Array(Float64Array.of(value).buffer)]),
  fc.constantFrom([2, 0x7ff00000], [7, 0xfff80001]),
);
const row = fc.record({
  series: fc.integer({ min: 0, max: 5 }),
  time: fc.oneof(
    fc.integer({ min: START, max: START + 4 * HOUR }),
    fc.integer({ min: 0, max: 20 }).map((i) => START + i * 15_000),
    fc.constantFrom(-HOUR - 1, 0, Date.UTC(2200, 0, 1)),
  ),
  bits,
});
const range = fc.constantFrom(
  [START, START + HOUR],
  [START + 17, START + 30_000],
  [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  [START - 100 * 24 * HOUR, START + 2 * HOUR],
);

describe('samples in the engine', () => {
  // With the second hash the low halves of all ids are the same.
  it.each([
    ['by the low half of their id', hashKey],
    ['by their whole id', (key: string) => hashKey(key) & ~0xffffffffn],
  ])(
    'are found %s, the last that came for each time, in whatever order they were inserted',
    async (_, hash) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(row, { minLength: 1, maxLength: 60 }), { maxLength: 5 }),
          range,
          async (batches, [start, end]) => {
            await engine.command('TRUNCATE TABLE nightshift.samples');
            const index = new SeriesIndex((key) => {
              const id = hash(key);
              return hash === hashKey ? id : BigInt.asUintN(64, id ^ (hashKey(`${key}x`) << 32n));
            });
            const series = Array.from({ length: 6 }, (_, i) =>
              index.intern(
                new Map([
                  ['__name__', `m${i % 2}`],
                  ['i', String(i)],
                ]),
              ),
            );
            const model = new Map<number, Map<number, string>>();
            for (const [number, batch] of batches.entries()) {
              const bytes = Buffer.alloc(batch.length * 24);
              for (const [i, one] of batch.entries()) {
                bytes.writeBigUInt64LE(series[one.series]!.id, i * 24);
                bytes.writeBigInt64LE(BigInt(one.time), i * 24 + 8);
                bytes.writeUInt32LE(one.bits[0]!, i * 24 + 16);
                bytes.writeUInt32LE(one.bits[1]!, i * 24 + 20);
                const known = model.get(one.series) ?? new Map();
                model.set(one.series, known.set(one.time, one.bits.join()));
              }
              await engine.insert('nightshift.samples', ['id', 'time', 'value'], bytes, `${Math.random()}-${number}`);
            }
            const asked = series.slice(0, 5);
            const expected = new Map<bigint, string[]>();
            for (const [place, one] of asked.entries()) {
              const within = [...(model.get(place) ?? [])].filter(([time]) => time >= start! && time <= end!);
              if (within.length > 0)
                expected.set(
                  one.id,
                  within.sort(([a], [b]) => a - b).map(([time, words]) => `${time} ${words}`),
                );
            }
            const ids = asked.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1));
            for (const span of [undefined, { least: ids[0]!, most: ids.at(-1)! }]) {
              const found = await engineSamples(engine, asked, start!, end!, undefined, undefined, span);
              const shown = new Map(
                [...found].map(([id, { timestamps, values }]) => {
                  const words = wordsOf(values.slice());
                  return [id, Array.from(timestamps, (time, i) => `${time} ${words[2 * i]},${words[2 * i + 1]}`)];
                }),
              );
              expect(shown).toEqual(expected);
              const inRange = await engineSeriesInRange(engine, asked, start!, end!, undefined, span);
              for (const { id } of asked) expect(inRange.has(id)).toBe(expected.has(id));
            }
          },
        ),
        { numRuns: 25 },
      );
    },
    60_000,
  );
});

describe('the migration to differences', () => {
  it('leaves the bits of every value as they were, before and after its part is written anew', async () => {
    await engine.command('TRUNCATE TABLE nightshift.samples');
    await engine.command('ALTER TABLE nightshift.samples MODIFY COLUMN value Float64 CODEC(Gorilla, ZSTD(1))');
    await engine.command(
      `INSERT INTO nightshift.samples SELECT number % 7, fromUnixTimestamp64Milli(toInt64(${START} + number), 'UTC'),
       reinterpretAsFloat64(sipHash64(number)) FROM numbers(10000)`,
    );
    const sum = () =>
      engine.query(
        'SELECT count() AS n, sum(cityHash64(id, time, reinterpretAsUInt64(value))) AS h FROM nightshift.samples',
      );
    const before = await sum();
    for (const statement of sampleCodec.statements) await engine.command(statement);
    expect(await sum()).toEqual(before);
    await engine.command('OPTIMIZE TABLE nightshift.samples FINAL');
    expect(await sum()).toEqual(before);
    const [row] = await engine.query<{ codec: string }>(
      "SELECT compression_codec AS codec FROM system.columns WHERE table = 'samples' AND database = 'nightshift' AND name = 'value'",
    );
    expect(row?.codec).toBe('CODEC(Delta(8), ZSTD(1))');
  });
});

describe('a block of the engine', () => {
  it('is refused where it ends early or has a column that is not known', () => {
    const column = (type: string, bytes: number[]) => [1, 0x61, type.length, ...Buffer.from(type), ...bytes];
    const whole = Uint8Array.of(1, 2, ...column('UInt8', [7, 9]));
    expect([...nativeBlocks(whole)].map(({ rows, columns }) => [rows, [...columns[0]!.bytes]])).toEqual([[2, [7, 9]]]);
    for (let length = 1; length < whole.length; length++) {
      expect(() => [...nativeBlocks(whole.subarray(0, length))]).toThrow();
    }
    expect(() => [...nativeBlocks(Uint8Array.of(1, 1, ...column('String', [0])))]).toThrow('a column of String');
  });
});

describe('the id of a series', () => {
  it('begins as those of all series of its metric do', () => {
    const index = new SeriesIndex();
    const idOf = (labels: Record<string, string>) => index.intern(new Map(Object.entries(labels))).id;
    const ids = [
      idOf({ __name__: 'a', x: '1' }),
      idOf({ __name__: 'a', x: '2' }),
      idOf({ A: '1', __name__: 'a', x: '1' }),
      idOf({ B: '__name__', __name__: 'a' }),
    ];
    expect(ids.map((id) => id >> 44n)).toEqual(new Array(4).fill(ids[0]! >> 44n));
    expect(new Set(ids).size).toBe(4);
    expect(idOf({ __name__: 'b', x: '1' }) >> 44n).not.toBe(ids[0]! >> 44n);
    expect(idOf({ x: '1' }) >> 44n).not.toBe(ids[0]! >> 44n);
  });
});

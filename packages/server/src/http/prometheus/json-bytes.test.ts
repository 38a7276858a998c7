import { formatSample } from '@nightshift/promql';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { JsonBytes } from './json-bytes.ts';

const value = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.tuple(fc.integer(), fc.integer({ min: 1, max: 9 })).map(([digits, decimals]) => digits / 10 ** decimals),
  fc.constantFrom(0, -0, 1e15, 1e15 - 1, 1e21, 1e-7, 0.0001, 0.1 + 0.2, Number.NaN, Number.POSITIVE_INFINITY, 99.99995),
);
const time = fc.oneof(
  fc.integer({ min: 0, max: 4e12 }),
  fc.integer({ min: -1e9, max: 1e9 }).map((seconds) => seconds * 1000),
  fc.maxSafeInteger(),
);

it('writes every sample as it is written otherwise', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.tuple(time, value), { maxLength: 20 }), { maxLength: 5 }), (lists) => {
      const bytes = new JsonBytes();
      let expected = '';
      for (const samples of lists) {
        const times = Float64Array.from(samples, ([at]) => at);
        bytes.samples(
          times,
          Float64Array.from(samples, ([, each]) => each),
        );
        // The second time it knows how they begin.
        bytes.samples(times, times);
        bytes.text('"é€😀"');
        const list = (all: readonly (readonly [number, number])[]) =>
          JSON.stringify(all.map(([at, each]) => [at / 1000, formatSample(each)]));
        expected += `${list(samples)}${list(samples.map(([at]) => [at, at]))}"é€😀"`;
      }
      expect(bytes.finish().toString()).toBe(expected);
    }),
    { numRuns: 2000 },
  );
});

it('grows with what is written', () => {
  const bytes = new JsonBytes();
  const times = Float64Array.from({ length: 10_000 }, (_, i) => i * 500);
  bytes.samples(times, times.map(Math.sqrt));
  const read = JSON.parse(bytes.finish().toString()) as [number, string][];
  expect(read.map(([at, text]) => [at * 1000, Number(text)])).toEqual(Array.from(times, (at) => [at, Math.sqrt(at)]));
});

it('writes texts as JSON does', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"', '\\', '\n', '\x7f', '\ud800', 'é'),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text)), (entries) => {
      const bytes = new JsonBytes();
      const texts = new Map(entries);
      bytes.object(texts);
      const parts = Array.from(texts, ([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)}`);
      expect(bytes.finish().toString()).toBe(`{${parts.join(',')}}`);
    }),
    { numRuns: 500 },
  );
});

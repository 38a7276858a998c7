import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CardinalityCount, type CountedSeries, serviceOf } from './cardinality-count.ts';

const word = fc.constantFrom('', 'a', 'b', 'c', 'é', 'x'.repeat(50));
const labels = fc
  .dictionary(fc.constantFrom('job', 'service', 'service_name', 'le', 'path', 'instance'), word, { maxKeys: 5 })
  .chain((others) => word.map((name) => new Map(Object.entries({ __name__: `m_${name}`, ...others }))));
const series: fc.Arbitrary<CountedSeries> = fc.record({
  labels,
  live: fc.boolean(),
  samplesPerSecond: fc.constantFrom(0, 0.25, 1),
  hour: fc.integer({ min: -1, max: 2 }),
});

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** How many there are of each. */
function tally(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

async function report(all: readonly CountedSeries[], limit: number) {
  const count = new CardinalityCount(3);
  for (const [number, one] of all.entries()) count.add(number, one);
  return count.report(
    limit,
    (number) => all[number]!.labels,
    async () => {},
  );
}

describe('a count of series', () => {
  it('equals one by brute force', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(series, { maxLength: 60 }), async (all) => {
        const found = await report(all, 1000);
        const of = (name: string) => all.filter((one) => one.labels.get('__name__') === name);
        expect(found.series).toBe(all.length);
        expect(found.live).toBe(all.filter(({ live }) => live).length);
        expect(found.samplesPerSecond).toBe(sum(all.map(({ samplesPerSecond }) => samplesPerSecond)));
        expect(found.newSeries).toEqual([0, 1, 2].map((hour) => all.filter((one) => one.hour === hour).length));
        const names = new Set(all.map((one) => one.labels.get('__name__')!));
        expect(found.metricNames).toBe(names.size);
        expect(found.metrics).toHaveLength(names.size);
        for (const metric of [...found.metrics, ...found.busiest, ...found.growing]) {
          const its = of(metric.name);
          expect(metric.series).toBe(its.length);
          expect(metric.live).toBe(its.filter(({ live }) => live).length);
          expect(metric.samplesPerSecond).toBe(sum(its.map((one) => one.samplesPerSecond)));
          expect(metric.newSeries).toEqual([0, 1, 2].map((hour) => its.filter((one) => one.hour === hour).length));
          for (const { name, values } of metric.labels) {
            const different = new Set(its.map((one) => one.labels.get(name)).filter((value) => value !== undefined));
            expect(values).toBe(different.size);
          }
          const owners = tally(its.map((one) => serviceOf(one.labels)));
          expect(metric.services).toBe(owners.size);
          expect(owners.get(metric.service)).toBe(Math.max(...owners.values()));
        }
        const pairs = tally(all.flatMap((one) => [...one.labels].map((pair) => JSON.stringify(pair))));
        expect(new Map(found.pairs.map(({ name, value, series: n }) => [JSON.stringify([name, value]), n]))).toEqual(
          pairs,
        );
        for (const { name, values, series: n, top } of found.labels) {
          const its = tally(all.flatMap((one) => one.labels.get(name) ?? []));
          expect([values, n]).toEqual([its.size, sum([...its.values()])]);
          for (const one of top) expect(one.series).toBe(its.get(one.value));
          expect(top[0]?.series).toBe(Math.max(...its.values()));
        }
        const owners = tally(all.map((one) => serviceOf(one.labels)));
        expect(new Map(found.services.map((one) => [one.service, one.series]))).toEqual(owners);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the largest of each list, as many as are asked for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(series, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), async (all, limit) => {
        const [some, whole] = [await report(all, limit), await report(all, 1000)];
        for (const list of ['metrics', 'busiest', 'growing', 'services', 'labels', 'pairs'] as const) {
          expect(some[list], list).toEqual(whole[list].slice(0, limit));
        }
        expect(some.series).toBe(whole.series);
      }),
      { numRuns: 200 },
    );
  });

  it('finds the largest among many values', async () => {
    const all = Array.from({ length: 20_000 }, (_, i) => ({
      labels: new Map([
        ['__name__', 'm'],
        ['user', i % 7 === 0 ? 'often' : `u${i}`],
      ]),
      ...{ live: true, samplesPerSecond: 0, hour: -1 },
    }));
    const { labels: found, metrics } = await report(all, 1);
    expect(found[0]).toMatchObject({
      name: 'user',
      values: 20_000 - 2858 + 1,
      top: [{ value: 'often', series: 2858 }, {}, {}, {}, {}],
    });
    expect(metrics[0]?.labels).toEqual([{ name: 'user', values: 20_000 - 2858 + 1 }]);
  });
});

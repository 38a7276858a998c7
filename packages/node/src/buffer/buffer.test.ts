import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGuard } from '../core/guard.ts';
import { type BufferOptions, createBuffer } from './buffer.ts';
import { Ring } from './ring.ts';
import { Sampler } from './sampler.ts';
import { noStatistics, statisticsOf } from './statistics.ts';

const quiet = () => createGuard(() => {});

function bufferWith(settings: Partial<BufferOptions['settings']> = {}, random: () => number = Math.random) {
  const clock = { time: 1_800_000_000_000 };
  const buffer = createBuffer({
    settings: {
      samplingRate: { default: 1 },
      samplingTarget: 0,
      samplingMinimum: 10,
      slowQueryThreshold: 1,
      bufferSize: 1000,
      ...settings,
    },
    guard: quiet(),
    now: () => clock.time,
    random,
  });
  return { buffer, clock };
}

/** Numbers that look random and are the same in every run (https://en.wikipedia.org/wiki/Xorshift). */
function seeded(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const operation = (name: string, seconds: number, failed = false) => ({ kind: 'database', name, seconds, failed });

describe('what is kept', () => {
  it('stands for all: count, failures and time are estimated without bias at any rate and any mix', () => {
    const mix = fc.record({
      rate: fc.double({ min: 0.05, max: 1, noNaN: true }),
      failing: fc.double({ min: 0, max: 0.3, noNaN: true }),
      perMinute: fc.integer({ min: 1, max: 400 }),
      minimumPerMinute: fc.integer({ min: 0, max: 20 }),
      seed: fc.integer({ min: 1, max: 2 ** 30 }),
    });
    fc.assert(
      fc.property(mix, ({ rate, failing, perMinute, minimumPerMinute, seed }) => {
        const random = seeded(seed);
        const true_ = { count: 0, failed: 0, seconds: 0 };
        const kept = { count: 0, failed: 0, seconds: 0 };
        // The variance of the estimate is known, and what is further away than six of its roots is a bias.
        const variance = { count: 0, seconds: 0 };
        const sampler = new Sampler({ rate, minimumPerMinute, random });
        for (let i = 0; i < 8000; i++) {
          const failed = random() < failing;
          const seconds = random() ** 4;
          const weight = sampler.weigh((i * 60_000) / perMinute, failed);
          true_.count++;
          true_.seconds += seconds;
          kept.count += weight;
          kept.seconds += weight * seconds;
          if (failed) {
            true_.failed++;
            kept.failed += weight;
          } else {
            variance.count += 1 / rate - 1;
            variance.seconds += (1 / rate - 1) * seconds ** 2;
          }
        }
        expect(kept.failed).toBe(true_.failed);
        expect(Math.abs(kept.count - true_.count)).toBeLessThanOrEqual(6 * Math.sqrt(variance.count) + 1e-6);
        expect(Math.abs(kept.seconds - true_.seconds)).toBeLessThanOrEqual(6 * Math.sqrt(variance.seconds) + 1e-6);
      }),
      { numRuns: 60 },
    );
  });

  it('is everything on a quiet service, whatever the rate', () => {
    const { buffer, clock } = bufferWith({ samplingRate: { default: 0.1 } }, () => 0.999);
    for (let minute = 0; minute < 30; minute++, clock.time += 60_000) {
      for (const name of ['SELECT users', 'INSERT links']) buffer.record(operation(name, 0.01));
    }
    const [database] = buffer.kinds();
    expect(database).toMatchObject({ kept: 60, recent: { count: 60 } });
    expect(database?.byName.map(({ name, count }) => [name, count])).toEqual([
      ['SELECT users', 30],
      ['INSERT links', 30],
    ]);
  });

  it('is a minimum of each minute, then the rate, and every failed and slow one', () => {
    const { buffer, clock } = bufferWith({ samplingRate: { default: 1, database: 0 } });
    for (let i = 0; i < 100; i++) buffer.record(operation('SELECT users', 0.01));
    expect(buffer.kinds()[0]).toMatchObject({ kept: 10, total: { count: 100 } });
    buffer.record(operation('SELECT users', 0.01, true));
    buffer.record(operation('SELECT users', 1));
    expect(buffer.kinds()[0]).toMatchObject({ kept: 12, total: { count: 102, failed: 1 } });
    clock.time += 60_000;
    buffer.record(operation('SELECT users', 0.01));
    expect(buffer.kinds()[0]?.kept).toBe(13);
  });

  it('follows a target: about so many a second when there are more, all when there are fewer', () => {
    const random = seeded(7);
    const sampler = new Sampler({ rate: 1, target: 10, minimumPerMinute: 0, random });
    const keptIn = (from: number, to: number, perSecond: number) => {
      let kept = 0;
      for (let i = from * perSecond; i < to * perSecond; i++) {
        if (sampler.weigh(Math.floor((i * 1000) / perSecond), false) > 0) kept++;
      }
      return kept / (to - from);
    };
    keptIn(0, 30, 1000);
    expect(keptIn(30, 90, 1000)).toBeGreaterThan(7);
    expect(keptIn(90, 150, 1000)).toBeLessThan(13);
    keptIn(150, 200, 5);
    expect(keptIn(200, 220, 5)).toBe(5);
  });

  it('is the last of its kind, as many as the buffer holds', () => {
    const { buffer } = bufferWith({ bufferSize: 8 });
    for (let i = 1; i <= 20; i++) buffer.record(operation('q', i / 100));
    expect(buffer.kinds()[0]?.recent).toMatchObject({ count: 8, minimum: 0.13, maximum: 0.2 });
  });

  it('has the text of what failed or was slow, and an error in making the text harms nothing', () => {
    const { buffer } = bufferWith();
    let asked = 0;
    const detail = () => {
      asked++;
      return 'SELECT ?';
    };
    buffer.record({ ...operation('fast', 0.1), detail });
    expect(asked).toBe(0);
    buffer.record({ ...operation('slow', 2), detail });
    const bad = () => {
      throw new Error('no text');
    };
    buffer.record({ ...operation('bad', 3, true), detail: bad });
    expect(buffer.kinds()[0]?.notable.map(({ name, detail }) => [name, detail])).toEqual([
      ['bad', ''],
      ['slow', 'SELECT ?'],
    ]);
  });

  it('bounds the kinds', () => {
    const { buffer } = bufferWith({ bufferSize: 2 });
    for (let i = 0; i < 500; i++) buffer.record({ kind: `kind ${i}`, name: 'x', seconds: 1, failed: false });
    const kinds = buffer.kinds();
    expect(kinds).toHaveLength(65);
    expect(kinds.find(({ kind }) => kind === 'other')?.total.count).toBe(500 - 64);
  });
});

describe('statistics', () => {
  it('are those of the repeated values where weights are whole', () => {
    const one = fc.record({
      seconds: fc.double({ min: 0, max: 100, noNaN: true }),
      weight: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 60 }), (operations) => {
        const ring = new Ring(100);
        for (const { seconds, weight } of operations) ring.add('x', seconds, 5, weight, false);
        const all = operations
          .flatMap(({ seconds, weight }) => Array<number>(weight).fill(seconds))
          .sort((a, b) => a - b);
        const found = statisticsOf(ring);
        const at = (q: number) => all[Math.max(0, Math.ceil(q * all.length - 1e-6) - 1)];
        expect(found).toMatchObject({ count: all.length, minimum: all[0], maximum: all.at(-1), since: 5 });
        expect(found.average).toBeCloseTo(all.reduce((sum, value) => sum + value, 0) / all.length, 6);
        expect([found.p50, found.p95, found.p99]).toEqual([at(0.5), at(0.95), at(0.99)]);
      }),
    );
  });

  it('are zero of nothing', () => {
    expect(statisticsOf(new Ring(5))).toEqual(noStatistics);
  });
});

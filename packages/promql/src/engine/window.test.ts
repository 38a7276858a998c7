import { expect, it } from 'vitest';
import type { SeriesSource } from '../source.ts';
import { createEvaluator } from './evaluator.ts';

const SECOND = 1000;

/** One series with a sample every second. */
function longSeries(samples: number): SeriesSource {
  const labels = new Map([['__name__', 'x']]);
  const timestamps = Float64Array.from({ length: samples }, (_, i) => i * SECOND);
  return { select: async () => [{ labels, timestamps, values: timestamps }] };
}

it('asks within one series whether the query is to go on, and stops when it is not', async () => {
  const samples = 20_000;
  const evaluator = createEvaluator(longSeries(samples));
  const end = samples * SECOND;
  const ask = async (most: number) => {
    let asked = 0;
    const checkpoint = {
      check() {
        asked++;
        if (asked > most) throw new Error('out of time');
      },
    };
    const query = evaluator.range('max_over_time(x[4h])', end - 1000 * SECOND, end, SECOND, { checkpoint });
    const outcome = await query.then(
      () => 'finished',
      (error: Error) => error.message,
    );
    return { asked, outcome };
  };
  // 14 million samples are seen, a million or so between two questions.
  const whole = await ask(Number.POSITIVE_INFINITY);
  expect(whole.outcome).toBe('finished');
  expect(whole.asked).toBeGreaterThan(12);
  const cut = await ask(whole.asked - 6);
  expect(cut).toEqual({ asked: whole.asked - 5, outcome: 'out of time' });
});

it('lets others have their turn within one series', async () => {
  let turns = 0;
  const checkpoint = {
    check() {},
    async pause() {
      turns++;
    },
  };
  await createEvaluator(longSeries(20_000)).range('max_over_time(x[4h])', 19e6, 20e6, SECOND, { checkpoint });
  expect(turns).toBeGreaterThan(12);
});

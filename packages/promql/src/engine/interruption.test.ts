import { describe, expect, it } from 'vitest';
import type { SeriesData } from '../source.ts';
import { createEvaluator } from './evaluator.ts';

const COUNT = 1600;

const named = (name: string): SeriesData[] =>
  Array.from({ length: COUNT }, (_, i) => ({
    labels: new Map([
      ['__name__', name],
      ['i', String(i)],
    ]),
    timestamps: Float64Array.of(0, 60_000),
    values: Float64Array.of(i, i + 1),
  }));

const all = new Map(['a', 'b'].map((name) => [name, named(name)]));
const evaluator = createEvaluator(
  { select: async ({ matchers }) => all.get(matchers[0]!.value) ?? [] },
  { features: { experimentalFunctions: true, fillModifiers: true } },
);

/** Checks beside those of what is handed out. */
async function checksOf(query: string, endAfter = Number.POSITIVE_INFINITY): Promise<number> {
  let checks = 0;
  const check = () => {
    if (++checks > endAfter) throw new Error('ended');
  };
  const result = await evaluator.range(query, 0, 60_000, 60_000, { checkpoint: { check } });
  const handedOut = result.resultType === 'matrix' ? result.series.length : 0;
  return checks - (2 * handedOut) / 16;
}

/** One of 16 series, but for what is rounded and for other checks. */
const ONCE = COUNT / 16 - 5;

describe('what follows the selectors', () => {
  it.each([
    'sum by (i) (-a)',
    'avg(-a)',
    'stddev(-a)',
    'max(-a)',
    'count(-a)',
    'quantile by (i) (0.5, -a)',
    'topk by (i) (1, -a)',
    'limitk by (i) (1, -a)',
    'limit_ratio(0.5, -a)',
    'count_values("v", -a)',
    '-a > 5',
    'abs(-a)',
    'clamp(-a, 0, 1)',
    'hour(-a)',
    'scalar(-a)',
    'absent(-a)',
    'label_replace(-a, "x", "$1", "i", "(.*)")',
    'label_join(-a, "x", "", "i")',
    'last_over_time((-a)[1m:1m])',
  ])('%s can be ended while it works, too', async (query) => {
    expect((await checksOf(query)) - (await checksOf('-a'))).toBeGreaterThan(ONCE);
  });

  it.each([
    'a + b',
    'a + on (i) group_left b',
    'a + fill (0) b',
    'a == b',
    'a and b',
    'a or b',
    'a unless b',
  ])('%s can be ended while it works, too', async (query) => {
    const selecting = (await checksOf('a')) + (await checksOf('b'));
    expect((await checksOf(query)) - selecting).toBeGreaterThanOrEqual(COUNT / 16);
  });

  it('ends with what the check throws', async () => {
    await expect(checksOf('quantile by (i) (0.5, a)', COUNT / 64)).rejects.toThrow('ended');
  });
});

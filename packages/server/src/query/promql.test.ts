import { setTimeout as sleep } from 'node:timers/promises';
import { RollupRows, rollUp, type SelectRequest, type SeriesData, type SeriesSource } from '@nightshift/promql';
import { describe, expect, it } from 'vitest';
import { createMetricQueries, type QuerySettings } from './promql.ts';

/** `count` series, each with 1,000 samples a second apart from 1 s on; the budget is asked as the store asks it. */
function samples(count: number): SeriesSource & { loaded: number } {
  const timestamps = Float64Array.from({ length: 1000 }, (_, i) => (i + 1) * 1000);
  const source = {
    loaded: 0,
    async select({ budget }: SelectRequest): Promise<SeriesData[]> {
      budget?.series(count);
      return Array.from({ length: count }, (_, i) => {
        budget?.samples(timestamps.length);
        source.loaded++;
        const labels = new Map([
          ['__name__', 'x'],
          ['i', String(i)],
        ]);
        return { labels, timestamps, values: timestamps };
      });
    },
  };
  return source;
}

const settings = { timeoutMs: 60_000, maxSamples: 1e9, lookbackMs: 300_000 };
const queries = (source: SeriesSource, own: Partial<QuerySettings> = {}) =>
  createMetricQueries(source, { ...settings, ...own });
const range = { start: 1_000_000, end: 1_100_000, step: 1000 };

/** Sorts a window of 100,000 samples at every one of 11,000 steps: minutes of work in one series. */
const endless = 'quantile_over_time(0.5, vector(time())[100000s:1s])';
const long = { start: 0, end: 11_000_000, step: 1000 };

describe('a limit of a query', () => {
  it.each<[string, Partial<QuerySettings>, string, RegExp]>([
    [
      'samples',
      { maxSamples: 50 },
      'sum(x)',
      /^query processing would load too many samples into memory in query execution: it wanted [\d,]+ samples or more, the limit is 50 \(query\.maxSamples\)\. .*raise query\.maxSamples in the configuration\.$/,
    ],
    [
      'selectors',
      { maxSelectors: 3 },
      'x + x + x + x',
      /^query has too many selectors: it wanted 4 selectors or more, the limit is 3 \(query\.maxSelectors\)\. Ask in several queries, or raise query\.maxSelectors in the configuration\.$/,
    ],
    ['series', { maxSeries: 5 }, 'x', /would read too many series: it wanted 10 series .* 5 \(query\.maxSeries\)/],
    [
      'memory',
      { maxBytes: 50_000 },
      'x',
      /would take too much memory: it wanted 64,000 bytes .* 50,000 \(query\.maxBytes\)/,
    ],
    [
      'points',
      { maxPoints: 99 },
      'x',
      /^exceeded maximum resolution of 99 points per timeseries\. Try decreasing .* It wanted 100 points, the limit is 99 \(query\.maxPoints\)/,
    ],
    [
      'time',
      { timeoutMs: 50 },
      endless,
      /it took longer than 0\.05 s, the limit \(query\.timeout\).*raise query\.timeout/,
    ],
  ])('of %s is named, with what was wanted and the key that raises it', async (_what, own, query, message) => {
    const asked = queries(samples(10), own).range(query, range);
    await expect(asked).rejects.toMatchObject({
      code: 'QUERY_LIMIT',
      status: 422,
      message: expect.stringMatching(message),
    });
  });

  it('ends a query while it loads', async () => {
    const source = samples(1000);
    await expect(queries(source, { maxBytes: 160_000 }).instant('x', 1_000_000)).rejects.toMatchObject({ status: 422 });
    expect(source.loaded).toBe(10);
    const other = samples(1000);
    await expect(queries(other, { maxSeries: 999 }).instant('x', 1_000_000)).rejects.toMatchObject({ status: 422 });
    expect(other.loaded).toBe(0);
  });

  it('of the memory of all together is a matter of trying again', async () => {
    const shared = queries(samples(10), { maxTotalBytes: 400_000 });
    const sum = () => shared.range('sum(rate(x[5m]))', range);
    await sum();
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, sum));
    const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as object] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(6);
    expect(refused[0]).toMatchObject({ code: 'QUERY_MEMORY', status: 503, retryAfter: 1 });
    // All of it is free again.
    await sum();
  });

  it('counts what is held, not what was ever held', async () => {
    const sum = Array.from({ length: 50 }, () => 'sum(x)').join(' + ');
    const result = await queries(samples(10), { maxBytes: 400_000 }).range(sum, range);
    expect(result.resultType === 'matrix' && result.series[0]?.values[0]).toBe(50 * 10 * 1_000_000);
  });
});

describe('a query', () => {
  it('ends within its own time although it computes without a pause', async () => {
    const from = Date.now();
    const asked = queries(samples(1)).range(endless, long, { timeoutMs: 100 });
    await expect(asked).rejects.toMatchObject({
      code: 'QUERY_TIMEOUT',
      status: 503,
      message: /the request allowed 0\.1 s/,
    });
    expect(Date.now() - from).toBeLessThan(2000);
  });

  it('lets others have their turn while it computes', async () => {
    const controller = new AbortController();
    const asked = queries(samples(1))
      .range(endless, long, { signal: controller.signal })
      .catch((error: unknown) => error);
    let longest = 0;
    for (let turn = 0, last = performance.now(); turn < 10; turn++) {
      await sleep(1);
      const at = performance.now();
      // The first turn has to wait until the subquery is made.
      if (turn > 0) longest = Math.max(longest, at - last);
      last = at;
    }
    controller.abort();
    expect(await asked).toMatchObject({ code: 'QUERY_CANCELED', status: 499 });
    expect(longest).toBeLessThan(500);
  });

  it('whose client is gone aborts what the store does for it', async () => {
    const controller = new AbortController();
    const waiting: SeriesSource = {
      select: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('the store was told')), { once: true });
        }),
    };
    const asked = queries(waiting).instant('x', 0, { signal: controller.signal });
    setTimeout(() => controller.abort(), 10);
    await expect(asked).rejects.toMatchObject({ code: 'QUERY_CANCELED' });
    await expect(queries(waiting, { timeoutMs: 20 }).instant('x', 0)).rejects.toMatchObject({ code: 'QUERY_LIMIT' });
  });

  it('waits for its turn, and for no longer than its time', async () => {
    let going = 0;
    let most = 0;
    const counting: SeriesSource = {
      async select() {
        most = Math.max(most, ++going);
        await sleep(20);
        going--;
        return [];
      },
    };
    const two = queries(counting, { maxConcurrent: 2 });
    const answers = await Promise.all(Array.from({ length: 6 }, () => two.instant('x', 0)));
    expect(most).toBe(2);
    expect(Math.max(...answers.map(({ timings }) => timings.queue))).toBeGreaterThan(20);
    const asked = Array.from({ length: 20 }, () =>
      two.instant('x', 0, { timeoutMs: 50 }).then(
        () => 'answered',
        ({ code }) => code as string,
      ),
    );
    const outcomes = new Set(await Promise.all(asked));
    expect([...outcomes].sort()).toEqual(['QUERY_TIMEOUT', 'answered']);
    expect((await two.instant('x', 0)).resultType).toBe('vector');
  });

  it('says how long it took and what it looked at', async () => {
    const { statistics, timings } = await queries(samples(2)).range('x', range, { statistics: true });
    expect(statistics).toMatchObject({ total: 202, peak: 202 });
    expect(timings.evaluation).toBeGreaterThanOrEqual(timings.load);
  });

  it('knows the features that are switched on, by their names in Prometheus', async () => {
    const query = 'mad_over_time(x[5m])';
    await expect(queries(samples(1)).instant(query, 1_000_000)).rejects.toThrow(/mad_over_time/);
    const on = queries(samples(1), { features: ['promql-experimental-functions'] });
    expect(await on.instant(query, 1_000_000)).toMatchObject({ samples: [{ value: 75_000 }] });
  });
});

it('a query reads the roll-ups of its source, within its limits', async () => {
  const hour = 3_600_000;
  const source: SeriesSource = {
    select: async () => [],
    rollups: () => async (budget) => {
      budget.samples(1, 100);
      const rows = new RollupRows();
      rollUp(Float64Array.of(hour - 1), Float64Array.of(7), hour, rows);
      return [{ labels: new Map([['__name__', 'x']]), rollups: rows.slice(0, rows.length) }];
    },
  };
  const hours = { start: hour, end: hour, step: hour };
  const answer = await queries(source).range('max_over_time(x[1h])', hours);
  expect(answer).toMatchObject({ series: [{ values: Float64Array.of(7) }] });
  expect(answer.timings.load).toBeGreaterThan(0);
  await expect(queries(source, { maxBytes: 50 }).range('max_over_time(x[1h])', hours)).rejects.toMatchObject({
    message: expect.stringContaining('query.maxBytes'),
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGuard } from '../core/guard.ts';
import { createMeters } from '../metrics/prom-meters.ts';
import { durationsOf } from './durations.ts';
import { History, POINT_MS } from './history.ts';
import { createHttpReader, OTHER_ROUTES } from './http-counts.ts';

const RUNTIME = { delayP99: 1, delayMaximum: 2, utilization: 0.5, rss: 1e8, heapUsed: 5e7 };

function made() {
  const meters = createMeters(createGuard(() => {}));
  const took = meters.histogram({
    name: 'http_request_duration_seconds',
    help: 'D.',
    labels: ['route', 'method', 'status'],
    buckets: [0.1, 1],
  });
  const clock = { time: 1_800_000_000_000 };
  const total = { count: 0, failed: 0, seconds: 0 };
  const history = new History({
    http: createHttpReader(meters.registry),
    totals: () => [{ kind: 'database', total: { ...total } }],
    runtime: () => RUNTIME,
    now: () => clock.time,
  });
  const request = (route: string, status = '200', seconds = 0.05) => took.observe([route, 'GET', status], seconds);
  const tick = (times = 1) => {
    for (let i = 0; i < times; i++) {
      clock.time += POINT_MS;
      history.tick();
    }
  };
  return { history, request, tick, clock, total, meters };
}

describe('the history', () => {
  it('has the rates of each five seconds, and knows nothing of what was before it', () => {
    const { request, history, tick, total } = made();
    for (let i = 0; i < 10; i++) request('/');
    request('/', '503', 5);
    total.count = 20;
    tick();
    tick();
    const points = history.points(5);
    expect(points.requestRate).toEqual([2.2, 0]);
    expect(points.failureRate).toEqual([0.2, 0]);
    expect(points.p50).toEqual([0.055, null]);
    expect(points.p99).toEqual([1, null]);
    expect(points.kinds.database).toEqual([4, 0]);
    expect(points.rss).toEqual([1e8, 1e8]);
  });

  it('divides by the time that passed, also when the timer was late', () => {
    const { request, history, clock } = made();
    for (let i = 0; i < 100; i++) request('/');
    clock.time += 20_000;
    history.tick();
    expect(history.points(5).requestRate).toEqual([5]);
  });

  it('counts by route over the very time of its points, for as long as it goes on', () => {
    const { request, history, tick, total } = made();
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 500, size: 'max' }), (counts) => {
        for (const count of counts) {
          for (let i = 0; i < count; i++) request(i % 2 === 0 ? '/even' : '/odd', i === 3 ? '500' : '200');
          total.count += count;
          tick();
        }
        for (const minutes of [5, 15, 30]) {
          const { requestRate, failureRate, kinds, times } = history.points(minutes);
          const sum = (rates: readonly number[] = []) =>
            Math.round(rates.reduce((all, rate) => all + (rate * POINT_MS) / 1000, 0));
          const { all, routes } = history.routesOf(minutes)!;
          expect(times.length).toBeLessThanOrEqual(minutes * 12 + 5);
          expect(history.spanOf(minutes)).toBe(times.length * POINT_MS);
          expect(all.count).toBe(sum(requestRate));
          expect(all.failed).toBe(sum(failureRate));
          expect(routes.reduce((count, route) => count + route.count, 0)).toBe(all.count);
          expect(sum(kinds.database)).toBe(all.count);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('forgets routes that nobody asks for any more, and tells a bounded number of them apart', () => {
    const { request, history, tick } = made();
    request('/once');
    tick(6);
    expect(history.routesOf(5)!.routes.map(({ name }) => name)).toEqual(['GET /once']);
    tick(80);
    expect(history.routesOf(5)!.routes).toEqual([]);
    for (let i = 0; i < 1500; i++) request(`/${i}`);
    tick();
    const { routes, all } = history.routesOf(5)!;
    expect([routes.length, all.count]).toEqual([200, 1500]);
    expect(routes[0]).toMatchObject({ name: OTHER_ROUTES, count: 1301 });
  });
});

describe('durations', () => {
  it('lie within the bucket in which the exact quantile lies', () => {
    const bounds = [0.1, 0.5, 1, 5];
    const seconds = fc.double({ min: 0.001, max: 8, noNaN: true });
    fc.assert(
      fc.property(fc.array(seconds, { minLength: 1, maxLength: 100, size: 'max' }), (values) => {
        const row = new Float64Array(bounds.length + 2);
        const bucketOf = (value: number) => {
          const found = bounds.findIndex((bound) => value <= bound);
          return found < 0 ? bounds.length : found;
        };
        for (const value of values) row[bucketOf(value)]!++;
        const found = durationsOf(row, bounds);
        expect(found.count).toBe(values.length);
        const sorted = values.toSorted((a, b) => a - b);
        for (const [q, estimate] of [
          [0.5, found.p50],
          [0.95, found.p95],
          [0.99, found.p99],
        ] as const) {
          const exact = sorted[Math.ceil(q * sorted.length - 1e-9) - 1]!;
          expect(bucketOf(estimate!)).toBe(Math.min(bucketOf(exact), bounds.length - 1));
        }
      }),
    );
  });
});

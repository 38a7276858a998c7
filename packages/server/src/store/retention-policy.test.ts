import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DAY_MS,
  dayOf,
  endOf,
  groupChooser,
  groupsOf,
  type MetricRetention,
  planRetention,
  showDay,
} from './retention-policy.ts';

const name = (value: string) => [{ name: '__name__', op: '=~', value } as const];
const policy: MetricRetention = {
  rules: [
    { match: 'debug_slo_.*', matchers: name('debug_slo_.*'), keepMs: 0 },
    { match: 'debug_.*', matchers: name('debug_.*'), keepMs: 2 * DAY_MS },
    { match: 'slo_.*', matchers: name('slo_.*'), keepMs: 365 * DAY_MS },
  ],
  defaultMs: 30 * DAY_MS,
};
const groups = groupsOf(policy);

describe('the rule of a series', () => {
  it.each([
    ['debug_slo_x', 0],
    ['debug_x', 1],
    ['slo_x', 2],
    ['xdebug_', 3],
    ['', 3],
  ])('of %s is the first that matches, else the default', (metric, group) => {
    expect(groupChooser(policy)(new Map([['__name__', metric]]))).toBe(group);
  });
});

describe('a plan', () => {
  const noon = Date.UTC(2026, 5, 10, 12);

  it('clears what is shorter, drops nothing that a longer rule keeps, and says when the next day is due', () => {
    const days = [20260401, 20260606, 20260607, 20260608, 20260609, 20260610];
    expect(planRetention(days, groups, noon)).toEqual({
      drop: [],
      clear: [
        { day: 20260401, groups: [1, 3] },
        { day: 20260606, groups: [1] },
        { day: 20260607, groups: [1] },
      ],
      nextAt: Date.UTC(2026, 5, 11),
    });
  });

  it('drops whole days when no rule keeps anything of them', () => {
    const plain = groupsOf({ rules: [], defaultMs: DAY_MS });
    expect(planRetention([20260608, 20260609], plain, noon)).toEqual({
      drop: [20260608],
      clear: [],
      nextAt: Date.UTC(2026, 5, 11),
    });
    expect(planRetention([20200101], groupsOf({ rules: [], defaultMs: 0 }), noon)).toEqual({
      ...{ drop: [], clear: [], nextAt: null },
    });
  });

  it('never takes a sample that is younger than its group is kept, and takes every one that is older by a day', () => {
    const keep = fc.constantFrom(0, 3_600_000, DAY_MS, 2.5 * DAY_MS, 40 * DAY_MS);
    const time = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2028, 0, 1) });
    fc.assert(
      fc.property(fc.array(keep, { minLength: 1, maxLength: 4 }), time, time, fc.nat(3), (keeps, at, now, which) => {
        const all = keeps.map((keepMs, i) => ({ match: String(i), keepMs }));
        const group = which % all.length;
        const day = dayOf(at);
        const { drop, clear } = planRetention([day], all, now);
        const gone = drop.includes(day) || clear.some((one) => one.day === day && one.groups.includes(group));
        const { keepMs } = all[group]!;
        if (keepMs === 0 || now - at < keepMs) expect(gone).toBe(false);
        else if (now - at >= keepMs + DAY_MS) expect(gone).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('names days as the partitions are named', () => {
    expect([dayOf(noon), endOf(20260610), showDay(20260610)]).toEqual([20260610, Date.UTC(2026, 5, 11), '2026-06-10']);
  });
});

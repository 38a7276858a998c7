import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createEvaluator } from '../engine/evaluator.ts';
import { DEFAULT_FEATURES, SCRIPT_FEATURES } from '../features.ts';
import { parse } from '../parser/parse.ts';
import type { Pushdown, SelectRequest } from '../source.ts';
import { type PlanGrid, type PlannedSelect, type PlanSettings, planSelects } from './plan.ts';

const SETTINGS: PlanSettings = { lookbackMs: 300_000, subqueryStepMs: 60_000, features: DEFAULT_FEATURES };
const HOUR: PlanGrid = { start: 3_600_000, step: 60_000, count: 61 };

function plan(query: string, grid = HOUR, settings = SETTINGS): PlannedSelect[] {
  return [...planSelects(parse(query, SCRIPT_FEATURES), grid, settings).values()];
}

function pushdown(query: string, settings = SETTINGS): Pushdown | undefined {
  return plan(query, HOUR, settings)[0]!.pushdown;
}

it('names what a selector needs', () => {
  expect(plan('sum by (job) (rate(up{a="b"}[5m] offset 1m))')).toEqual([
    {
      matchers: [
        { name: 'a', op: '=', value: 'b' },
        { name: '__name__', op: '=', value: 'up' },
      ],
      start: 3_600_000 - 60_000 - 300_000 + 1,
      end: 7_200_000 - 60_000,
      step: 60_000,
      func: 'rate',
      range: 300_000,
      grouping: [],
      by: false,
      pushdown: { func: 'rate', range: 300_000, aggregation: { op: 'sum', by: true, grouping: ['job'] } },
      rollup: {
        columns: ['firstTimes', 'lastTimes', 'firsts', 'lasts', 'counts', 'flags'],
        edges: 60_000,
        range: 300_000,
        step: 60_000,
        phase: 3_600_000 - 60_000,
      },
    },
  ]);
});

it('has an entry for every selector, also where two are alike', () => {
  expect(plan('up / up + scalar(down)')).toHaveLength(3);
});

it('leaves out the matchers of info, which it asks for later', () => {
  expect(plan('info(up, {version=~".+"})').map(({ func }) => func)).toEqual(['info']);
});

it('resolves durations that depend on the query', () => {
  expect(plan('rate(up[step() * 5])')[0]).toMatchObject({ range: 300_000, start: 3_600_000 - 300_000 + 1 });
});

it('reaches to the end of a query that is past its last step', () => {
  expect(plan('up', { ...HOUR, end: 7_230_000 })[0]).toMatchObject({ end: 7_230_000 });
});

it('reaches beyond the range of extended selectors', () => {
  expect(plan('rate(up[5m] anchored)')[0]).toMatchObject({ start: 3_000_001, end: 7_200_000, range: 300_000 });
  expect(plan('rate(up[5m] smoothed)')[0]).toMatchObject({ start: 3_000_001, end: 7_500_000 });
  expect(plan('up smoothed')[0]).toMatchObject({ start: 3_300_001, end: 7_500_000, range: 0 });
});

describe('what a store may compute itself', () => {
  it.each<[string, Pushdown]>([
    ['rate(up[1m])', { func: 'rate', range: 60_000 }],
    ['(max_over_time((up[1m])))', { func: 'max_over_time', range: 60_000 }],
    ['sum(up)', { func: '', range: 300_000, aggregation: { op: 'sum', by: true, grouping: [] } }],
    ['count without (a) (up)', { func: '', range: 300_000, aggregation: { op: 'count', by: false, grouping: ['a'] } }],
    [
      'max(increase(up[1m])) > 3',
      { func: 'increase', range: 60_000, aggregation: { op: 'max', by: true, grouping: [] } },
    ],
    ['topk(3, rate(up[1m]))', { func: 'rate', range: 60_000 }],
  ])('%s: %j', (query, expected) => {
    expect(pushdown(query)).toEqual(expected);
  });

  it.each([
    'up',
    'up[1m]',
    'abs(up)',
    'topk(3, up)',
    'sum(-up)',
    'sum(up @ 100)',
    'rate(up[1m] @ end())',
    'sum_over_time(sum(up)[10m:1m])',
    'rate(up[1m:10s])',
    'rate(up[1m] smoothed)',
    'quantile_over_time(0.5, up[1m])',
    'absent_over_time(up[1m])',
    'sum by (__name__) (up)',
  ])('nothing of %s', (query) => {
    const grid = query === 'up[1m]' ? { start: 0, step: 0, count: 1 } : HOUR;
    expect(plan(query, grid)[0]!.pushdown).toBeUndefined();
  });

  it('no counters where start timestamps count', () => {
    const settings = { ...SETTINGS, features: { startTimestamps: true } };
    expect(pushdown('rate(up[1m])', settings)).toBeUndefined();
    expect(pushdown('max_over_time(up[1m])', settings)).toBeDefined();
  });
});

it('a query asks its source for what was planned, and for nothing else', async () => {
  const asked: SelectRequest[] = [];
  const source = {
    select: async (request: SelectRequest) => {
      asked.push(request);
      return [];
    },
  };
  const query = 'sum(rate(up[5m])) / scalar(sum_over_time(down[10m:1m] @ 100)) or max(up offset 1h)';
  await createEvaluator(source).range(query, 3_600_000, 7_200_000, 60_000);
  const planned = plan(query, { ...HOUR, end: 7_200_000 });
  expect(asked.map(({ budget: _, signal: __, ...request }) => request)).toEqual(planned);
});

const TABLES = '../shared/conformance/prometheus/curated/engine_tables.json';

interface Hints {
  readonly Start: number;
  readonly End: number;
  readonly Step?: number;
  readonly Func?: string;
  readonly Range?: number;
  readonly By?: boolean;
  readonly Grouping?: readonly string[];
}

interface HintCase {
  readonly query: string;
  readonly start?: number;
  readonly end?: number;
  readonly expected: readonly Hints[];
}

function hintCases(): readonly HintCase[] {
  if (!existsSync(TABLES)) return [];
  const tables = JSON.parse(readFileSync(TABLES, 'utf8')) as { func: string; cases: HintCase[] }[];
  return tables.find(({ func }) => func === 'TestSelectHintsSetCorrectly')!.cases;
}

describe.skipIf(!existsSync(TABLES))("the hints that Prometheus' storage gets", () => {
  it.each(hintCases().map((each) => [each.query, each.start ?? 0, each] as const))('%s at %i', (query, start, each) => {
    const { end } = each;
    const grid =
      end === undefined ? { start, step: 0, count: 1 } : { start, end, step: 1000, count: (end - start) / 1000 + 1 };
    const hints = plan(query, grid, { ...SETTINGS, lookbackMs: 5000 }).map((request) => ({
      Start: request.start,
      End: request.end,
      ...(request.step > 0 ? { Step: request.step } : {}),
      ...(request.func === '' ? {} : { Func: request.func }),
      ...(request.range > 0 ? { Range: request.range } : {}),
      ...(request.by ? { By: true } : {}),
      ...(request.grouping.length > 0 ? { Grouping: request.grouping } : {}),
    }));
    expect(hints).toEqual(each.expected);
  });
});

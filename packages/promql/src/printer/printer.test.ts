import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCRIPT_FEATURES } from '../features.ts';
import { arbitraryExpr, arbitraryQuery } from '../parser/arbitrary.ts';
import type { Expr } from '../parser/ast.ts';
import { parse } from '../parser/parse.ts';
import { toApiAst } from './apiAst.ts';
import { formatExpr } from './format.ts';
import { prettyPrint } from './pretty.ts';

const FOLDER = '../shared/conformance/prometheus/curated';
const all = (query: string) => parse(query, SCRIPT_FEATURES);

interface Group {
  readonly func: string;
  readonly cases: readonly (string | { in?: string; out?: string; input?: string; expected?: string })[];
}

/** Input and expected text of those cases that are queries. */
function casesOf(file: string): [input: string, output: string][] {
  const path = `${FOLDER}/${file}`;
  if (!existsSync(path)) return [];
  return (JSON.parse(readFileSync(path, 'utf8')) as Group[])
    .filter(({ func }) => func.startsWith('Test'))
    .flatMap(({ cases }) => cases)
    .flatMap((each) => {
      const input = typeof each === 'string' ? each : (each.in ?? each.input);
      if (input === undefined) return [];
      const output = typeof each === 'string' ? input : (each.out ?? each.expected ?? input);
      return [[input, output] as [string, string]];
    });
}

describe.skipIf(!existsSync(FOLDER))(`Prometheus' own printer cases (skipped if ${FOLDER} is missing)`, () => {
  it.each(casesOf('promql_printer_cases.json'))('formats %j as %j', (input, output) => {
    expect(formatExpr(all(input))).toBe(output);
  });

  it.each(casesOf('promql_prettier_cases.json'))('prettifies %j', (input, output) => {
    expect(prettyPrint(all(input), 10)).toBe(output);
  });

  it('are not a few', () => {
    expect(casesOf('promql_printer_cases.json').length).toBeGreaterThan(80);
    expect(casesOf('promql_prettier_cases.json').length).toBeGreaterThan(50);
  });
});

/** A tree without what printing does not keep: places, the order of matchers, a plus sign. */
function essence(expr: Expr): unknown {
  return JSON.parse(
    JSON.stringify(expr, (key, value: unknown) => {
      if (key === 'span') return undefined;
      if (key === 'matchers') return (value as { name: string }[]).map((each) => JSON.stringify(each)).sort();
      return Object.is(value, -0) ? '-0' : value;
    }),
  );
}

describe('formatExpr', () => {
  it('writes what parses as the same tree', () => {
    fc.assert(
      fc.property(arbitraryExpr, (expr) => {
        expect(essence(all(formatExpr(expr)))).toEqual(essence(expr));
      }),
      { numRuns: 1000 },
    );
  }, 60_000);

  it('writes its own output again', () => {
    fc.assert(
      fc.property(arbitraryQuery, (query) => {
        const text = formatExpr(all(query));
        expect(formatExpr(all(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it.each([
    ['SUM(x) BY (a,"b.c")', 'sum by (a, "b.c") (x)'],
    ['{b="1", a=~"2", "up"}', '{__name__="up",a=~"2",b="1"}'],
    ['x + on() 1', 'x + 1'],
    ['info(x, {})', 'info(x, {})'],
    ['x offset 3600 @ 1e9', 'x @ 1000000000.000 offset 1h'],
    ['x[90d:12w]', 'x[90d:12w]'],
    ['19ms + 1e-7', '19ms + 0.0000001'],
    ['x + fill(1e21) y', 'x + fill (1e+21) y'],
    ['"\\ufffd\\x00\\u200b"', '"\\ufffd\\x00\\u200b"'],
  ])('writes %s as %s', (query, text) => {
    expect(formatExpr(all(query))).toBe(text);
  });

  it.each([
    ['x offset --5m + 1', 'x offset (5m + 1)'],
    ['x offset (5m) @ 1 + y', 'x @ 1.000 offset +(5m) + y'],
    ['x offset (5m) @ 1 == y', 'x @ 1.000 offset (5m) == y'],
    ['-x offset (step()) @ 1 ^ 2', '-x @ 1.000 offset +(step()) ^ 2'],
  ])('closes an offset that would go on over what follows: %s', (query, text) => {
    expect(formatExpr(all(query))).toBe(text);
  });
});

describe('prettyPrint', () => {
  it('writes what parses as the same tree, and its own output again, at any width', () => {
    fc.assert(
      fc.property(arbitraryExpr, fc.integer({ min: 1, max: 120 }), (expr, width) => {
        const text = prettyPrint(expr, width);
        expect(essence(all(text))).toEqual(essence(expr));
        expect(prettyPrint(all(text), width)).toBe(text);
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it('leaves alone what fits on a line of a hundred bytes', () => {
    expect(prettyPrint(all(`x{a="${'b'.repeat(93)}"} + y`))).toContain('\n');
    expect(prettyPrint(all(`x{a="${'b'.repeat(88)}"} + y`))).not.toContain('\n');
    expect(prettyPrint(all(`x{a="${'ä'.repeat(47)}"} + y`))).toContain('\n');
  });
});

describe('toApiAst', () => {
  it('has the fields of the HTTP API', () => {
    expect(toApiAst(all('sum by (a) (rate(x{b!="c"}[5m] offset -1m @ end())) > bool on (a) group_left y'))).toEqual({
      type: 'binaryExpr',
      op: '>',
      lhs: {
        type: 'aggregation',
        op: 'sum',
        expr: {
          type: 'call',
          func: { name: 'rate', argTypes: ['matrix'], variadic: 0, returnType: 'vector' },
          args: [
            {
              type: 'matrixSelector',
              name: 'x',
              range: 300_000,
              rangeExpr: null,
              offset: -60_000,
              offsetExpr: null,
              matchers: [
                { name: 'b', value: 'c', type: '!=' },
                { name: '__name__', value: 'x', type: '=' },
              ],
              timestamp: null,
              startOrEnd: 'end',
              anchored: false,
              smoothed: false,
            },
          ],
        },
        param: null,
        grouping: ['a'],
        without: false,
      },
      rhs: expect.objectContaining({ type: 'vectorSelector', name: 'y', timestamp: null }),
      matching: {
        card: 'many-to-one',
        labels: ['a'],
        on: true,
        include: [],
        fillValues: { lhs: null, rhs: null },
      },
      bool: true,
    });
  });

  it('has expressions of durations, and numbers in parentheses as numbers', () => {
    expect(toApiAst(all('x[5m + (60):(30s)] offset -(step())'))).toMatchObject({
      type: 'subquery',
      range: 0,
      rangeExpr: {
        type: 'durationExpr',
        op: '+',
        lhs: { type: 'numberLiteral', val: '300', duration: true },
        rhs: { type: 'numberLiteral', val: '60', duration: false },
        wrapped: false,
      },
      step: 30_000,
      stepExpr: null,
      offset: 0,
      offsetExpr: { op: '-', lhs: null, rhs: { op: 'step', lhs: null, rhs: null, wrapped: true } },
    });
    expect(toApiAst(all('-(1)'))).toMatchObject({
      type: 'unaryExpr',
      op: '-',
      expr: { type: 'parenExpr' },
    });
    expect(toApiAst(all('1 + 2'))).toMatchObject({ matching: null, lhs: { type: 'numberLiteral', val: '1' } });
  });

  it('is JSON for any query', () => {
    fc.assert(
      fc.property(arbitraryExpr, (expr) => {
        const node = toApiAst(expr);
        expect(JSON.parse(JSON.stringify(node))).toEqual(node);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

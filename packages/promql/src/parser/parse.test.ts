import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PromqlParseError } from './error.ts';
import { parse, parseSelector } from './parse.ts';

const CASES = '../shared/conformance/prometheus/curated/promql_parse_cases.json';

interface Case {
  input: unknown;
  fail: boolean;
  errors: { Err: unknown; PositionRange: { Start: number } }[] | null;
}

describe.skipIf(!existsSync(CASES))("Prometheus' own parser cases", () => {
  const cases = (existsSync(CASES) ? (JSON.parse(readFileSync(CASES, 'utf8')) as Case[]) : []).filter(
    (each) => typeof each.input === 'string' && !/smoothed|anchored|info\(/.test(each.input),
  );
  const outcome = (input: unknown) => {
    try {
      parse(input as string);
      return undefined;
    } catch (error) {
      if (error instanceof PromqlParseError) return error;
      throw error;
    }
  };

  it('accepts what Prometheus accepts, but for the known few', () => {
    const refused = cases.filter((each) => !each.fail && outcome(each.input)).map((each) => each.input);
    expect(refused).toEqual(['offset{step="1s"}[5m]', 'foo[-2^2]', 'foo[0+-2^2]']);
  });

  it('refuses what Prometheus refuses', () => {
    const accepted = cases.filter((each) => each.fail && !outcome(each.input)).map((each) => each.input);
    expect(accepted).toEqual([]);
  });

  it('gives the same reason as Prometheus in three refusals of four', () => {
    const wanted = (each: Case) => [each.errors].flat()[0]?.Err;
    const refusals = cases.filter((each) => each.fail && typeof wanted(each) === 'string');
    const same = refusals.filter((each) => outcome(each.input)?.reason === wanted(each));
    expect(same.length / refusals.length).toBeGreaterThan(0.7);
  });
});

describe('parse', () => {
  it.each([
    ['sum(1)', '1:5: parse error: expected type instant vector in aggregation expression, got scalar'],
    ['x[5m] + 1', '1:1: parse error: binary expression must contain only scalar and instant vector types'],
    ['sum(\n  x y)', '2:5: parse error: unexpected identifier "y"'],
    ['nope(x)', '1:1: parse error: unknown function with name "nope"'],
    ['x{a=~"("}', '1:3: parse error: error parsing regexp: missing closing ): `(`'],
  ])('refuses %j with %s', (query, message) => {
    expect(() => parse(query)).toThrow(expect.objectContaining({ name: 'PromqlParseError', message }));
  });

  it('lets a sign bind weaker than a power, and a modifier bind to the last operand only', () => {
    expect(parse('-1^2')).toMatchObject({ kind: 'UnaryExpr', expr: { kind: 'BinaryExpr' } });
    expect(parse('-x offset 5m')).toMatchObject({ kind: 'UnaryExpr', expr: { offset: { ms: 300_000 } } });
    expect(parse('x + y @ 1')).toMatchObject({ left: { name: 'x' }, right: { name: 'y', at: 1000 } });
  });

  it('reads a series selector and refuses more than that', () => {
    expect(parseSelector('up{job="a"}')).toEqual([
      { name: 'job', op: '=', value: 'a' },
      { name: '__name__', op: '=', value: 'up' },
    ]);
    expect(() => parseSelector('up offset 5m')).toThrow(PromqlParseError);
  });
});

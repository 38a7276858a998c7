import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, AnswerSeries } from '../../../conformance/differential/answer.ts';
import { difference } from '../../../conformance/differential/compare.ts';
import { literal, type Query } from '../../../conformance/differential/query.ts';
import { describeFailure, runDifferential, type Summary } from '../../../conformance/differential/run.ts';
import { debianPrometheus } from '../../../conformance/peers/prometheus.ts';
import { type Built, copyOfBuild } from './built.ts';

const queries = 200;

if (!existsSync(debianPrometheus)) {
  console.warn(`SKIPPED: no generated queries beside a real Prometheus, ${debianPrometheus} is missing.`);
}

describe.skipIf(!existsSync(debianPrometheus))('generated queries, beside a real Prometheus', () => {
  let built: Built;
  let summary: Summary;
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-differential-'));

  beforeAll(async () => {
    built = copyOfBuild();
    summary = await runDifferential({ prometheus: debianPrometheus, entry: built.entry, dir, seed: 3, queries });
  }, 300_000);
  afterAll(() => {
    for (const each of [dir, built?.dir ?? dir]) rmSync(each, { recursive: true, force: true });
  });

  it('have the same answers; `npm run differential` asks more of them', () => {
    expect(summary.failures.map(describeFailure)).toEqual([]);
  });

  it('ask for something', () => {
    expect(summary.asked).toBe(queries);
    expect(summary.samples).toBeGreaterThan(10_000);
    expect(summary.answered).toBeGreaterThan(queries / 3);
    expect(summary.refused).toBeGreaterThan(0);
  });
});

describe('the comparison', () => {
  const data = (resultType: string, series: readonly AnswerSeries[]): Answer => ({
    kind: 'data',
    resultType,
    series,
    warnings: [],
    infos: [],
  });
  const vector = (...values: readonly string[]) =>
    data(
      'vector',
      values.map((value, i) => ({ labels: `x{i="${i}"}`, points: [[60, value]] })),
    );
  const matrix = (...times: readonly number[]) =>
    data('matrix', [{ labels: 'x{}', points: times.map((time) => [time, '1'] as const) }]);
  const refused = (statusClass: number): Answer => ({ kind: 'refused', statusClass, message: '' });
  const of = (expected: Answer, got: Answer, query: Query = literal('x')) =>
    difference({ query, time: 60_000 }, expected, got);
  const sorted: Query = { kind: 'call', func: 'sort', args: [literal('x')] };
  const reversed = (answer: Answer): Answer =>
    answer.kind === 'data' ? { ...answer, series: [...answer.series].reverse() } : answer;

  it.each([
    ['the last digits of a value', vector('0.1'), vector('0.10000000001')],
    ['NaN', vector('NaN'), vector('NaN')],
    ['the order of a vector', vector('1', '2'), reversed(vector('1', '2'))],
    ['what was wrong', refused(4), refused(4)],
  ])('takes no notice of %s', (_, expected, got) => {
    expect(of(expected, got)).toBeUndefined();
  });

  it.each([
    ['a value', vector('0.1'), vector('0.100000001')],
    ['the sign of an infinity', vector('+Inf'), vector('-Inf')],
    ['NaN for a number', vector('0'), vector('NaN')],
    ['a series that is missing', vector('1', '2'), vector('1')],
    ['a series too many', vector('1'), vector('1', '2')],
    ['a point that is missing', matrix(60, 120), matrix(60)],
    ['a time', matrix(60), matrix(60.001)],
    ['the type', vector('1'), matrix(60)],
    ['an answer in place of a refusal', refused(4), vector('1')],
    ['a refusal in place of an answer', vector('1'), refused(4)],
    ['the kind of refusal', refused(4), refused(5)],
  ])('sees %s', (_, expected, got) => {
    expect(of(expected, got)).toEqual(expect.any(String));
  });

  it('sees the order of what was sorted', () => {
    expect(of(vector('1', '2'), reversed(vector('1', '2')), sorted)).toMatch('in place 1');
    expect(of(vector('1', '1'), reversed(vector('1', '1')), sorted)).toBeUndefined();
  });
});

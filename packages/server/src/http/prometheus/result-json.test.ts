import { type QueryResult, toApiData } from '@nightshift/promql';
import { expect, it } from 'vitest';
import { bodyOf } from './answer.ts';
import { resultJson } from './result-json.ts';

const labels = (i: number) => new Map([['i', String(i)]]);
const notes = { warnings: [], infos: [] };

function matrix(series: number, samples: number): QueryResult {
  const timestamps = Float64Array.from({ length: samples }, (_, i) => i * 500);
  return {
    ...notes,
    resultType: 'matrix',
    series: Array.from({ length: series }, (_, i) => ({ labels: labels(i), timestamps, values: timestamps })),
  };
}

function vector(count: number): QueryResult {
  const samples = Array.from({ length: count }, (_, i) => ({ labels: labels(i), time: 1500, value: i }));
  return { ...notes, resultType: 'vector', samples };
}

it.each<[string, QueryResult]>([
  ['no series', matrix(0, 0)],
  ['one series', matrix(1, 3)],
  ['many series', matrix(300, 1000)],
  ['no sample', vector(0)],
  ['many samples', vector(250_001)],
  ['a number', { ...notes, resultType: 'scalar', time: 1, value: Number.NaN }],
  ['a text', { ...notes, resultType: 'string', time: 1, value: '"' }],
])('%s is written as it is shown', async (_what, result) => {
  const body = bodyOf({ data: undefined, json: await resultJson(result, { a: 1 }), warnings: ['w'] });
  expect(JSON.parse(String(body))).toEqual({
    status: 'success',
    data: { ...toApiData(result), stats: { a: 1 } },
    warnings: ['w'],
  });
});

it('lets others have their turn while it writes', async () => {
  let turns = 0;
  const count = () => {
    turns++;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  await resultJson(matrix(300, 1000), undefined);
  clearImmediate(timer);
  expect(turns).toBeGreaterThanOrEqual(2);
});

import { expect, it } from 'vitest';
import { SCRIPT_FEATURES } from '../features.ts';
import type { QueryResult } from '../result/result.ts';
import { runScript, runScriptAgainst } from './run.ts';
import { type ScriptTarget, UnsupportedLoad } from './target.ts';

const LOAD = `load 1m
  x{a="1"} 1 2 3
  x{a="2"} 4 5 6
  c_total 0+60x10
  h {{schema:0 count:3 sum:4 buckets:[1 2]}}+{{schema:0 count:3 sum:4 buckets:[1 2]}}x2
`;

async function failureOf(evaluation: string): Promise<string | undefined> {
  const [outcome] = await runScript(`${LOAD}\n${evaluation}`, { features: SCRIPT_FEATURES });
  return outcome!.failure;
}

const RIGHT: readonly string[] = [
  'eval instant at 1m x\n  x{a="1"} 2\n  x{a="2"} 5',
  'eval instant at 1m x{a="1"} * 1.0000001\n  {a="1"} 2',
  'eval instant at 1m topk(2, x)\n  expect ordered\n  x{a="2"} 5\n  x{a="1"} 2',
  'eval instant at 1m 1 + 1\n  2',
  'eval instant at 1m "a"\n  expect string "a"',
  'eval instant at 1m x[2m]\n  expect range vector from 0 to 1m step 1m\n  x{a="1"} 1 2\n  x{a="2"} 4 5',
  'eval range from 0 to 3m step 1m x{a="1"} > 1\n  x{a="1"} _ 2 3 3',
  'eval instant at 1m h\n  h {{schema:0 count:6 sum:8 buckets:[2 4] counter_reset_hint:not_reset}}',
  'eval instant at 1m x + on() x\n  expect fail regex: many-to-many',
  'eval instant at 5m rate(c_total[5m])\n  expect no_warn\n  expect no_info\n  {} 1',
  'eval instant at 2m rate(x{a="1"}[2m])\n  expect info\n  {a="1"} 0.016666666666666666',
];

it.each(RIGHT)('a right expectation passes: %s', async (evaluation) => {
  expect(await failureOf(evaluation)).toBeUndefined();
});

const WRONG: readonly (readonly [evaluation: string, failure: RegExp])[] = [
  ['eval instant at 1m x\n  x{a="1"} 2', /\{__name__="x", a="2"\} 5 was not expected/],
  ['eval instant at 1m x{a="1"}\n  x{a="1"} 2\n  x{a="2"} 5', /a="2"\} is missing, expected 5/],
  ['eval instant at 1m x{a="1"}\n  x{a="1"} 2.0001', /is 2, expected 2\.0001/],
  ['eval instant at 1m x{a="1"}\n  x{a="1"} {{}}', /is 2, expected \{\{/],
  ['eval instant at 1m topk(2, x)\n  expect ordered\n  x{a="1"} 2\n  x{a="2"} 5', /at place 1, expected at 2/],
  ['eval instant at 1m 1 + 1\n  3', /got the scalar 2, expected 3/],
  ['eval instant at 1m x\n  3', /got a vector, expected the scalar 3/],
  ['eval instant at 1m "a"\n  expect string "b"', /got the string "a", expected "b"/],
  ['eval range from 0 to 2m step 1m x{a="1"}\n  x{a="1"} 1 2', /has 3 points, expected 2/],
  ['eval range from 0 to 1m step 1m x{a="1"}\n  x{a="1"} 1 2 3', /cannot have 3 points in this range/],
  ['eval range from 0 to 1m step 1m x{a="1"} > 1\n  x{a="1"} 2', /has a sample at 60000, expected the next at 0/],
  ['eval instant at 1m h\n  h {{schema:0 count:6 sum:8 buckets:[2 3 1]}}', /is \{\{.*expected \{\{/],
  [
    'eval instant at 1m h\n  h {{schema:0 count:6 sum:8 buckets:[2 4] counter_reset_hint:gauge}}',
    /counter_reset_hint:gauge/,
  ],
  ['eval instant at 1m x\n  expect fail', /should have failed/],
  ['eval instant at 1m x + on() x\n  {} 1', /failed: /],
  ['eval instant at 1m x + on() x\n  expect fail msg: no such text', /failed with ".*", expected "no such text"/],
  ['eval instant at 5m rate(c_total[5m])\n  expect info\n  {} 1', /no info is any text; got none/],
  [
    'eval instant at 2m rate(x{a="1"}[2m])\n  expect no_info\n  {a="1"} 0.0166666667',
    /the info "PromQL info: .*" was not expected/,
  ],
];

it.each(WRONG)('a wrong expectation fails: %s', async (evaluation, failure) => {
  expect(await failureOf(evaluation)).toMatch(failure);
});

/** A target that answers right unless the query is a range query, or is asked at another time than 1m. */
function forgetful(kind: 'range' | 'time'): ScriptTarget {
  const answer = (value: number): QueryResult => ({
    resultType: 'vector',
    samples: [{ labels: new Map(), time: 0, value }],
    warnings: [],
    infos: [],
  });
  return {
    async clear() {},
    async load() {},
    async instant(_, time) {
      return answer(kind === 'time' && time !== 60_000 ? 2 : 1);
    },
    async range(_, start, end, step) {
      const timestamps = Float64Array.from({ length: (end - start) / step + 1 }, (_, i) => start + i * step);
      const values = timestamps.map(() => (kind === 'range' ? 2 : 1));
      return { resultType: 'matrix', series: [{ labels: new Map(), timestamps, values }], warnings: [], infos: [] };
    },
  };
}

it.each([
  ['range', /^in a range query: \{\} is 2, expected 1/],
  ['time', /^as sum\(x @ 60\.000\) at -600000 ms: \{\} is 2, expected 1/],
] as const)('an instant query is asked in other ways too: %s', async (kind, failure) => {
  const [outcome] = await runScriptAgainst(forgetful(kind), 'eval instant at 1m sum(x)\n  {} 1');
  expect(outcome!.failure).toMatch(failure);
});

it('what a target cannot hold is skipped until the data is cleared', async () => {
  const target: ScriptTarget = {
    ...forgetful('time'),
    async load({ series }) {
      if (series.some(({ points }) => points.some((point) => typeof point === 'object'))) {
        throw new UnsupportedLoad('native histograms');
      }
    },
  };
  const script = 'load 1m\n  h {{}}\n\neval instant at 1m h\n\nclear\n\neval range from 1m to 1m step 1m x\n  {} 1';
  expect(await runScriptAgainst(target, script)).toEqual([
    { line: 4, query: 'h', skipped: 'native histograms' },
    { line: 8, query: 'x' },
  ]);
});

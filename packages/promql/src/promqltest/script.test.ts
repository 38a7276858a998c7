import { expect, it } from 'vitest';
import { parseScript } from './script.ts';

/** A script and the error that it is refused with. */
const MISTAKES: readonly (readonly [mistake: string, script: string, error: string])[] = [
  ['an unknown command', '\n\nlaod 5m', 'x.test:3: "laod 5m" is not a command: load, clear or eval'],
  ['a bad interval', 'load 5q\n  x 1', 'x.test:1: "5q" is not a duration such as 5m or 1h30m'],
  ['an unclosed label set', 'load 5m\n  x 1\n  x{a="b" 1', 'x.test:3: expected "," or "}" at "1"'],
  ['a bad value', 'load 5m\n  x 1+1', 'x.test:2: "1+1" is not a value, a gap (_), stale or a histogram'],
  ['a bad histogram', 'load 5m\n  x {{foo:1}}', 'x.test:2: bad histogram descriptor found: "foo"'],
  [
    'an increment of lower resolution',
    'load 5m\n  x {{schema:1}}+{{schema:0}}x2',
    'x.test:2: error combining histograms: cannot merge from schema 0 to 1',
  ],
  [
    'start timestamps of another series',
    'load 5m\n  x@st -1m\n  y 1',
    'x.test:3: the @st line before this one is of another series',
  ],
  [
    'too few start timestamps',
    'load 5m\n  x@st -1m\n  x 1 2',
    'x.test:3: the @st line has 1 offsets, this one 2 points',
  ],
  ['start timestamps alone', 'load 5m\n  x@st -1m', 'x.test:2: an @st line needs the line of its series after it'],
  ['an end before the start', 'eval range from 5m to 1m step 1m x', 'x.test:1: the end 1m is before the start 5m'],
  [
    'an eval that is neither instant nor range',
    'eval at 5m x',
    'x.test:1: write: eval instant at TIME QUERY, or: eval range from START to END step STEP QUERY',
  ],
  [
    'an unknown expectation',
    'eval instant at 5m x\n  expect failure',
    'x.test:2: not of the form "expect TYPE [msg|regex: TEXT]": expect failure',
  ],
  [
    'contradictory expectations',
    'eval instant at 5m x\n  expect warn\n  expect no_warn',
    'x.test:3: warn and no_warn cannot be used together',
  ],
  [
    'several values of an instant query',
    'eval instant at 5m x\n  x 1 2',
    'x.test:2: an instant query has one value per series, unless "expect range vector" is stated',
  ],
  [
    'an unquoted string',
    'eval instant at 5m "x"\n  expect string x',
    'x.test:2: "expect string" needs a quoted string',
  ],
];

it.each(MISTAKES)('%s is refused with file and line', (_, script, error) => {
  expect(() => parseScript(script, 'x.test')).toThrow(error);
});

it('a comment is an empty line, and an empty line ends a command', () => {
  const commands = parseScript('load 1m\n  x 1\n# done\n\nclear\neval instant at 1m x\n  x 1\n');
  expect(commands.map(({ kind }) => kind)).toEqual(['load', 'clear', 'eval']);
});

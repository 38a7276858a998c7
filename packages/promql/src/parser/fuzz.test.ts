import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCRIPT_FEATURES } from '../features.ts';
import { arbitraryQuery } from './arbitrary.ts';
import { PromqlParseError } from './error.ts';
import { MAX_QUERY_LENGTH, parse, parseSelector } from './parse.ts';

const FOLDER = '../shared/conformance/prometheus/curated';
const SEEDS = ['', 'up', '{a="b"}', 'sum by (a) (rate(x[5m] offset 1h @ end()))', 'x and on (a) group_left y', '#c\n1'];

/** Texts to change: our own, and Prometheus' where they are there. */
const corpus: readonly string[] = [...SEEDS, ...fromFolder('fuzz_seeds.json', /ParseExpr|Selector/), ...parserCases()];

function fromFolder(file: string, wanted: RegExp): string[] {
  const path = `${FOLDER}/${file}`;
  if (!existsSync(path)) return [];
  const groups = JSON.parse(readFileSync(path, 'utf8')) as { func: string; cases: string[] }[];
  return groups.filter(({ func }) => wanted.test(func)).flatMap(({ cases }) => cases);
}

function parserCases(): string[] {
  const path = `${FOLDER}/promql_parse_cases.json`;
  if (!existsSync(path)) return [];
  const cases = JSON.parse(readFileSync(path, 'utf8')) as { input: unknown }[];
  return cases.map(({ input }) => input).filter((input): input is string => typeof input === 'string');
}

/** Parses as a query and as a selector, with and without features; fails on anything thrown that is no PromqlParseError. */
function survives(text: string): void {
  for (const attempt of [() => parse(text, SCRIPT_FEATURES), () => parse(text), () => parseSelector(text)]) {
    try {
      attempt();
    } catch (error) {
      if (!(error instanceof PromqlParseError)) throw error;
      const { errors, position, line, column } = error;
      expect(errors.length).toBeGreaterThan(0);
      expect(position).toBeGreaterThanOrEqual(0);
      expect(position).toBeLessThanOrEqual(text.length);
      if (text !== '') expect(error.message.startsWith(`${line}:${column}: parse error: `)).toBe(true);
    }
  }
}

const PIECES =
  '( ) { } [ ] , : = == =~ != !~ < > </ >/ + - * / % ^ @ " \' ` # \n $ \\ \ud800 \ufffd é 😀 \0 . 1 1e 0x 1_ 5m 5y1s inf by on and sum ' +
  'offset bool fill( group_left ignoring topk( rate( start() step() max_of( anchored "a\\x" =~"(" x{ [5m] [1m:';
const soup = fc
  .array(fc.constantFrom(...PIECES.split(' ')), { maxLength: 30 })
  .chain((pieces) => fc.constantFrom('', ' ').map((blank) => pieces.join(blank)));
const damaged = fc
  .tuple(fc.oneof(fc.constantFrom(...corpus), arbitraryQuery), fc.nat(), fc.nat(5), fc.string({ maxLength: 3 }))
  .map(([text, at, drop, insert]) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + insert + text.slice(start + drop);
  });

describe('parse, with hostile texts', () => {
  it.each([
    ['any text', fc.string({ unit: 'binary', maxLength: 60 })],
    ['tokens in any order', soup],
    ['a query with a wound', damaged],
  ])(
    'throws nothing but its own error: %s',
    (_, texts) => {
      fc.assert(fc.property(texts, survives), { numRuns: 3000 });
    },
    60_000,
  );

  it.each([
    ['quotes', '"a" '],
    ['escapes', '"\\'],
    ['matchers', 'a="b",'],
    ['wrong matchers', 'a b,'],
    ['names in by', 'sum by (a,'],
    ['parentheses', '('],
    ['brackets', 'x[5m:'],
    ['offsets', ' offset 5m'],
    ['operators', 'x+'],
    ['unfit operators', 'x + * '],
    ['aggregations', 'sum(a b) '],
    ['trailing commas', 'abs(,'],
    ['digits', '1'],
    ['digits and units', '1h'],
    ['underscores', '1_'],
    ['spaces', ' '],
    ['comments', '#\n'],
    ['fills without parenthesis', 'fill     '],
    ['unknown functions', 'a()+'],
    ['at signs', 'x @ 1'],
  ])(
    'ends for a text as long as may be, of %s',
    (_, piece) => {
      survives(piece.repeat(Math.floor(MAX_QUERY_LENGTH / piece.length)));
      survives(`x{${piece.repeat(Math.floor((MAX_QUERY_LENGTH - 3) / piece.length))}`);
    },
    60_000,
  );
});

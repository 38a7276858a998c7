import { RE2JS } from 're2js';
import { unquote } from '../parser/literals.ts';
import { NotationError, type SeriesLine } from './series.ts';

/** A text that an error or annotation must equal, or a pattern that must occur in it. */
export interface TextExpectation {
  matches(text: string): boolean;
  toString(): string;
}

/** What the lines below an `eval` ask of its answer. */
export interface Expectation {
  /** Undefined: the query must succeed. */
  fail?: TextExpectation;
  ordered: boolean;
  /** Undefined: not compared; empty: none may be there. */
  warnings?: TextExpectation[];
  infos?: TextExpectation[];
  /** The answer is this scalar. */
  scalar?: number;
  /** The answer is this string; a string answer without the line is expected to be empty. */
  text?: string;
  /** The answer to the instant query is a matrix over these milliseconds. */
  rangeVector?: { readonly start: number; readonly end: number; readonly step: number };
  readonly series: SeriesLine[];
}

const ANY: TextExpectation = { matches: () => true, toString: () => 'any text' };

export function equalText(text: string): TextExpectation {
  return { matches: (each) => each === text, toString: () => `"${text}"` };
}

/** @throws NotationError if RE2 refuses the pattern. */
export function pattern(source: string): TextExpectation {
  try {
    const compiled = RE2JS.compile(source);
    return { matches: (text) => compiled.matcher(text).find(), toString: () => `/${source}/` };
  } catch (error) {
    throw new NotationError(`invalid regexp ${source}: ${(error as Error).message}`);
  }
}

/** The deprecated forms `eval_fail`, `eval_warn`, `eval_info` and `eval_ordered`. */
export function expectationOf(flavour: string | undefined): Expectation {
  const expected: Expectation = { ordered: flavour === 'ordered', series: [] };
  if (flavour === 'fail') expected.fail = ANY;
  if (flavour === 'warn') expected.warnings = [ANY];
  if (flavour === 'info') expected.infos = [ANY];
  return expected;
}

const EXPECT = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;

/** Adds what an `expect` line asks for. @throws NotationError */
export function addExpectation(line: string, expected: Expectation): void {
  const [, type, match, argument] = EXPECT.exec(line) ?? [];
  if (type === undefined) throw new NotationError(`not of the form "expect TYPE [msg|regex: TEXT]": ${line}`);
  const source = argument?.trim() ?? '';
  const text = match === undefined ? ANY : match === 'msg' ? equalText(source) : pattern(source);
  switch (type) {
    case 'ordered':
      expected.ordered = true;
      return;
    case 'fail':
      if (expected.fail) throw new NotationError('only one "expect fail" line is allowed');
      expected.fail = text;
      return;
    case 'warn':
    case 'no_warn':
      expected.warnings = withText(expected.warnings, type === 'warn' ? text : undefined, 'warn');
      return;
    default:
      expected.infos = withText(expected.infos, type === 'info' ? text : undefined, 'info');
  }
}

/** An empty list stands for "none may be there" and cannot be mixed with others. */
function withText(
  known: TextExpectation[] | undefined,
  text: TextExpectation | undefined,
  type: string,
): TextExpectation[] {
  if (known && (known.length === 0) !== (text === undefined)) {
    throw new NotationError(`${type} and no_${type} cannot be used together`);
  }
  return [...(known ?? []), ...(text ? [text] : [])];
}

/** The string of an `expect string` line. @throws NotationError if it is not quoted as in Go. */
export function expectedString(line: string): string {
  const literal = line.slice('expect string'.length).replace(/^ /, '');
  const text = /^["`]/.test(literal) ? unquote(literal) : undefined;
  if (text === undefined) throw new NotationError('"expect string" needs a quoted string');
  return text;
}

import { SCRIPT_FEATURES } from '../../packages/promql/src/features.ts';
import { type Matcher, parse, type VectorSelector } from '../../packages/promql/src/index.ts';
import { formatExpr } from '../../packages/promql/src/printer/format.ts';
import { prettyPrint } from '../../packages/promql/src/printer/pretty.ts';
import { attempt, type CaseResult, type FileResult, named, type Suite } from '../suite.ts';
import { CURATED, readTable } from './go-tables.ts';

const PRINTED = 'promql_printer_cases.json';
const PRETTY = 'promql_prettier_cases.json';

/** Go's tests of the prettier break lines after so many characters. */
const PRETTY_WIDTH = 10;

interface Table<T> {
  readonly func: string;
  readonly cases: readonly T[];
}

/** A query and its text; without `out` they are the same. Alone, the text only has to mean the same. */
type TextCase =
  | string
  | { readonly in: string; readonly out?: string }
  | { readonly input: string; readonly expected: string };

/** A selector that was never text. */
interface SelectorCase {
  readonly name: string;
  readonly expected: string;
  readonly vs: {
    readonly Name?: string;
    readonly LabelMatchers?: readonly { readonly args: readonly [unknown, string | { $ref: string }, string] }[];
  };
}

function inputOf(each: TextCase): string {
  if (typeof each === 'string') return each;
  return 'in' in each ? each.in : each.input;
}

function printed(query: string): string {
  return formatExpr(parse(query, SCRIPT_FEATURES));
}

function checkText(each: TextCase): string | undefined {
  const input = inputOf(each);
  const got = printed(input);
  const expected = typeof each === 'string' ? printed(got) : 'in' in each ? (each.out ?? each.in) : each.expected;
  return differing(got, expected);
}

function checkPretty({ in: input, out }: { readonly in: string; readonly out: string }): string | undefined {
  return differing(prettyPrint(parse(input, SCRIPT_FEATURES), PRETTY_WIDTH), out);
}

function checkSelector({ vs, expected }: SelectorCase): string | undefined {
  const matchers = (vs.LabelMatchers ?? []).map(({ args: [, name, value] }): Matcher => {
    return { name: typeof name === 'string' ? name : '__name__', op: '=', value };
  });
  const parsed = parse('x') as VectorSelector;
  return differing(formatExpr({ ...parsed, name: vs.Name ?? '', matchers }), expected);
}

function differing(got: string, expected: string): string | undefined {
  return got === expected ? undefined : `got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`;
}

function runAll<T>(cases: readonly T[], nameOf: (each: T) => string, check: (each: T) => string | undefined) {
  return Promise.all(
    named(cases, nameOf).map(({ name, each }): Promise<CaseResult> => attempt(name, () => check(each))),
  );
}

export const printer: Suite = {
  name: 'printer',
  about: 'queries printed on one line and, broken after ten characters, on many',
  folder: CURATED,
  async run() {
    const results: FileResult[] = [];
    for (const { func, cases } of readTable<Table<unknown>[]>(PRINTED)) {
      const selectors = func === 'TestVectorSelector_String';
      const found = selectors
        ? await runAll(cases as readonly SelectorCase[], ({ name }) => name, checkSelector)
        : await runAll(cases as readonly TextCase[], inputOf, checkText);
      results.push({ file: `${PRINTED} ${func}`, cases: found });
    }
    for (const { func, cases } of readTable<Table<{ in: string; out: string }>[]>(PRETTY)) {
      results.push({ file: `${PRETTY} ${func}`, cases: await runAll(cases, (each) => each.in, checkPretty) });
    }
    return results;
  },
};

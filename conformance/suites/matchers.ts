import { compileMatchers, type Matcher } from '../../packages/promql/src/index.ts';
import { attempt, named, type Suite } from '../suite.ts';
import { CURATED, readTable } from './go-tables.ts';

const FILE = 'matcher_cases.json';

interface Case {
  readonly match: boolean;
  readonly value: string;
  /** The type of the matcher and its value are the last arguments. */
  readonly matcher: { readonly args: readonly (string | { readonly $ref: string })[] };
}

const OPERATORS: Readonly<Record<string, Matcher['op']>> = {
  MatchEqual: '=',
  MatchNotEqual: '!=',
  MatchRegexp: '=~',
  MatchNotRegexp: '!~',
};

function matcherOf({ matcher: { args } }: Case): Matcher {
  const [type, value] = args.slice(-2);
  return { name: 'test', op: OPERATORS[(type as { $ref: string }).$ref]!, value: value as string };
}

export const matchers: Suite = {
  name: 'matchers',
  about: 'which label values a matcher accepts',
  folder: CURATED,
  async run() {
    const nameOf = (each: Case) => `${matcherOf(each).op}"${matcherOf(each).value}" on "${each.value}"`;
    const cases = named(readTable<Case[]>(FILE), nameOf).map(({ name, each }) =>
      attempt(name, () => {
        const labels = new Map(each.value === '' ? [] : [['test', each.value]]);
        const matched = compileMatchers([matcherOf(each)])(labels);
        return matched === each.match ? undefined : `${matched ? 'matches' : 'does not match'}`;
      }),
    );
    return [{ file: FILE, cases: await Promise.all(cases) }];
  },
};

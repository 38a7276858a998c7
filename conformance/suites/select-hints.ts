import { SCRIPT_FEATURES } from '../../packages/promql/src/features.ts';
import { createEvaluator, type SelectRequest, type SeriesSource } from '../../packages/promql/src/index.ts';
import { type Check, checkEach } from './go-tables.ts';

/** What a query asks of a store. */

interface HintCase {
  readonly query: string;
  readonly start?: number;
  readonly end?: number;
  readonly expected: readonly {
    readonly Start: number;
    readonly End: number;
    readonly Step?: number;
    readonly Func?: string;
    readonly Range?: number;
    readonly Grouping?: readonly string[];
    readonly By?: boolean;
  }[];
}

export const SELECT_HINTS: Check = (cases) =>
  checkEach(
    cases as HintCase[],
    ({ query, start, end }) => `${query} at ${start ?? 0}${end ? ` to ${end}` : ''}`,
    async ({ query, start = 0, end, expected }) => {
      const requests: SelectRequest[] = [];
      const source: SeriesSource = {
        async select(request) {
          requests.push(request);
          return [];
        },
      };
      const evaluator = createEvaluator(source, { lookbackMs: 5000, subqueryStepMs: 1000, features: SCRIPT_FEATURES });
      await (end === undefined ? evaluator.instant(query, start) : evaluator.range(query, start, end, 1000));
      const got = requests.map(({ start, end, step, func, range, grouping, by }) =>
        JSON.stringify({ start, end, step, func, range, grouping, by }),
      );
      const wanted = expected.map(({ Start, End, Step, Func, Range, Grouping, By }) =>
        JSON.stringify({
          start: Start,
          end: End,
          step: Step ?? 0,
          func: Func ?? '',
          range: Range ?? 0,
          grouping: Grouping ?? [],
          by: By ?? false,
        }),
      );
      const same = got.sort().join('\n') === wanted.sort().join('\n');
      return same ? undefined : `got ${got.join(' ')}, expected ${wanted.join(' ')}`;
    },
  );

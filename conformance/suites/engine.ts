import { OMISSIONS } from '../exclusions.ts';
import type { FileResult, Suite } from '../suite.ts';
import { LOOKBACK, RATE_ANNOTATIONS, RESET_HINTS } from './engine-behaviour.ts';
import { AT_MODIFIER, EXTENDED_RANGES, SUBQUERIES, TIMESTAMPS } from './engine-result-tables.ts';
import { type Check, CURATED, readTable } from './go-tables.ts';
import { SELECT_HINTS } from './select-hints.ts';
import { MAX_SAMPLES, QUERY_STATISTICS } from './statistics.ts';

const FILE = 'engine_tables.json';

interface Table {
  readonly func: string;
  readonly cases: unknown;
}

/** The tables that say something about a query's answer; the others are about Go's own types and pools. */
const CHECKS: Readonly<Record<string, Check>> = {
  TestSelectHintsSetCorrectly: SELECT_HINTS,
  TestEngineEvalStmtTimestamps: TIMESTAMPS,
  TestQueryStatistics: QUERY_STATISTICS,
  TestMaxQuerySamples: MAX_SAMPLES,
  TestExtendedRangeSelectors: EXTENDED_RANGES,
  TestAtModifier: AT_MODIFIER,
  TestSubquerySelector: SUBQUERIES,
  TestQueryLookbackDelta: LOOKBACK,
  TestRateAnnotations: RATE_ANNOTATIONS,
  TestHistogram_CounterResetHint: RESET_HINTS,
};

export const engine: Suite = {
  name: 'engine',
  about: "tables of the tests of Prometheus' engine: whole answers, what it asks of a store, look-back, annotations",
  folder: CURATED,
  async run() {
    const results: FileResult[] = [];
    for (const { func, cases } of readTable<Table[]>(FILE)) {
      const check = CHECKS[func];
      if (check) results.push({ file: `${FILE} ${func}`, cases: await check(cases) });
      else if (!OMISSIONS.some(({ part }) => part === func)) throw new Error(`${FILE} has a new table: ${func}`);
    }
    return results;
  },
};

import { COUNTERS } from './counters.ts';
import { DATES } from './dates.ts';
import type { PromqlFunction } from './function.ts';
import { HISTOGRAMS } from './histograms.ts';
import { INFO } from './info.ts';
import { LABEL_FUNCTIONS } from './labelFunctions.ts';
import { MATH } from './math.ts';
import { OVER_TIME } from './overTime.ts';
import { SCALARS } from './scalars.ts';
import { SORTING } from './sorting.ts';
import { TRENDS } from './trends.ts';
import { VECTORS } from './vectors.ts';

/** Every function by name. A new one needs a line in its table and one among the signatures. */
export const FUNCTIONS: ReadonlyMap<string, PromqlFunction> = new Map([
  ...COUNTERS,
  ...DATES,
  ...HISTOGRAMS,
  ...INFO,
  ...LABEL_FUNCTIONS,
  ...MATH,
  ...OVER_TIME,
  ...SCALARS,
  ...SORTING,
  ...TRENDS,
  ...VECTORS,
]);

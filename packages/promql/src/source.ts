import type { FloatHistogram } from './histogram/histogram.ts';
import type { AggregateOp } from './parser/ast.ts';
import type { RollupColumn, RollupColumns } from './rollup/columns.ts';

/** What the evaluator needs of a store. Anything that implements it can be asked with PromQL. */

/** Label name to value, iterated in order of name; the metric name is `__name__`. */
export type Labels = ReadonlyMap<string, string>;

export interface Matcher {
  readonly name: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  /** For `=~` and `!~` an RE2 pattern, anchored at both ends. A missing label matches as ''. */
  readonly value: string;
}

/** `timestamps` (Unix milliseconds, strictly ascending) and `values` have the same length. Read-only to the evaluator. */
export interface SeriesSamples {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Where sample i is a native histogram it is here, and `values[i]` has no meaning; absent if all samples are floats. */
  readonly histograms?: readonly (FloatHistogram | undefined)[];
  /** When the counting of sample i began (Unix milliseconds, 0 if unknown); absent if unknown for all. */
  readonly startTimestamps?: Float64Array;
  /** Set where it is known that no value is NaN, and so none a stale marker. */
  readonly withoutNaN?: boolean;
}

/** One series. */
export interface SeriesData extends SeriesSamples {
  readonly labels: Labels;
}

/** Series of which one after the other is read, so that the samples of all need not be held at once. */
export interface SeriesReader {
  readonly labels: readonly Labels[];
  /** Whether any may have histograms, and start timestamps. */
  readonly hasHistograms: boolean;
  readonly hasStartTimestamps: boolean;
  /**
   * The samples of the series at that place, maybe none. `values` is filled anew by the next read; `timestamps` stays, and
   * is the very array of the read before where that had the same times.
   */
  read(place: number): SeriesSamples;
}

/** One selector's need: all samples of the matching series with `start <= t <= end` (Unix milliseconds). */
export interface SelectRequest {
  readonly matchers: readonly Matcher[];
  readonly start: number;
  readonly end: number;
  /** Milliseconds between evaluations, 0 for an instant query. A hint. */
  readonly step: number;
  /** The function or aggregation around the selector, '' if none. A hint. */
  readonly func: string;
  /** Milliseconds of the range selector, 0 for an instant selector. A hint. */
  readonly range: number;
  /** The labels of the aggregation around the selector, and whether it keeps them (`by`) or drops them. A hint. */
  readonly grouping: readonly string[];
  readonly by: boolean;
  /** Set where the samples are for nothing else, so that a store may leave out those that cannot change the result. A hint. */
  readonly pushdown?: Pushdown;
  /** Set where roll-ups give the same result as the samples. */
  readonly rollup?: RollupUse;
  readonly signal?: AbortSignal;
  /** What the query may still load; a source that asks it while it loads refuses a query before the memory is taken. */
  readonly budget?: SelectBudget;
}

/**
 * What the samples of one selector are for: at each step the function over a window of each series, then the aggregation over
 * the series. The windows are `(t - range, t]` with t from `start + range - 1` on, every `step` up to `end`.
 */
export interface Pushdown {
  /** A range function of one argument; '' for the last sample within the range, unless that is a stale marker. */
  readonly func: string;
  readonly range: number;
  /** Over the results of the function; the name of the metric is dropped before. */
  readonly aggregation?: { readonly op: AggregateOp; readonly by: boolean; readonly grouping: readonly string[] };
}

/** Both throw, with what ends the query, where it would exceed its limits. */
export interface SelectBudget {
  /** So many series matched; before their samples are read. */
  series(count: number): void;
  /** So many samples are about to be held; `bytes` unless they are floats in two columns. */
  samples(count: number, bytes?: number): void;
}

/** How roll-ups may stand for the samples of a selector. */
export interface RollupUse {
  /** Those that are looked at; the others may be left empty. */
  readonly columns: readonly RollupColumn[];
  /** Milliseconds; both ends of every window are multiples of it, so that buckets will do whose width divides it. */
  readonly edges: number;
  /** The windows are `(t - range, t]` with t = `phase` plus multiples of `step`; with a step of 0 all are at `phase`. */
  readonly range: number;
  readonly step: number;
  readonly phase: number;
}

export interface RollupRequest extends Omit<SelectRequest, 'budget' | 'signal'> {
  readonly rollup: RollupUse;
}

export interface SeriesRollups {
  readonly labels: Labels;
  readonly rollups: RollupColumns;
}

/**
 * As `select`, with the buckets that end within the range instead of the samples; counts what it loads against the budget.
 * Undefined where the samples are to be selected after all.
 */
export type RollupReader = (
  budget: SelectBudget,
  signal?: AbortSignal,
) => Promise<readonly SeriesRollups[] | undefined>;

export interface SeriesSource {
  /** Whether `select` gives the series in order of their labels (`compareLabels`). */
  readonly sorted?: boolean;
  /** Series without a sample in the range are left out; an empty array means that nothing matched. Without `sorted` the order is not defined. */
  select(request: SelectRequest): Promise<readonly SeriesData[]>;
  /**
   * The same in order of labels, to be read later: what the reader gives is that of one moment, whatever happens to the
   * source meanwhile. The evaluator asks this where there is it.
   */
  open?(request: SelectRequest): Promise<SeriesReader>;
  /** Undefined where the samples are to be selected, be it that there are no roll-ups or that they do not pay. */
  rollups?(request: RollupRequest): RollupReader | undefined;
}

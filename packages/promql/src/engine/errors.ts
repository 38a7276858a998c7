/** A query that is valid but has no answer for the data it met, for instance a many-to-many match. */
export class PromqlExecutionError extends Error {
  override readonly name: string = 'PromqlExecutionError';
}

/** A query that gives what cannot be answered to the way in which it is asked, for instance a string over a range. */
export class PromqlTypeError extends PromqlExecutionError {
  override readonly name = 'PromqlTypeError';
}

/** A query that would exceed a limit of the evaluator. */
export class PromqlLimitError extends PromqlExecutionError {
  override readonly name = 'PromqlLimitError';
  readonly limit: LimitName;
  readonly value: number;
  /** What the query had come to when it was refused; it may have wanted more. */
  readonly wanted: number;

  constructor(limit: LimitName, value: number, wanted: number) {
    super(`${REASONS[limit]} (${wanted} or more, limit ${limit} = ${value}); narrow the query or raise ${limit}`);
    this.limit = limit;
    this.value = value;
    this.wanted = wanted;
  }

  /** What is too much, without the figures. */
  get reason(): string {
    return REASONS[this.limit];
  }
}

export type LimitName = 'maxSelectors' | 'maxSamples' | 'maxSeries' | 'maxBytes';

/** That of `maxSamples` is Prometheus' own text. */
const REASONS: Readonly<Record<LimitName, string>> = {
  maxSelectors: 'query has too many selectors',
  maxSamples: 'query processing would load too many samples into memory in query execution',
  maxSeries: 'query processing would read too many series',
  maxBytes: 'query processing would take too much memory',
};

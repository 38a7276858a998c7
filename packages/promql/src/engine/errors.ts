/** A query that is valid but has no answer for the data it met, for instance a many-to-many match. */
export class PromqlExecutionError extends Error {
  override readonly name: string = 'PromqlExecutionError';
}

/** A query that would exceed a limit of the evaluator. */
export class PromqlLimitError extends PromqlExecutionError {
  override readonly name = 'PromqlLimitError';
  readonly limit: string;
  readonly value: number;

  constructor(limit: string, value: number, reason: string) {
    super(`${reason} (limit ${limit} = ${value}); narrow the query or raise ${limit}`);
    this.limit = limit;
    this.value = value;
  }
}

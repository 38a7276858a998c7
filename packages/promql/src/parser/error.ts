/** A query that is not PromQL. The message is Prometheus' own form, `line:column: parse error: …`. */
export class PromqlParseError extends Error {
  override readonly name = 'PromqlParseError';
  /** Offset in the query, in UTF-16 units. */
  readonly position: number;
  readonly line: number;
  readonly column: number;
  /** The message without position. */
  readonly reason: string;

  constructor(reason: string, query: string, position: number) {
    const before = query.slice(0, position);
    const line = before.split('\n').length;
    const column = position - (before.lastIndexOf('\n') + 1) + 1;
    super(`${line}:${column}: parse error: ${reason}`);
    this.reason = reason;
    this.position = position;
    this.line = line;
    this.column = column;
  }
}

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
    const { line, column } = placeOf(query, position);
    super(`${line}:${column}: parse error: ${reason}`);
    this.reason = reason;
    this.position = position;
    this.line = line;
    this.column = column;
  }
}

/** Line and column of an offset, both from 1. */
function placeOf(query: string, position: number): { line: number; column: number } {
  const before = query.slice(0, position);
  const line = before.split('\n').length;
  return { line, column: position - (before.lastIndexOf('\n') + 1) + 1 };
}

/** `line:column` of an offset. */
export function positionText(query: string, position: number): string {
  const { line, column } = placeOf(query, position);
  return `${line}:${column}`;
}
